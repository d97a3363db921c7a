"""The summary: last values, own ones, nested ones, updates."""

import json

import wandb

run = wandb.init(project="summary")
run.log({"a": 1, "b": 2})
run.log({"a": 3})
wandb.summary["own"] = 0.5
wandb.run.summary.update({"best": {"loss": 0.1, "epoch": 3}, "text": "x"})
wandb.summary.attribute = 7
shown = [run.summary["a"], run.summary["b"], run.summary.get("missing", "no"), run.summary["best"]["loss"]]
print(json.dumps(shown + [wandb.summary.attribute]))
run.summary["a"] = 9
wandb.finish()
