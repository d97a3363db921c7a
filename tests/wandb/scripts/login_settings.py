"""Logging in and settings come first in most notebooks."""

import wandb

wandb.login()
wandb.setup()
settings = wandb.Settings(project="settings", console="off", silent=True)
with wandb.init(settings=settings, job_type="train") as run:
    assert run.settings.project == run.project == "settings"
    run.log({"a": 1})
