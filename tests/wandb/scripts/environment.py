"""What launch scripts set in the environment."""

import os

os.environ.update(
    WANDB_PROJECT="from-env",
    WANDB_NAME="named",
    WANDB_NOTES="noted",
    WANDB_TAGS="a,b",
    WANDB_RUN_ID="abc12345",
    WANDB_RUN_GROUP="group",
    WANDB_JOB_TYPE="eval",
    WANDB_ENTITY="team",
)
import json

import wandb

run = wandb.init()
run.log({"a": 1})
print(json.dumps([run.project, run.name, run.notes, list(run.tags), run.id, run.group, run.job_type]))
run.finish()
