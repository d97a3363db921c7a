"""Configs from files: config-defaults.yaml, and one that is named."""

import json

import wandb

with open("config-defaults.yaml", "w") as file:
    file.write("lr:\n  desc: rate\n  value: 0.1\nepochs:\n  value: 5\n")
with open("own.yaml", "w") as file:
    file.write("layers:\n  value: 3\nlr:\n  value: 0.5\n")
run = wandb.init(project="yaml", config="own.yaml")
run.log({"a": 1})
print(json.dumps(dict(run.config), sort_keys=True))
run.finish()
