"""A run that an exception ends."""

import wandb

try:
    with wandb.init(project="failure") as run:
        run.log({"a": 1})
        raise RuntimeError("no")
except RuntimeError:
    pass
assert wandb.run is None
