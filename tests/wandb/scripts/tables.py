"""Tables of rows, of a frame, with a column added."""

import json

import pandas as pd
import wandb

run = wandb.init(project="pairs")
table = wandb.Table(columns=["a", "b"], data=[[1, "x"], [2, "y"]])
table.add_column("c", [0.5, 1.5])
run.log({"rows": table})
frame = wandb.Table(dataframe=pd.DataFrame({"u": [1, 2], "v": [3.0, 4.0]}))
run.log({"frame": frame})
print(json.dumps([table.columns, table.data, frame.columns, [int(row[0]) for row in frame.data]]))
run.finish()
