"""Alerts of every level."""

import wandb

run = wandb.init(project="pairs")
for step in range(3):
    wandb.log({"loss": 1.0 / (step + 1)})
wandb.alert("Low accuracy", "It is low.")
run.alert(title="High loss", text="It is high.", level=wandb.AlertLevel.WARN, wait_duration=300)
run.alert("Broken", "It is broken.", level="ERROR")
run.finish()
