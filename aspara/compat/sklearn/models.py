"""Charts of any model, and what they are all made with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from aspara.compat.plot.custom_chart import CustomChart, chart
from aspara.errors import UsageError
from aspara.media.table import Table
from aspara.recording import registry


def sklearn(module: str) -> Any:
    """A module of scikit-learn's; raises UsageError where it is not installed."""
    try:
        return import_module(f"sklearn.{module}")
    except ImportError:
        raise UsageError(
            "The chart is made with scikit-learn, which is not installed: pip install scikit-learn."
        ) from None


def drawn(
    name: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    fields: Mapping[str, Any],
    title: str,
) -> CustomChart:
    """A chart of a table that is made for it."""
    table = Table(columns=list(columns), data=[list(row) for row in rows], allow_mixed_types=True)
    return chart(name, table, fields, {"title": title}, split=False)


def log(key: str, value: Any) -> None:
    """Logs a chart to the active run."""
    registry.required(f"sklearn.plot_{key}()").log({key: value})


def plot_learning_curve(
    model: Any = None,
    X: Any = None,  # noqa: N803  scikit-learn's names
    y: Any = None,
    cv: Any = None,
    shuffle: bool = False,
    random_state: Any = None,
    train_sizes: Any = None,
    n_jobs: int = 1,
    scoring: Any = None,
) -> None:
    """Logs how good the model is after how many samples, as ``learning_curve``. The model is trained anew for it."""
    import numpy as np

    sizes, train, test = sklearn("model_selection").learning_curve(
        sklearn("base").clone(model),
        X,
        y,
        cv=cv,
        n_jobs=n_jobs,
        train_sizes=np.linspace(0.1, 1.0, 5) if train_sizes is None else train_sizes,
        scoring=scoring,
        shuffle=shuffle,
        random_state=random_state,
    )
    rows = []
    for size, trained, tested in zip(sizes, np.nanmean(train, axis=1), np.nanmean(test, axis=1), strict=True):
        rows += [["train", round(float(trained), 2), int(size)], ["test", round(float(tested), 2), int(size)]]
    fields = {"x": "train_size", "y": "score", "stroke": "dataset"}
    log("learning_curve", drawn("wandb/line/v0", ["dataset", "score", "train_size"], rows, fields, "Learning Curve"))


def plot_summary_metrics(
    model: Any = None,
    X: Any = None,  # noqa: N803
    y: Any = None,
    X_test: Any = None,  # noqa: N803
    y_test: Any = None,
) -> None:
    """Trains the model and logs its scores on the test set, as ``summary_metrics``."""
    base, metrics = sklearn("base"), sklearn("metrics")
    fitted = base.clone(model).fit(X, y)
    guesses = fitted.predict(X_test)
    if base.is_classifier(fitted):
        scores = {"accuracy_score": metrics.accuracy_score(y_test, guesses)}
        for name, score in (
            ("precision", metrics.precision_score),
            ("recall", metrics.recall_score),
            ("f1_score", metrics.f1_score),
        ):
            scores[name] = score(y_test, guesses, average="weighted", zero_division=0)
    else:
        scores = {
            "mae": metrics.mean_absolute_error(y_test, guesses),
            "mse": metrics.mean_squared_error(y_test, guesses),
            "r2_score": metrics.r2_score(y_test, guesses),
        }
    rows = [[name, round(float(score), 2), type(model).__name__] for name, score in scores.items()]
    columns = ["metric_name", "metric_value", "model_name"]
    fields = {"label": "metric_name", "value": "metric_value"}
    log("summary_metrics", drawn("wandb/bar/v0", columns, rows, fields, "Summary Metrics"))
