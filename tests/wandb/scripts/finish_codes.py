"""Runs that end well and badly."""

import wandb

for code in (0, 1, 7):
    run = wandb.init(project="pairs", reinit=True)
    run.log({"code": code})
    run.finish(exit_code=code)
