"""A training loop with a config, as the first page of every manual has it."""

import wandb

run = wandb.init(project="basic", config={"lr": 0.1, "epochs": 4, "name": "net"})
loss = 1.0
for epoch in range(wandb.config.epochs):
    loss *= 1 - wandb.config["lr"]
    wandb.log({"epoch": epoch, "loss": loss, "acc": 1 - loss})
run.summary["best"] = loss
wandb.finish()
