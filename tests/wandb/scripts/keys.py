"""Which keys of a config are taken."""

import wandb

config = {"a": 1, "b": 2, "secret": 3}
wandb.init(project="keys", config=config, config_exclude_keys=["secret"], reinit=True).finish()
wandb.init(project="keys", config=config, config_include_keys=["a"], reinit=True).finish()
