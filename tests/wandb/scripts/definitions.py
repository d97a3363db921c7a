"""define_metric: aggregates in the summary, step metrics, globs."""

import json

import wandb

run = wandb.init(project="definitions")
wandb.define_metric("epoch")
wandb.define_metric("val/*", step_metric="epoch")
wandb.define_metric("loss", summary="min")
wandb.define_metric("acc", summary="max,mean")
wandb.define_metric("hidden", summary="none")
for epoch, (loss, acc) in enumerate([(0.5, 0.1), (0.2, 0.9), (0.3, 0.8)]):
    wandb.log({"epoch": epoch, "loss": loss, "acc": acc, "hidden": 1, "val/loss": loss * 2})
print(json.dumps([run.summary["loss"]["min"], run.summary["acc"]["max"], run.summary.loss.min]))
wandb.finish()
