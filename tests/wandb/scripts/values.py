"""Values of every kind: numbers of numpy, booleans, texts, None, NaN and infinity, nested dicts."""

import numpy as np
import wandb

run = wandb.init(project="values")
run.log({"int": 1, "float": 0.5, "bool": True, "text": "a", "none": None})
run.log({"nan": float("nan"), "inf": float("inf"), "minus": -float("inf")})
run.log(
    {"np": np.float32(0.25), "i64": np.int64(7), "one": np.array(3.0), "train": {"loss": 1.0, "deep": {"acc": 0.5}}}
)
run.log({"short": [1, 2, 3], "array": np.arange(4), "long": np.arange(100.0)})
run.finish()
