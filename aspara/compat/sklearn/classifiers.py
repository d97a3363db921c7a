"""Charts of classifiers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from aspara.compat.plot.curves import pr_curve, roc_curve
from aspara.compat.sklearn.models import drawn, log, plot_learning_curve, plot_summary_metrics, sklearn
from aspara.util.messages import say


def plot_roc(
    y_true: Any = None,
    y_probas: Any = None,
    labels: Any = None,
    plot_micro: bool = True,
    plot_macro: bool = True,
    classes_to_plot: Any = None,
) -> None:
    """Logs the receiver operating characteristic of each class, as ``roc``."""
    del plot_micro, plot_macro
    log("roc", roc_curve(y_true, y_probas, labels, classes_to_plot))


def plot_precision_recall(
    y_true: Any = None, y_probas: Any = None, labels: Any = None, plot_micro: bool = True, classes_to_plot: Any = None
) -> None:
    """Logs precision over recall of each class, as ``precision_recall``."""
    del plot_micro
    log("precision_recall", pr_curve(y_true, y_probas, labels, classes_to_plot))


def plot_confusion_matrix(
    y_true: Any = None,
    y_pred: Any = None,
    labels: Sequence[Any] | None = None,
    true_labels: Any = None,
    pred_labels: Any = None,
    normalize: bool = False,
) -> None:
    """Logs which class was taken for which, as ``confusion_matrix``; with `normalize` as shares of each true class."""
    import numpy as np

    classes = np.unique(np.concatenate([np.asarray(y_true).ravel(), np.asarray(y_pred).ravel()]))
    matrix = sklearn("metrics").confusion_matrix(
        y_true, y_pred, labels=classes, normalize="true" if normalize else None
    )
    names = [str(label) for label in labels] if labels is not None and len(labels) >= len(classes) else None
    by_class = {value: names[i] if names else str(value) for i, value in enumerate(classes.tolist())}
    shown_true = [c for c in classes.tolist() if true_labels is None or c in true_labels]
    shown_guessed = [c for c in classes.tolist() if pred_labels is None or c in pred_labels]
    place = {value: i for i, value in enumerate(classes.tolist())}
    rows = [
        [by_class[guess], by_class[true], _count(matrix[place[true], place[guess]])]
        for true in shown_true
        for guess in shown_guessed
    ]
    fields = {"Actual": "Actual", "Predicted": "Predicted", "nPredictions": "Count"}
    columns = ["Predicted", "Actual", "Count"]
    log("confusion_matrix", drawn("wandb/confusion_matrix/v1", columns, rows, fields, "Confusion Matrix"))


def plot_feature_importances(
    model: Any = None, feature_names: Any = None, title: str = "Feature Importance", max_num_features: int = 50
) -> None:
    """Logs how much each feature counts, the most important first, as ``feature_importances``."""
    import numpy as np

    found = getattr(model, "feature_importances_", None)
    if found is None:
        found = getattr(model, "coef_", None)
    if found is None:
        say(f"A {type(model).__name__} tells no importance of features; feature_importances is not logged.")
        return
    values = np.asarray(found, np.float64)
    if values.ndim > 1:
        values = np.abs(values).mean(axis=0)
    names = [str(i) for i in range(len(values))] if feature_names is None else [str(n) for n in feature_names]
    order = np.argsort(-values, kind="mergesort")[:max_num_features]
    rows = [[names[i], float(values[i])] for i in order]
    fields = {"label": "feature_names", "value": "importances"}
    log("feature_importances", drawn("wandb/bar/v0", ["feature_names", "importances"], rows, fields, title))


def plot_class_proportions(y_train: Any = None, y_test: Any = None, labels: Sequence[Any] | None = None) -> None:
    """Logs how many samples of each class there are to train and to test, as ``class_proportions``."""
    import numpy as np

    counts = [
        ("train", Counter(np.asarray(y_train).ravel().tolist())),
        ("test", Counter(np.asarray(y_test).ravel().tolist())),
    ]
    classes = sorted({value for _, found in counts for value in found})
    rows = []
    for position, value in enumerate(classes):
        name = str(labels[position]) if labels is not None and position < len(labels) else str(value)
        rows += [[name, dataset, found[value]] for dataset, found in counts]
    fields = {"label": "class", "value": "count", "group": "dataset"}
    columns = ["class", "dataset", "count"]
    log("class_proportions", drawn("aspara/grouped_bars", columns, rows, fields, "Class Proportions"))


def plot_calibration_curve(
    clf: Any = None,
    X: Any = None,  # noqa: N803  scikit-learn's names
    y: Any = None,
    clf_name: str = "Classifier",
) -> None:
    """Logs how often a probability comes true, of a binary classifier as it is and calibrated, as ``calibration_curve``."""
    import numpy as np

    calibration = sklearn("calibration")
    base = sklearn("base")
    truth = np.asarray(y).ravel()
    rows: list[list[Any]] = [["Perfectly calibrated", 0.0, 0.0], ["Perfectly calibrated", 1.0, 1.0]]
    plain = base.clone(clf)
    folds = min(2, *np.bincount(np.unique(truth, return_inverse=True)[1])) if len(truth) else 0
    models = [(clf_name, plain)]
    if folds >= 2:
        models += [
            (f"{clf_name} + {method}", calibration.CalibratedClassifierCV(base.clone(clf), cv=2, method=method))
            for method in ("isotonic", "sigmoid")
        ]
    for name, model in models:
        model.fit(X, truth)
        chances = model.predict_proba(X)[:, 1] if hasattr(model, "predict_proba") else model.decision_function(X)
        if not hasattr(model, "predict_proba"):
            chances = (chances - chances.min()) / (chances.max() - chances.min())
        positives, predicted = calibration.calibration_curve(truth, chances, n_bins=10)
        rows += [[name, float(p), float(f)] for p, f in zip(predicted, positives, strict=True)]
    fields = {"x": "mean_predicted_value", "y": "fraction_of_positives", "stroke": "model"}
    columns = ["model", "mean_predicted_value", "fraction_of_positives"]
    log("calibration_curve", drawn("wandb/line/v0", columns, rows, fields, "Calibration Curve"))


def plot_classifier(
    model: Any,
    X_train: Any,  # noqa: N803
    X_test: Any,  # noqa: N803
    y_train: Any,
    y_test: Any,
    y_pred: Any,
    y_probas: Any,
    labels: Any,
    is_binary: bool = False,
    model_name: str = "Classifier",
    feature_names: Any = None,
    log_learning_curve: bool = False,
) -> None:
    """Logs all charts of a classifier."""
    plot_feature_importances(model, feature_names)
    if log_learning_curve:
        plot_learning_curve(model, X_train, y_train)
    plot_confusion_matrix(y_test, y_pred, labels)
    plot_summary_metrics(model, X_train, y_train, X_test, y_test)
    plot_class_proportions(y_train, y_test, labels)
    if is_binary:
        plot_calibration_curve(model, X_train, y_train, model_name)
    if y_probas is not None:
        plot_roc(y_test, y_probas, labels)
        plot_precision_recall(y_test, y_probas, labels)


def _count(value: Any) -> int | float:
    return float(value) if float(value) % 1 else int(value)
