"""Charts of clusterings."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from aspara.compat.sklearn.models import drawn, log, sklearn


def plot_elbow_curve(
    clusterer: Any = None,
    X: Any = None,  # noqa: N803  scikit-learn's names
    cluster_ranges: Sequence[int] | None = None,
    n_jobs: int = 1,
    show_cluster_time: bool = True,
) -> None:
    """Logs the error of clusterings into more and more clusters, as ``elbow_curve``. A model is trained for each."""
    del n_jobs, show_cluster_time
    import numpy as np

    samples = np.asarray(X)
    rows = []
    for count in sorted(cluster_ranges) if cluster_ranges is not None else range(1, 10, 2):
        if count > len(samples):
            break
        model = sklearn("base").clone(clusterer).set_params(n_clusters=count)
        began = time.perf_counter()
        error = -float(model.fit(samples).score(samples))
        rows.append([int(count), error, time.perf_counter() - began])
    columns = ["cluster_ranges", "errors", "clustering_time"]
    fields = {"x": "cluster_ranges", "y": "errors", "stroke": None}
    log("elbow_curve", drawn("wandb/line/v0", columns, rows, fields, "Elbow Curve"))


def plot_silhouette(
    clusterer: Any = None,
    X: Any = None,  # noqa: N803
    cluster_labels: Any = None,
    labels: Sequence[Any] | None = None,
    metric: str = "euclidean",
    kmeans: bool = True,
) -> None:
    """Logs how well each sample lies in its cluster, as ``silhouette_plot``."""
    del kmeans
    import numpy as np

    samples = np.asarray(X)
    found = np.asarray(
        sklearn("base").clone(clusterer).fit_predict(samples) if cluster_labels is None else cluster_labels
    )
    values = sklearn("metrics").silhouette_samples(samples, found, metric=metric)
    rows: list[list[Any]] = []
    for position, cluster in enumerate(np.unique(found).tolist()):
        name = str(labels[position]) if labels is not None and position < len(labels) else str(cluster)
        for value in np.sort(values[found == cluster])[::-1]:
            rows.append([len(rows), float(value), name])
    fields = {"label": "sample", "value": "silhouette", "group": "cluster"}
    columns = ["sample", "silhouette", "cluster"]
    log("silhouette_plot", drawn("aspara/grouped_bars", columns, rows, fields, "Silhouette"))


def plot_clusterer(
    model: Any,
    X_train: Any,  # noqa: N803
    cluster_labels: Any,
    labels: Any = None,
    model_name: str = "Clusterer",
) -> None:
    """Logs all charts of a clustering."""
    del model_name
    if "n_clusters" in model.get_params():
        plot_elbow_curve(model, X_train)
    plot_silhouette(model, X_train, cluster_labels, labels)
