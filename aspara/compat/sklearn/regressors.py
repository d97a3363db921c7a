"""Charts of regressors."""

from __future__ import annotations

from typing import Any

from aspara.compat.sklearn.models import drawn, log, plot_learning_curve, plot_summary_metrics, sklearn


def plot_residuals(
    regressor: Any = None,
    X: Any = None,  # noqa: N803  scikit-learn's names
    y: Any = None,
) -> None:
    """Logs how far predictions are off, for a training and a test part, as ``residuals``. The model is trained anew."""
    import numpy as np

    X_train, X_test, y_train, y_test = sklearn("model_selection").train_test_split(  # noqa: N806
        np.asarray(X), np.asarray(y).ravel(), test_size=0.2, random_state=0
    )
    model = sklearn("base").clone(regressor).fit(X_train, y_train)
    rows = []
    for dataset, features, truth in (("train", X_train, y_train), ("test", X_test, y_test)):
        guesses = np.asarray(model.predict(features)).ravel()
        rows += [[dataset, float(g), float(g - t)] for g, t in zip(guesses, truth, strict=True)]
    fields = {"x": "y_pred", "y": "residuals", "group": "dataset"}
    log("residuals", drawn("aspara/grouped_points", ["dataset", "y_pred", "residuals"], rows, fields, "Residuals"))


def plot_outlier_candidates(
    regressor: Any = None,
    X: Any = None,  # noqa: N803
    y: Any = None,
) -> None:
    """Logs Cook's distance of each sample, as ``outlier_candidates``: what a fit would change without it."""
    import numpy as np

    features, truth = np.asarray(X, np.float64), np.asarray(y, np.float64).ravel()
    model = sklearn("base").clone(regressor).fit(features, truth)
    residuals = truth - np.asarray(model.predict(features)).ravel()
    count, width = features.shape
    # The diagonal of X (XᵀX)⁺ Xᵀ: how much each sample weighs in its own prediction.
    leverage = np.einsum("ij,ji->i", features, np.linalg.pinv(features))
    error = float(residuals @ residuals) / max(1, count - width)
    distance = residuals**2 / (width * error or 1.0) * leverage / np.maximum((1 - leverage) ** 2, 1e-12)
    limit = 4 / count
    rows = [[i, float(d), "outlier" if d > limit else "sample"] for i, d in enumerate(distance)]
    fields = {"label": "instance", "value": "distance", "group": "kind"}
    columns = ["instance", "distance", "kind"]
    log("outlier_candidates", drawn("aspara/grouped_bars", columns, rows, fields, "Cook's Distance"))


def plot_regressor(
    model: Any,
    X_train: Any,  # noqa: N803
    X_test: Any,  # noqa: N803
    y_train: Any,
    y_test: Any,
    model_name: str = "Regressor",
) -> None:
    """Logs all charts of a regressor."""
    del model_name
    plot_summary_metrics(model, X_train, y_train, X_test, y_test)
    plot_learning_curve(model, X_train, y_train)
    plot_outlier_candidates(model, X_train, y_train)
    plot_residuals(model, X_train, y_train)
