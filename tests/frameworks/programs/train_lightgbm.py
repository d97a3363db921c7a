"""A classifier of LightGBM."""

import sys

import lightgbm
import numpy as np

if sys.argv[1] == "wandb":
    import wandb
    from wandb.integration.lightgbm import log_summary
    from wandb.integration.lightgbm import wandb_callback as callback

    wandb.init(project="frameworks")
else:
    import aspara
    from aspara.integrations.lightgbm import aspara_callback as callback
    from aspara.integrations.lightgbm import log_summary

    aspara.init(project="frameworks")

generator = np.random.default_rng(0)
x = generator.normal(size=(200, 4))
y = (x[:, 0] + x[:, 1] > 0).astype(int)
train = lightgbm.Dataset(x[:150], y[:150])
booster = lightgbm.train(
    {"objective": "binary", "metric": ["binary_logloss", "auc"], "num_leaves": 4, "verbose": -1},
    train,
    num_boost_round=5,
    valid_sets=[train, lightgbm.Dataset(x[150:], y[150:], reference=train)],
    valid_names=["train", "valid"],
    callbacks=[callback()],
)
log_summary(booster, save_model_checkpoint=True)
