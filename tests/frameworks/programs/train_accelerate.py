"""A training with Accelerate's trackers."""

import sys

import torch
from accelerate import Accelerator

if sys.argv[1] == "aspara":
    import aspara.integrations.accelerate  # noqa: F401  registers "aspara"

accelerator = Accelerator(cpu=True, log_with=sys.argv[1])
accelerator.init_trackers("frameworks", config={"lr": 0.1})
layer = torch.nn.Linear(2, 1)
model, optimizer = accelerator.prepare(layer, torch.optim.SGD(layer.parameters(), lr=0.1))
for step in range(4):
    loss = model(torch.ones(4, 2)).square().mean()
    accelerator.backward(loss)
    optimizer.step()
    optimizer.zero_grad()
    accelerator.log({"loss": loss.item()}, step=step)
accelerator.end_training()
