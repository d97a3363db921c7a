"""Charts: what is drawn of which numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import aspara
from aspara import plot


def figure(path: str, key: str) -> dict[str, Any]:
    """The Plotly figure that a run holds under a name."""
    (found,) = aspara.Api().run(path).media([key])
    assert "plotly" == found.type
    return json.loads(found.content.path().read_text())


def logged(chart: Any) -> dict[str, Any]:
    with aspara.init(project="p") as run:
        run.log({"chart": chart})
    return figure(run.path, "chart")


def test_bars_are_named_by_their_labels(data: Path):
    """A bar for each row of the table."""
    table = aspara.Table(columns=["name", "count"], data=[["a", 3], ["b", 1]])
    found = logged(plot.bar(table, "name", "count", title="Counts"))
    assert (["a", "b"], [3, 1]) == (found["data"][0]["y"], found["data"][0]["x"])
    assert "Counts" == found["layout"]["title"]["text"]


def test_a_line_for_each_stroke(data: Path):
    """The column `stroke` parts a table into lines; line_series takes lists."""
    table = aspara.Table(columns=["x", "y", "k"], data=[[0, 1, "a"], [1, 2, "a"], [0, 5, "b"]])
    assert [("a", [0, 1]), ("b", [0])] == [(t["name"], t["x"]) for t in logged(plot.line(table, "x", "y", "k"))["data"]]
    found = logged(plot.line_series([0, 1], [[1, 2], [3, 4]], keys=["u", "v"]))
    assert [("u", [1, 2]), ("v", [3, 4])] == [(trace["name"], trace["y"]) for trace in found["data"]]


def test_a_confusion_matrix_counts_pairs(data: Path):
    """Rows are the true classes, columns the predicted ones; a class that nobody has keeps its place."""
    found = logged(plot.confusion_matrix(y_true=[0, 1, 1], preds=[0, 0, 1], class_names=["n", "p", "q"]))
    assert [[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]] == found["data"][0]["z"]


def test_curves_are_those_of_scikit_learn(data: Path):
    """The receiver operating characteristic has scikit-learn's points, and precision its values."""
    metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(0)
    truth = random.integers(0, 3, 200)
    chances = random.dirichlet(np.ones(3), 200).round(2)
    rows = plot.roc_curve(truth, chances).table.data
    for number in range(3):
        false, true, _ = metrics.roc_curve(truth == number, chances[:, number])
        mine = [(row[1], row[2]) for row in rows if row[0] == str(number)]
        assert mine == [(round(f, 3), round(t, 3)) for f, t in zip(false, true)]
    rows = plot.pr_curve(truth, chances, interp_size=11).table.data
    for number in range(3):
        precision, recall, _ = metrics.precision_recall_curve(truth == number, chances[:, number])
        at = np.searchsorted(recall[::-1], np.linspace(0, 1, 11)[::-1])
        mine = [row[1] for row in rows if row[0] == str(number)]
        assert mine == [round(p, 3) for p in precision[::-1][at]]


def test_what_a_table_lacks_is_named(data: Path):
    """A chart of a column that is not there names those that are."""
    with pytest.raises(aspara.UsageError, match="no column 'z'; it has x, y"):
        plot.scatter(aspara.Table(columns=["x", "y"], data=[[1, 2]]), "x", "z")


def test_a_chart_of_the_service_is_kept_as_its_table(data: Path):
    """A chart that only wandb's service can draw is kept as the table that it would be drawn of."""
    table = aspara.Table(columns=["x"], data=[[1]])
    with aspara.init(project="p") as run:
        run.log({"chart": aspara.plot_table("me/own", table, {"x": "x"})})
    assert ["table"] == [media.type for media in aspara.Api().run(run.path).media(["chart"])]


def test_all_charts_of_scikit_learn(data: Path):
    """Each function logs its chart under wandb's name of it."""
    datasets = pytest.importorskip("sklearn.datasets")
    from sklearn.cluster import KMeans
    from sklearn.linear_model import LogisticRegression, Ridge

    features, target = datasets.make_classification(60, 4, random_state=0)
    with aspara.init(project="p") as run:
        model = LogisticRegression().fit(features, target)
        aspara.sklearn.plot_classifier(
            model,
            features,
            features,
            target,
            target,
            model.predict(features),
            model.predict_proba(features),
            ["n", "p"],
            is_binary=True,
            log_learning_curve=True,
        )
        aspara.sklearn.plot_regressor(Ridge().fit(features, target), features, features, target, target)
        clusters = KMeans(2, n_init=1, random_state=0).fit(features)
        aspara.sklearn.plot_clusterer(clusters, features, clusters.labels_, model_name="KMeans")
    names = {media.metric for media in aspara.Api().run(run.path).media()}
    assert names == {
        "feature_importances",
        "learning_curve",
        "confusion_matrix",
        "summary_metrics",
        "class_proportions",
        "calibration_curve",
        "roc",
        "precision_recall",
        "outlier_candidates",
        "residuals",
        "elbow_curve",
        "silhouette_plot",
    }
