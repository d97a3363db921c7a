"""A regression of Lightning under its older name, with validation and test."""

import os
import sys

import torch
from pytorch_lightning import LightningModule, Trainer, seed_everything

if sys.argv[1] == "wandb":
    from pytorch_lightning.loggers import WandbLogger as Logger
else:
    from aspara.integrations.pytorch_lightning import AsparaLogger as Logger


class Line(LightningModule):
    def __init__(self, lr: float = 0.1) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.layer = torch.nn.Linear(2, 1)

    def training_step(self, batch, _):
        loss = self.layer(batch[0]).square().mean()
        self.log("train_loss", loss, on_step=True, on_epoch=True)
        return loss

    def validation_step(self, batch, _):
        self.log("val_loss", self.layer(batch[0]).square().mean())

    def test_step(self, batch, _):
        self.log("test_loss", self.layer(batch[0]).square().mean())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


seed_everything(0, verbose=False)
loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.randn(16, 2)), batch_size=4)
logger = Logger(project="frameworks", log_model=sys.argv[1] != "wandb")
trainer = Trainer(
    max_epochs=2,
    logger=logger,
    log_every_n_steps=2,
    accelerator="cpu",
    devices=int(os.environ.get("DEVICES", "1")),
    enable_progress_bar=False,
    enable_model_summary=False,
)
model = Line()
trainer.fit(model, loader, loader)
trainer.test(model, loader, verbose=False)
