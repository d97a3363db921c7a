"""A training by Lightning's Fabric."""

import sys

import torch
from lightning import Fabric

if sys.argv[1] == "wandb":
    from lightning.pytorch.loggers import WandbLogger as Logger
else:
    from aspara.integrations.lightning import AsparaLogger as Logger

fabric = Fabric(accelerator="cpu", loggers=Logger(project="frameworks"))
layer = torch.nn.Linear(2, 1)
model, optimizer = fabric.setup(layer, torch.optim.SGD(layer.parameters(), lr=0.1))
for step in range(3):
    loss = model(torch.ones(4, 2)).square().mean()
    fabric.backward(loss)
    optimizer.step()
    optimizer.zero_grad()
    fabric.log_dict({"loss": loss, "lr": 0.1}, step=step)
