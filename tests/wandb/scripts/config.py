"""Configs: a Namespace, updates, defaults, nested dicts, objects and functions, itself."""

import argparse
import json

import numpy as np
import wandb

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--layers", type=int, default=3)
run = wandb.init(project="config", config=parser.parse_args([]))
wandb.config.update({"model": {"width": 8, "act": "relu"}, "sizes": (1, 2), "np": np.float32(0.5)})
wandb.config.setdefaults({"lr": 5.0, "new": True})
wandb.config.dropout = 0.25
wandb.config["none"] = None
wandb.config.update({"function": len})
wandb.config.update(wandb.config, allow_val_change=True)
print(
    json.dumps(
        [
            wandb.config.lr,
            wandb.config["layers"],
            "new" in wandb.config,
            wandb.config.get("absent"),
            sorted(wandb.config.keys()),
            wandb.config.model["width"],
            dict(wandb.config)["dropout"],
        ]
    )
)
wandb.finish()
