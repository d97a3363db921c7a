"""Runs of one group with job types, one after the other."""

import wandb

for job, score in (("train", 0.5), ("eval", 0.75)):
    run = wandb.init(project="pairs", group="experiment-1", job_type=job, name=f"{job}-1", reinit=True)
    run.log({"score": score})
    run.finish()
