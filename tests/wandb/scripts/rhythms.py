"""A long loop with two rhythms: a metric at every step and one at every tenth."""

import wandb

config = {"batch": 32, "model": {"layers": [64, 32], "name": "mlp"}, "schedule": None, "amp": True}
with wandb.init(project="pairs", config=config, tags=["sweep", "baseline"]) as run:
    for step in range(50):
        row = {"train/loss": 1.0 / (step + 1)}
        if step % 10 == 9:
            row["val/loss"] = 2.0 / (step + 1)
        run.log(row)
    run.summary["best"] = 2.0 / 50
