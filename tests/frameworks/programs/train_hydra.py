"""A multirun of Hydra, which nobody has an integration of but Aspara."""

import os
import sys
import tempfile

import hydra
from omegaconf import OmegaConf

import aspara

folder = tempfile.mkdtemp()
with open(os.path.join(folder, "config.yaml"), "w") as file:
    file.write("lr: 0.3\ntwice: ${lr}\nwhere: ${hydra:job.name}\nmissing: ???\n")


@hydra.main(config_path=folder, config_name="config", version_base=None)
def main(config):
    assert OmegaConf.is_config(config)
    for step in range(3):
        aspara.log({"loss": config.lr * step})
    if config.lr == 0.2:
        raise ValueError("the second job fails")


sys.argv[1:] = [
    "-m",
    "lr=0.1,0.2",
    f"hydra.sweep.dir={folder}/sweep",
    "+hydra.callbacks.aspara._target_=aspara.integrations.hydra.AsparaCallback",
    "+hydra.callbacks.aspara.project=frameworks",
]
main()
