"""Pictures alone, in lists and in a table."""

import numpy as np
import wandb

run = wandb.init(project="pairs")
pixels = np.zeros((8, 8, 3), dtype=np.uint8)
run.log({"one": wandb.Image(pixels, caption="dark"), "several": [wandb.Image(pixels), wandb.Image(pixels + 255)]})
table = wandb.Table(columns=["id", "picture"])
for number in range(2):
    table.add_data(number, wandb.Image(pixels + number))
run.log({"predictions": table})
run.finish()
