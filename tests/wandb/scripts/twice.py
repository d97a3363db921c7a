"""A second init() returns the run there is, and its config is passed over."""

import json

import wandb

first = wandb.init(project="twice", config={"a": 1})
wandb.log({"x": 1})
second = wandb.init(project="other", config={"a": 2, "b": 3})
second.log({"x": 2})
print(json.dumps([first.id == second.id, second.project, dict(second.config), second.step]))
wandb.finish()
