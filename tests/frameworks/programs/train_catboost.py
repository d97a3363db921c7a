"""A classifier of CatBoost."""

import sys

import catboost
import numpy as np

if sys.argv[1] == "wandb":
    import wandb
    from wandb.integration.catboost import WandbCallback as Callback
    from wandb.integration.catboost import log_summary

    wandb.init(project="frameworks")
else:
    import aspara
    from aspara.integrations.catboost import AsparaCallback as Callback
    from aspara.integrations.catboost import log_summary

    aspara.init(project="frameworks")

generator = np.random.default_rng(0)
x = generator.normal(size=(200, 4))
y = (x[:, 0] + x[:, 1] > 0).astype(int)
model = catboost.CatBoostClassifier(iterations=5, depth=2, random_seed=0, allow_writing_files=False, verbose=False)
model.fit(x[:150], y[:150], eval_set=(x[150:], y[150:]), callbacks=[Callback()])
log_summary(model, save_model_checkpoint=True)
