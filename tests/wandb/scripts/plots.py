"""The charts of wandb.plot."""

import wandb

run = wandb.init(project="plots")
table = wandb.Table(columns=["label", "value"], data=[["a", 1], ["b", 2]])
wandb.log({"bar": wandb.plot.bar(table, "label", "value", title="Bars")})
points = wandb.Table(columns=["x", "y"], data=[[0, 1.0], [1, 4.0]])
wandb.log({"line": wandb.plot.line(points, "x", "y"), "scatter": wandb.plot.scatter(points, "x", "y")})
wandb.log({"histogram": wandb.plot.histogram(points, "y", title="H")})
wandb.log(
    {
        "series": wandb.plot.line_series(
            xs=[0, 1, 2], ys=[[1, 2, 3], [3, 2, 1]], keys=["up", "down"], title="T", xname="x"
        )
    }
)
wandb.log({"confusion": wandb.plot.confusion_matrix(y_true=[0, 1, 1], preds=[0, 1, 0], class_names=["n", "p"])})
truth, chances = [0, 1, 1, 0], [[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.7, 0.3]]
wandb.log({"pr": wandb.plot.pr_curve(truth, chances, labels=["n", "p"])})
wandb.log({"roc": wandb.plot.roc_curve(truth, chances, labels=["n", "p"])})
wandb.finish()
