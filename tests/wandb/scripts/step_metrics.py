"""A metric as the x axis of others, with globs and summaries."""

import wandb

run = wandb.init(project="pairs")
wandb.define_metric("epoch")
wandb.define_metric("val/*", step_metric="epoch")
wandb.define_metric("val/loss", step_metric="epoch", summary="min")
wandb.define_metric("val/acc", step_metric="epoch", summary="max,mean")
for epoch in range(4):
    wandb.log({"epoch": epoch, "val/loss": [0.5, 0.25, 0.75, 0.375][epoch], "val/acc": [0.25, 0.5, 0.75, 0.5][epoch]})
wandb.finish()
