"""The package ``wandb`` of a process that runs with Aspara in wandb's place: importing it gives :mod:`aspara.wandb`."""

import aspara.wandb  # noqa: F401  which puts itself under this name
