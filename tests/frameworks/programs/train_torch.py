"""Plain PyTorch, a process for each rank."""

import sys

import torch
import torch.distributed as dist

import aspara

dist.init_process_group("gloo")
rank = dist.get_rank()
options = {"group": "ddp"} if sys.argv[1] == "group" else {}
with aspara.init(project="frameworks", **options) as run:
    for _ in range(2):
        loss = torch.tensor(float(rank + 1))
        dist.all_reduce(loss)
        run.log({"loss": loss.item() / dist.get_world_size(), "own": float(rank + 1)})
dist.destroy_process_group()
