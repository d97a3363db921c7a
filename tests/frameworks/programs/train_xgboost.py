"""A classifier of XGBoost."""

import sys

import numpy as np
import xgboost

if sys.argv[1] == "wandb":
    import wandb
    from wandb.integration.xgboost import WandbCallback as Callback

    wandb.init(project="frameworks")
else:
    import aspara
    from aspara.integrations.xgboost import AsparaCallback as Callback

    aspara.init(project="frameworks")

generator = np.random.default_rng(0)
x = generator.normal(size=(200, 4))
y = (x[:, 0] + x[:, 1] > 0).astype(int)
train, valid = xgboost.DMatrix(x[:150], y[:150]), xgboost.DMatrix(x[150:], y[150:])
xgboost.train(
    {"objective": "binary:logistic", "eval_metric": ["logloss", "auc"], "max_depth": 2},
    train,
    num_boost_round=5,
    evals=[(train, "train"), (valid, "valid")],
    callbacks=[Callback(log_model=True)],
    verbose_eval=False,
)
