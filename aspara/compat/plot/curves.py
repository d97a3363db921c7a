"""What a classifier is worth: confusion matrix, precision over recall, and the receiver operating characteristic.

Curves are made as scikit-learn's ``precision_recall_curve`` and ``roc_curve`` make them, of every class against the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from aspara.compat.plot.custom_chart import CustomChart, chart
from aspara.errors import UsageError
from aspara.media.table import Table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def confusion_matrix(
    probs: Sequence[Sequence[float]] | None = None,
    y_true: Sequence[Any] | None = None,
    preds: Sequence[Any] | None = None,
    class_names: Sequence[str] | None = None,
    title: str = "Confusion Matrix Curve",
    split_table: bool = False,
) -> CustomChart:
    """How often which class was taken for which.

    Args:
        probs: The probability of each class, a row for each sample.
        y_true: The true classes.
        preds: The predicted classes, instead of `probs`.
        class_names: The names of the classes; by default ``Class_1``, ``Class_2``, …
        title: The title.
        split_table: Accepted for wandb's sake.

    """
    import numpy as np

    if (probs is None) == (preds is None) or y_true is None:
        raise UsageError("confusion_matrix() takes y_true, and either probs or preds.")
    truth = np.asarray(y_true).ravel()
    guesses = np.asarray(probs).argmax(axis=1) if probs is not None else np.asarray(preds).ravel()
    if len(truth) != len(guesses):
        raise UsageError(f"y_true has {len(truth)} samples and the predictions {len(guesses)}.")
    there = sorted({*truth.tolist(), *guesses.tolist()})
    if class_names is not None:
        names = [str(name) for name in class_names]
        # Classes by their numbers, so that one which nobody has keeps its row; other ones in their order.
        numbered = all(isinstance(c, int) and 0 <= c < len(names) for c in there)
        classes = list(range(len(names))) if numbered else there
        if len(classes) > len(names):
            raise UsageError(f"There are {len(classes)} classes, and class_names names {len(names)}.")
    else:
        classes = there
        names = [f"Class_{i + 1}" for i in range(len(classes))]
    place = {value: position for position, value in enumerate(classes)}
    counts = np.zeros((len(names), len(names)))
    for a, p in zip(truth.tolist(), guesses.tolist(), strict=True):
        counts[place[a], place[p]] += 1
    rows = [[a, p, float(counts[i, j])] for i, a in enumerate(names) for j, p in enumerate(names)]
    fields = {"Actual": "Actual", "Predicted": "Predicted", "nPredictions": "nPredictions"}
    table = Table(columns=["Actual", "Predicted", "nPredictions"], data=rows)
    return chart("wandb/confusion_matrix/v1", table, fields, {"title": title}, split_table)


def pr_curve(
    y_true: Iterable[Any] | None = None,
    y_probas: Iterable[Any] | None = None,
    labels: list[str] | None = None,
    classes_to_plot: list[Any] | None = None,
    interp_size: int = 21,
    title: str = "Precision-Recall Curve",
    split_table: bool = False,
) -> CustomChart | None:
    """Precision over recall, a curve for each class, at `interp_size` recalls from 1 to 0.

    Args:
        y_true: The true classes.
        y_probas: The probability of each class, a row for each sample.
        labels: The names of the classes.
        classes_to_plot: Those to be drawn; by default all.
        interp_size: How many points a curve has.
        title: The title.
        split_table: Accepted for wandb's sake.

    """
    import numpy as np

    rows = []
    for name, positive, scores in _classes(y_true, y_probas, labels, classes_to_plot):
        _, true, false = _counts(positive, scores)
        found = true + false
        precision = np.divide(true, found, out=np.zeros_like(true), where=found > 0)
        recall = true / true[-1] if true[-1] else np.ones_like(true)
        recall, precision = np.concatenate([[0.0], recall]), np.concatenate([[1.0], precision])
        wanted = np.linspace(0, 1, interp_size)[::-1]
        # The first threshold that reaches the recall is the one with the best precision at it.
        at = np.minimum(np.searchsorted(recall, wanted, side="left"), len(recall) - 1)
        rows += [[name, round(float(p), 3), round(float(r), 3)] for p, r in zip(precision[at], wanted, strict=True)]
    table = Table(columns=["class", "precision", "recall"], data=rows)
    texts = {"title": title, "x-axis-title": "Recall", "y-axis-title": "Precision"}
    fields = {"x": "recall", "y": "precision", "class": "class"}
    return chart("wandb/area-under-curve/v0", table, fields, texts, split_table)


def roc_curve(
    y_true: Iterable[Any],
    y_probas: Iterable[Any] | None = None,
    labels: list[str] | None = None,
    classes_to_plot: list[Any] | None = None,
    title: str = "ROC Curve",
    split_table: bool = False,
) -> CustomChart | None:
    """The rate of true positives over that of false ones, a curve for each class; arguments as of :func:`pr_curve`."""
    import numpy as np

    rows = []
    for name, positive, scores in _classes(y_true, y_probas, labels, classes_to_plot):
        _, true, false = _counts(positive, scores)
        if len(true) > 2:
            # Points in the middle of a straight line show nothing.
            bends = np.concatenate([[True], (np.diff(false, 2) != 0) | (np.diff(true, 2) != 0), [True]])
            true, false = true[bends], false[bends]
        true, false = np.concatenate([[0.0], true]), np.concatenate([[0.0], false])
        true = true / true[-1] if true[-1] else np.zeros_like(true)
        false = false / false[-1] if false[-1] else np.zeros_like(false)
        rows += [[name, round(float(f), 3), round(float(t), 3)] for f, t in zip(false, true, strict=True)]
    table = Table(columns=["class", "fpr", "tpr"], data=rows)
    texts = {"title": title, "x-axis-title": "False positive rate", "y-axis-title": "True positive rate"}
    fields = {"x": "fpr", "y": "tpr", "class": "class"}
    return chart("wandb/area-under-curve/v0", table, fields, texts, split_table)


def _classes(
    y_true: Any, y_probas: Any, labels: Sequence[str] | None, wanted: Sequence[Any] | None
) -> list[tuple[str, Array, Array]]:
    """(name, whether each sample is of it, how likely each is) for each class."""
    import numpy as np

    if y_true is None or y_probas is None:
        raise UsageError("The curve needs y_true, and y_probas: the probability of each class for each sample.")
    truth, chances = np.asarray(_listed(y_true)), np.asarray(_listed(y_probas), np.float64)
    if chances.ndim == 1:
        chances = np.column_stack([1 - chances, chances])
    if chances.ndim != 2 or len(truth) != len(chances):
        raise UsageError(f"y_true has {len(truth)} samples; y_probas is {chances.shape}, and not a row for each.")
    classes = np.unique(truth)
    if len(classes) < chances.shape[1] and np.issubdtype(truth.dtype, np.integer):
        # Not every class occurs: they are known by their columns.
        classes = np.arange(chances.shape[1])
    found = []
    for position, value in enumerate(classes[: chances.shape[1]]):
        if wanted is not None and value not in wanted:
            continue
        name = str(value)
        if labels is not None and position < len(labels):
            name = str(labels[position])
        found.append((name, (truth == value).astype(np.float64), chances[:, position]))
    return found


def _listed(values: Any) -> Any:
    if hasattr(values, "detach"):
        values = values.detach().cpu().numpy()
    return values if hasattr(values, "shape") else list(values)


def _counts(positive: Array, scores: Array) -> tuple[Array, Array, Array]:
    """Thresholds from high to low, and how many true and false positives each lets through."""
    import numpy as np

    order = np.argsort(-scores, kind="mergesort")
    positive, scores = positive[order], scores[order]
    last = np.concatenate([np.flatnonzero(np.diff(scores)), [len(scores) - 1]]) if len(scores) else np.array([], int)
    true = np.cumsum(positive)[last]
    return scores[last], true, 1 + last - true
