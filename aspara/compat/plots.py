"""wandb's older names of charts; each gives a chart to be logged."""

from __future__ import annotations

from typing import Any

from aspara.compat.plot.curves import pr_curve, roc_curve


def ROC(  # noqa: N802  wandb's name
    y_true: Any = None,
    y_probas: Any = None,
    labels: Any = None,
    plot_micro: bool = True,
    plot_macro: bool = True,
    classes_to_plot: Any = None,
) -> Any:
    """The receiver operating characteristic; see :func:`aspara.plot.roc_curve`."""
    del plot_micro, plot_macro
    return roc_curve(y_true, y_probas, labels, classes_to_plot)


def precision_recall(
    y_true: Any = None, y_probas: Any = None, labels: Any = None, plot_micro: bool = True, classes_to_plot: Any = None
) -> Any:
    """Precision over recall; see :func:`aspara.plot.pr_curve`."""
    del plot_micro
    return pr_curve(y_true, y_probas, labels, classes_to_plot)
