"""Data frames, and tables made of them."""

import json

import pandas as pd
import wandb

run = wandb.init(project="frames")
frame = pd.DataFrame({"x": [1, 2, 3], "y": [0.5, 0.25, 0.125], "name": ["a", "b", "c"]})
table = wandb.Table(dataframe=frame)
run.log({"table": table})
run.log({"frame": frame})
print(json.dumps([table.columns, table.data, table.get_column("x"), len(table.get_dataframe())], default=int))
run.finish()
