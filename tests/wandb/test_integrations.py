"""wandb's callbacks, called as their frameworks call them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import aspara
from aspara.compat.integration import catboost, keras, lightgbm, xgboost
from aspara.integrations import sb3


def rows(path: str) -> list[dict[str, Any]]:
    found = aspara.Api().run(path).scan_history()
    return [{key: value for key, value in row.items() if not key.startswith("_")} for row in found]


def test_keras_names_epochs(data: Path):
    """Metrics of an epoch stand under epoch/, with its number and learning rate; of batches under batch/."""
    model = SimpleNamespace(optimizer=SimpleNamespace(learning_rate=0.5))
    with aspara.init(project="p", id="r"):
        for callback in (keras.WandbMetricsLogger(), keras.WandbMetricsLogger(log_freq=2)):
            callback.model = model
            for batch in range(2):
                callback.on_train_batch_end(batch, {"loss": 1.0})
        callback = keras.WandbMetricsLogger()
        callback.model = model
        callback.on_epoch_end(0, {"loss": 0.5, "val_loss": 0.75})
    assert [
        {"batch/loss": 1.0, "batch/batch_step": 0, "batch/learning_rate": 0.5},
        {"epoch/loss": 0.5, "epoch/val_loss": 0.75, "epoch/epoch": 0, "epoch/learning_rate": 0.5},
    ] == rows("p/r")


def test_keras_evaluation_tables_are_artifacts(data: Path):
    """A subclass fills the truth once, and predictions that refer to it after each epoch."""

    class Evaluation(keras.WandbEvalCallback):
        def add_ground_truth(self, logs: Any = None) -> None:
            self.data_table.add_data(0, "cat")

        def add_model_predictions(self, epoch: int, logs: Any = None) -> None:
            for index in self.data_table_ref.get_index():
                self.pred_table.add_data(epoch, self.data_table_ref.data[index][1], "dog")

    with aspara.init(project="p", id="r") as run:
        callback = Evaluation(["id", "truth"], ["epoch", "truth", "guess"])
        callback.on_train_begin()
        callback.on_epoch_end(0)
        assert ["run_r_pred"] == [a.collection_name for a in run.logged_artifacts() if a.type == "evaluation"]
        assert [[0, "cat", "dog"]] == run.use_artifact("run_r_pred:latest").get("eval_data").data


def test_keras_callback_keeps_the_best(data: Path):
    """wandb's older callback logs each epoch, and the best value and epoch."""
    with aspara.init(project="p", id="r") as run:
        callback = keras.WandbCallback(save_model=False, save_graph=False)
        callback.model = SimpleNamespace()
        for epoch, loss in enumerate([0.5, 0.25, 0.75]):
            callback.on_epoch_end(epoch, {"val_loss": loss})
        assert (0.25, 1) == (run.summary["best_val_loss"], run.summary["best_epoch"])
    assert [0.5, 0.25, 0.75] == [row["val_loss"] for row in rows("p/r")]


class Booster:
    """What XGBoost hands to callbacks."""

    feature_names = ("a", "b")

    def save_config(self) -> str:
        return '{"learner": {"objective": "binary"}}'

    def get_score(self, importance_type: str) -> dict[str, float]:
        return {"a": 2.0}

    def attr(self, name: str) -> str | None:
        return {"best_score": "0.25", "best_iteration": "1"}[name]

    def save_model(self, path: str) -> None:
        Path(path).write_text("{}")


def test_xgboost_names_metrics_with_a_dash(data: Path):
    """`<data>-<metric>` and `epoch`; the best value in the summary; the importance of features at the end."""
    with aspara.init(project="p", id="r") as run:
        callback = xgboost.WandbCallback(log_model=True)
        model = callback.before_training(Booster())
        for epoch, loss in enumerate([0.5, 0.25]):
            assert callback.after_iteration(model, epoch, {"t": {"logloss": [loss]}}) is False
        assert model is callback.after_training(model)
        assert ({"min": 0.25}, "binary") == (run.summary["t-logloss"], run.config["learner"]["objective"])
        assert ["run_r_model"] == [artifact.collection_name for artifact in run.logged_artifacts()]
    found = rows("p/r")
    assert [{"t-logloss": 0.5, "epoch": 0}, {"t-logloss": 0.25, "epoch": 1}] == found[:2]
    assert {"Feature Importance", "best_score", "best_iteration"} == set(found[2])


def test_lightgbm_names_metrics_with_an_underscore(data: Path):
    """`<data>_<metric>` and `iteration`, the parameters in the config; means and deviations of a cross-validation."""
    with aspara.init(project="p", id="r") as run:
        callback = lightgbm.wandb_callback()
        results = [("v", "auc", 0.9, True), ("cv", "loss", 0.5, False, 0.1)]
        callback(SimpleNamespace(iteration=0, params={"lr": 0.1}, evaluation_result_list=results))
        booster = SimpleNamespace(
            best_iteration=1,
            best_score={"v": {"auc": 0.9}},
            feature_name=lambda: ["a"],
            feature_importance=lambda: [3],
        )
        lightgbm.log_summary(booster)
        assert (0.1, 1, 0.9) == (run.config["lr"], run.summary["best_iteration"], run.summary["best_score"]["v"]["auc"])
    assert {"v_auc": 0.9, "cv_loss-mean": 0.5, "cv_loss-stdv": 0.1, "iteration": 0} == rows("p/r")[0]


def test_catboost_names_metrics_with_a_dash(data: Path):
    """`<set>-<metric>` and the iteration, every `metric_period` iterations."""
    with aspara.init(project="p", id="r"):
        callback = catboost.WandbCallback(metric_period=2)
        for iteration in (1, 2):
            info = SimpleNamespace(iteration=iteration, metrics={"learn": {"Logloss": [0.5]}})
            assert callback.after_iteration(info) is True
    assert [{"learn-Logloss": 0.5, "iteration@metric-period-2": 2}] == rows("p/r")


def test_sb3_logs_without_tensorboard(data: Path):
    """What the training's logger writes becomes a row with global_step."""
    with aspara.init(project="p", id="r"):
        writer = sb3.AsparaOutputFormat()
        writer.write({"rollout/ep_len_mean": 3.0, "time/fps": 10, "text": "x"}, {}, 64)
    assert [{"rollout/ep_len_mean": 3.0, "time/fps": 10, "global_step": 64}] == rows("p/r")


@pytest.mark.parametrize("make", [keras.WandbMetricsLogger, xgboost.WandbCallback, catboost.WandbCallback])
def test_a_callback_needs_a_run(make: Any):
    """Without a run a callback raises wandb's Error when it is made."""
    with pytest.raises(aspara.Error, match="init"):
        make()
