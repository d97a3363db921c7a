"""wandb's charts: each is logged like media, ``log({"roc": plot.roc_curve(y, probabilities)})``, and kept as a Plotly figure."""

from __future__ import annotations

from aspara.compat.plot.charts import bar, histogram, line, line_series, plot_table, scatter
from aspara.compat.plot.curves import confusion_matrix, pr_curve, roc_curve
from aspara.compat.plot.custom_chart import CustomChart, CustomChartSpec, Visualize, visualize

__all__ = [
    "CustomChart",
    "CustomChartSpec",
    "Visualize",
    "bar",
    "confusion_matrix",
    "histogram",
    "line",
    "line_series",
    "plot_table",
    "pr_curve",
    "roc_curve",
    "scatter",
    "visualize",
]
