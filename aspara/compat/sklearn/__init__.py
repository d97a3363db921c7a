"""Charts of scikit-learn's models, logged to the active run; scikit-learn is imported when one is drawn."""

from __future__ import annotations

from aspara.compat.sklearn.classifiers import (
    plot_calibration_curve,
    plot_class_proportions,
    plot_classifier,
    plot_confusion_matrix,
    plot_feature_importances,
    plot_precision_recall,
    plot_roc,
)
from aspara.compat.sklearn.clusterers import plot_clusterer, plot_elbow_curve, plot_silhouette
from aspara.compat.sklearn.models import plot_learning_curve, plot_summary_metrics
from aspara.compat.sklearn.regressors import plot_outlier_candidates, plot_regressor, plot_residuals

__all__ = [
    "plot_calibration_curve",
    "plot_class_proportions",
    "plot_classifier",
    "plot_clusterer",
    "plot_confusion_matrix",
    "plot_elbow_curve",
    "plot_feature_importances",
    "plot_learning_curve",
    "plot_outlier_candidates",
    "plot_precision_recall",
    "plot_regressor",
    "plot_residuals",
    "plot_roc",
    "plot_silhouette",
    "plot_summary_metrics",
]
