"""What is refused, and by which errors."""

import json

import wandb
from wandb.errors import CommError, UsageError  # noqa: F401

caught = []


def refused(call):
    try:
        call()
    except wandb.Error as error:
        caught.append("TypeError" if isinstance(error, TypeError) else "Error")
    except TypeError:
        caught.append("TypeError")
    else:
        caught.append(None)


refused(lambda: wandb.log({"a": 1}))
refused(lambda: wandb.config.lr)
refused(lambda: wandb.summary["a"])
run = wandb.init(project="errors")
refused(lambda: wandb.log([1]))
refused(lambda: wandb.log(None))
refused(lambda: run.log("text"))
run.log({"a": 1})
run.finish()
refused(lambda: run.log({"a": 2}))
refused(lambda: wandb.log({"a": 2}))
wandb.finish()
wandb.termlog("line")
wandb.termwarn("warning", repeat=False)
wandb.termerror("error")
print(json.dumps(caught))
