"""Charts of a table: bars, lines, points, and several lines at once."""

import wandb

run = wandb.init(project="pairs")
table = wandb.Table(columns=["name", "value"], data=[["a", 1.0], ["b", 2.0]])
run.log({"bars": wandb.plot.bar(table, "name", "value", title="Bars")})
points = wandb.Table(columns=["x", "y"], data=[[0, 1.0], [1, 0.5]])
run.log({"line": wandb.plot.line(points, "x", "y"), "points": wandb.plot.scatter(points, "x", "y")})
run.log({"lines": wandb.plot.line_series(xs=[0, 1], ys=[[1, 2], [3, 4]], keys=["u", "v"], title="Lines", xname="t")})
run.finish()
