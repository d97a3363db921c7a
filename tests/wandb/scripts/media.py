"""Media: pictures, lists of them, histograms, pages, sounds, tables with pictures."""

import wave

import numpy as np
import wandb

run = wandb.init(project="media")
pixels = np.zeros((8, 8, 3), np.uint8)
run.log({"picture": wandb.Image(pixels, caption="black"), "loss": 1.0})
run.log({"pictures": [wandb.Image(pixels), wandb.Image(pixels)]})
run.log({"histogram": wandb.Histogram(np.arange(10.0)), "page": wandb.Html("<p>hello</p>")})
with wave.open("sound.wav", "wb") as file:
    file.setparams((1, 2, 8000, 0, "NONE", ""))
    file.writeframes(bytes(800))
run.log({"sound": wandb.Audio("sound.wav", caption="silence")})
table = wandb.Table(columns=["id", "picture", "guess"])
for i in range(3):
    table.add_data(i, wandb.Image(pixels), i % 2)
run.log({"table": table})
masks = {"truth": {"mask_data": np.zeros((8, 8), int), "class_labels": {0: "none"}}}
classes = wandb.Classes([{"id": 0, "name": "none"}])
run.log({"masked": wandb.Image(pixels, masks=masks, classes=classes)})
run.log({"cloud": wandb.Object3D(np.zeros((5, 3)))})
wandb.finish()
