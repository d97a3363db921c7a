"""Files that are saved with the run."""

import os

import wandb

os.makedirs("ckpt", exist_ok=True)
with open("ckpt/model.txt", "w") as file:
    file.write("weights")
run = wandb.init(project="saved")
wandb.save("ckpt/*.txt", base_path="ckpt")
with open(os.path.join(run.dir, "note.txt"), "w") as file:
    file.write("n")
run.log({"a": 1})
run.finish()
