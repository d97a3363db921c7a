"""Gradient boosting, scikit-learn and Optuna: callbacks, called as their frameworks call them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import aspara
from aspara.integrations import catboost, lightgbm, optuna, sklearn, xgboost
from tests.integrations.conftest import only_run, rows


def test_xgboost_begins_a_run_where_there_is_none():
    """A callback without a run begins one with its options, logs `<data>-<metric>` and keeps the best in the summary."""
    callback = xgboost.AsparaCallback(project="p", id="r", log_feature_importance=False)
    for epoch, loss in enumerate([0.5, 0.25]):
        assert callback.after_iteration(None, epoch, {"t": {"logloss": [loss]}}) is False
    assert {"min": 0.25} == aspara.run.summary["t-logloss"]
    aspara.finish()
    assert [{"t-logloss": 0.5, "epoch": 0}, {"t-logloss": 0.25, "epoch": 1}] == rows("p/r")


def test_xgboost_cross_validation_logs_means():
    """A cross-validation's bundle of boosters has no config and no importances; its values are means and deviations."""
    run = aspara.init(project="p", id="r")
    callback = xgboost.AsparaCallback(run)
    folds = object()
    assert folds is callback.before_training(folds)
    callback.after_iteration(folds, 0, {"test": {"auc": [(0.75, 0.1)]}})
    assert folds is callback.after_training(folds)
    run.finish()
    assert [{"test-auc": 0.75, "epoch": 0}] == rows("p/r")


def test_lightgbm_logs_to_the_run_it_is_given():
    """With run= another active run is left alone."""
    aspara.init(project="p", id="active")
    run = aspara.Run(project="p", id="r")
    callback = lightgbm.aspara_callback(run)
    assert (30, False) == (callback.order, callback.before_iteration)
    callback(SimpleNamespace(iteration=0, params={"lr": 0.1}, evaluation_result_list=[("v", "auc", 0.9, True)]))
    run.finish()
    aspara.finish()
    assert [{"v_auc": 0.9, "iteration": 0}] == rows("p/r")
    assert [] == rows("p/active")


def test_catboost_logs_every_period():
    """`<set>-<metric>` and the iteration, every `metric_period` iterations."""
    callback = catboost.AsparaCallback(metric_period=2, project="p", id="r")
    for iteration in (1, 2):
        assert callback.after_iteration(SimpleNamespace(iteration=iteration, metrics={"learn": {"Logloss": [0.5]}}))
    aspara.finish()
    assert [{"learn-Logloss": 0.5, "iteration@metric-period-2": 2}] == rows("p/r")


def trial(number: int, state: str = "COMPLETE", values: list[float] | None = None) -> SimpleNamespace:
    return SimpleNamespace(number=number, params={"x": number}, values=values, state=SimpleNamespace(name=state))


STUDY = SimpleNamespace(study_name="s", directions=[SimpleNamespace(name="MINIMIZE")])


def test_optuna_logs_a_row_for_each_trial():
    """Parameters and value at the trial's number; a pruned trial with its state; several values by number."""
    callback = optuna.AsparaCallback(project="p", id="r")
    callback(STUDY, trial(0, values=[1.0]))
    callback(STUDY, trial(1, "PRUNED"))
    callback(STUDY, trial(2, values=[1.0, 2.0]))
    assert ["MINIMIZE"] == aspara.run.config["direction"]
    aspara.finish()
    assert [
        {"x": 0, "value": 1.0},
        {"x": 1, "state": "PRUNED"},
        {"x": 2, "value_0": 1.0, "value_1": 2.0},
    ] == rows("p/r")


def test_optuna_makes_a_run_for_each_trial():
    """as_multirun gives runs in the study's group; a failed trial is a failed run; what the objective logs is in it."""
    callback = optuna.AsparaCallback("score", as_multirun=True, project="p", tags=["t"])

    @callback.track_in_aspara()
    def objective(one):
        aspara.log({"inside": 1.0})
        return 1.0

    one = trial(0, values=[1.0])
    objective(SimpleNamespace(number=0, study=STUDY))
    callback(STUDY, one)
    callback(STUDY, trial(1, "FAIL"))
    first, second = aspara.Api().runs("p", order="+created_at")
    assert (["s", "s"], ["finished", "failed"]) == ([first.group, second.group], [first.state, second.state])
    assert (["t", "s"], {"direction": ["MINIMIZE"], "x": 0}) == (first.tags, first.config)
    assert {"inside": 1.0, "score": 1.0} == {name: first.summary[name] for name in ("inside", "score")}


def test_optuna_names_every_value():
    """Names that do not fit the values raise an error that counts both."""
    callback = optuna.AsparaCallback(["a", "b"], project="p")
    with pytest.raises(aspara.UsageError, match="2 names.*1 values"):
        callback(STUDY, trial(0, values=[1.0]))
    with pytest.raises(aspara.UsageError, match="leave run= out"):
        optuna.AsparaCallback(as_multirun=True, run=aspara.init(project="p"))


def test_sklearn_logs_a_search():
    """A row for each candidate, the best one in the summary; an estimator's class, parameters and score."""
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import GridSearchCV

    x = np.arange(20.0).reshape(10, 2)
    search = GridSearchCV(Ridge(), {"alpha": [0.1, 1000.0]}, cv=2).fit(x, x[:, 0])
    with aspara.init(project="p", id="r") as run:
        sklearn.log_search(search)
        sklearn.log_estimator(search.best_estimator_, x, x[:, 0])
        assert ({"alpha": 0.1}, 0) == (run.summary["best_params"], run.summary["best_index"])
        assert ("Ridge", 0.1) == (run.config["estimator"], run.config["parameters"]["alpha"])
    first, second, scored = rows("p/r")
    assert (0.1, 1, 1000.0, 2) == (first["alpha"], first["rank_test_score"], second["alpha"], second["rank_test_score"])
    assert scored["score"] > 0.99


def test_sklearn_offers_the_charts():
    """plot_ functions are those of wandb's names; other names are not there."""
    assert aspara.sklearn.plot_roc is sklearn.plot_roc
    with pytest.raises(AttributeError, match="no attribute 'ghost'"):
        _ = sklearn.ghost


def test_hydra_jobs_are_runs_of_a_group():
    """A job's config is kept without Hydra's own; a job that raised has failed."""
    from omegaconf import OmegaConf

    from aspara.integrations.hydra import AsparaCallback

    callback = AsparaCallback(project="p")
    job = {"name": "train", "num": 0, "override_dirname": "lr=0.1"}
    hydra = {"job": job, "mode": "MULTIRUN", "sweep": {"dir": "multirun/one"}}
    config = OmegaConf.create({"lr": 0.1, "twice": "${lr}", "late": "${unknown:x}", "hydra": hydra})
    callback.on_job_start(config, task_function=None)
    assert aspara.run is not None
    callback.on_job_end(config, SimpleNamespace(status=SimpleNamespace(name="FAILED")))
    run = only_run()
    assert ("lr=0.1", "multirun/one", "failed") == (run.name, run.group, run.state)
    assert {"lr": 0.1, "twice": "${lr}", "late": "${unknown:x}"} == run.config
