"""A disabled run takes every call."""

import json

import wandb

run = wandb.init(mode="disabled", project="disabled", config={"a": 1})
wandb.log({"loss": 0.5})
run.log({"loss": 0.25})
run.config.update({"b": 2})
run.alert("title", "text")
run.log_code(".")
run.save("nothing.txt")
wandb.watch([])
artifact = run.log_artifact(wandb.Artifact("a", type="b"))
print(json.dumps([run.disabled, run.config["a"], run.summary["loss"], run.name.startswith("dummy-")]))
wandb.finish()
