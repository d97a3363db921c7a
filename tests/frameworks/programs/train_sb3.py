"""A policy trained by Stable-Baselines3. wandb's callback logs by TensorBoard's writer alone."""

import sys

import gymnasium
import numpy as np
from stable_baselines3 import PPO


class Walk(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(-1, 1, (2,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        self.count = 0
        return np.zeros(2, np.float32), {}

    def step(self, action):
        self.count += 1
        return np.full(2, self.count / 10, np.float32), float(action), self.count == 8, False, {}


if sys.argv[1] == "wandb":
    import wandb
    from wandb.integration.sb3 import WandbCallback as Callback

    wandb.init(project="frameworks", sync_tensorboard=True)
    log = "logs"
else:
    import aspara
    from aspara.integrations.sb3 import AsparaCallback as Callback

    aspara.init(project="frameworks")
    log = None

model = PPO("MlpPolicy", Walk(), n_steps=16, batch_size=8, n_epochs=1, seed=0, device="cpu", tensorboard_log=log)
model.learn(64, callback=Callback(model_save_path="model"))
