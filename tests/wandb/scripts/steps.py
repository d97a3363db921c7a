"""Steps and commits: given steps, steps that several calls share, and jumps."""

import json

import wandb

run = wandb.init(project="steps")
steps = [run.step]
wandb.log({"a": 1})
steps.append(run.step)
wandb.log({"b": 2}, commit=False)
wandb.log({"c": 3})
steps.append(run.step)
wandb.log({"a": 4}, step=10)
wandb.log({"d": 5}, step=10)
steps.append(run.step)
wandb.log({"e": 6})
steps.append(run.step)
wandb.log({"a": 7}, step=20, commit=True)
wandb.log({"a": 8})
steps.append(run.step)
wandb.finish()
print(json.dumps(steps))
