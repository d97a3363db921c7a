"""A training by Ignite, with an evaluator."""

import sys

import torch
from ignite.engine import Engine, Events
from ignite.metrics import Average

if sys.argv[1] == "wandb":
    from ignite.handlers.wandb_logger import WandBLogger as Logger
else:
    from aspara.integrations.ignite import AsparaLogger as Logger

layer = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)


def step(engine, batch):
    optimizer.zero_grad()
    loss = layer(batch).square().mean()
    loss.backward()
    optimizer.step()
    return loss.item()


trainer, evaluator = Engine(step), Engine(lambda engine, batch: layer(batch).square().mean().item())
Average().attach(evaluator, "mean")
trainer.add_event_handler(Events.EPOCH_COMPLETED, lambda: evaluator.run([torch.ones(4, 2)]))
logger = Logger(project="frameworks")
logger.attach_output_handler(
    trainer, Events.ITERATION_COMPLETED, tag="training", output_transform=lambda loss: {"loss": loss}
)
logger.attach_opt_params_handler(trainer, Events.ITERATION_COMPLETED(every=2), optimizer=optimizer)
logger.attach_output_handler(
    evaluator,
    Events.COMPLETED,
    tag="validation",
    metric_names=["mean"],
    global_step_transform=lambda *_: trainer.state.iteration,
)
trainer.run([torch.ones(4, 2)] * 3, max_epochs=2)
logger.close()
