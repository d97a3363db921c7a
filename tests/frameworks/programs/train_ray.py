"""Two trials of Ray Tune."""

import os
import sys

os.environ["RAY_TRAIN_V2_ENABLED"] = "0"
import ray
from ray import tune

if sys.argv[1] == "wandb":
    from ray.air.integrations.wandb import WandbLoggerCallback as Callback
else:
    from aspara.integrations.ray import AsparaLoggerCallback as Callback


def train(config):
    for step in range(3):
        tune.report({"loss": config["lr"] * step, "nested": {"a": 1}})


ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
tune.Tuner(
    train,
    param_space={"lr": tune.grid_search([0.1, 0.2])},
    run_config=tune.RunConfig(
        name="search", storage_path=os.path.abspath("results"), callbacks=[Callback(project="frameworks")], verbose=0
    ),
).fit()
