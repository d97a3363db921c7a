"""Trainers of PyTorch and Keras: loggers and callbacks, called as their frameworks call them."""

from __future__ import annotations

import functools
import pickle
from types import SimpleNamespace
from typing import Any

import pytest

import aspara
from tests.integrations.conftest import only_run, rows


def only_rank_zero(method: Any) -> Any:
    @functools.wraps(method)
    def called(*arguments: Any, **options: Any) -> Any:
        return method(*arguments, **options) if only_rank_zero.rank == 0 else None

    return called


only_rank_zero.rank = 0


@pytest.fixture(params=["lightning", "pytorch_lightning"])
def lightning(request: pytest.FixtureRequest, with_modules):
    """Lightning under both of its names."""
    name = request.param
    fabric = "lightning.fabric" if name == "lightning" else "lightning_fabric"
    pytorch = "lightning.pytorch" if name == "lightning" else "pytorch_lightning"
    shared = {"lightning_utilities.core.rank_zero:rank_zero_only": only_rank_zero}
    with_modules("lightning_logger", shared)
    modules = {
        **shared,
        f"{pytorch}.loggers.logger:Logger": type("Logger", (), {}),
        f"{fabric}.loggers.logger:rank_zero_experiment": lambda method: method,
    }
    yield with_modules(name, modules)
    only_rank_zero.rank = 0


def test_lightning_logs_with_the_trainers_step(lightning):
    """Metrics stand beside trainer/global_step, with the prefix; hyperparameters are the config; other ranks log nothing."""
    logger = lightning.AsparaLogger("first", project="p", id="r", prefix="a")
    logger.log_hyperparams({"lr": 0.1})
    logger.log_metrics({"loss": 0.5}, step=3)
    only_rank_zero.rank = 1
    logger.log_metrics({"loss": 0.25}, step=4)
    only_rank_zero.rank = 0
    logger.finalize("success")
    assert ("p", "r", None) == (logger.name, logger.version, logger.save_dir)
    assert aspara.run is logger.experiment
    aspara.finish()
    assert [{"a-loss": 0.5, "trainer/global_step": 3}] == rows("p/r")
    assert ("first", {"lr": 0.1}) == (only_run().name, only_run().config)


def test_lightning_checkpoints_are_versions(lightning, tmp_path):
    """log_model=True keeps the checkpoints when the training has ended well, each once, and knows the best."""
    checkpoint = tmp_path / "best.ckpt"
    checkpoint.write_text("weights")
    callback = SimpleNamespace(
        save_top_k=1,
        best_k_models={str(checkpoint): 0.5},
        best_model_path=str(checkpoint),
        best_model_score=0.5,
        last_model_path="",
        current_score=0.5,
        monitor="val_loss",
        mode="min",
    )
    run = aspara.init(project="p", id="r")
    logger = lightning.AsparaLogger(run=run, log_model=True)
    logger.after_save_checkpoint(callback)
    assert [] == run.logged_artifacts()
    logger.finalize("success")
    logger.finalize("success")
    (kept,) = run.logged_artifacts()
    assert ("model-r:v0", 0.5, {"latest", "best"}) == (kept.name, kept.metadata["score"], set(kept.aliases))


def test_a_lightning_logger_joins_its_run_in_another_process(lightning):
    """A pickled logger, as a spawned process gets it, knows the run's id."""
    logger = lightning.AsparaLogger(project="p")
    run = logger.experiment
    state = pickle.loads(pickle.dumps(logger.__getstate__()))
    assert (None, run.id, "allow") == (state["_run"], state["_options"]["id"], state["_options"]["resume"])


@pytest.fixture
def transformers(with_modules):
    registered: dict[str, Any] = {}
    names = {
        "transformers:TrainerCallback": object,
        "transformers.integrations:integration_utils": SimpleNamespace(INTEGRATION_TO_CALLBACK=registered),
    }
    module = with_modules("transformers", names)
    assert {"aspara": module.AsparaCallback} == registered
    return module


def test_transformers_logs_what_the_trainer_logs(transformers):
    """train/ and eval/ metrics with train/global_step; totals go to the summary; model's and training's arguments to the config."""
    callback = transformers.AsparaCallback(project="p", id="r")
    arguments = SimpleNamespace(run_name="named", output_dir="out", to_dict=lambda: {"lr": 0.1, "run_name": "named"})
    state = SimpleNamespace(is_world_process_zero=True, is_hyper_param_search=False, trial_name=None, global_step=2)
    model = SimpleNamespace(config=SimpleNamespace(to_dict=lambda: {"layers": 1}), num_parameters=lambda: 7)
    callback.on_train_begin(arguments, state, None, model=model)
    callback.on_log(arguments, state, None, logs={"loss": 0.5, "eval_loss": 0.25, "total_flos": 9.0})
    callback.on_predict(arguments, state, None, metrics={"test_loss": 1.0})
    callback.on_train_end(arguments, state, None, model=model)
    assert 9.0 == aspara.run.summary["total_flos"]
    aspara.finish()
    logged, predicted = rows("p/r")
    assert {"train/loss": 0.5, "eval/loss": 0.25, "train/global_step": 2} == logged
    assert 1.0 == predicted["test/loss"]
    run = only_run()
    assert ("named", 0.1, 1, 7) == (
        run.name,
        run.config["lr"],
        run.config["layers"],
        run.config["model/num_parameters"],
    )


def test_transformers_other_processes_record_nothing(transformers):
    """Only the world's first process begins a run."""
    state = SimpleNamespace(is_world_process_zero=False, is_hyper_param_search=False)
    transformers.AsparaCallback(project="p").on_log(None, state, None, logs={"loss": 1.0})
    assert aspara.run is None


def test_accelerate_registers_a_tracker(with_modules):
    """log_with="aspara" finds the tracker; values, config and pictures go to its run, which finish() ends."""
    registered: list[Any] = []
    names = {
        "accelerate.tracking:GeneralTracker": type("GeneralTracker", (), {}),
        "accelerate.tracking:on_main_process": lambda method: method,
        "accelerate.tracking:register_tracker_class": registered.append,
    }
    module = with_modules("accelerate", names)
    assert [module.AsparaTracker] == registered
    tracker = module.AsparaTracker("p", id="r")
    tracker.start()
    tracker.store_init_configuration({"lr": 0.1})
    tracker.log({"loss": 0.5}, step=3)
    tracker.log_table("table", columns=["a"], data=[[1]], step=4)
    tracker.finish()
    run = only_run()
    assert ("finished", {"lr": 0.1}, [3, 4]) == (run.state, run.config, [row["_step"] for row in run.scan_history()])


def test_ignite_handlers_log_at_the_engines_step(with_modules):
    """Outputs and learning rates stand at the step of the engine's event; close() finishes the run."""
    output = type("Output", (), {"_setup_output_metrics_state_attrs": lambda self, *_, **__: {"train/loss": 0.5}})
    output.global_step_transform = lambda self, engine, event: 3
    names = {
        "ignite.handlers.base_logger:BaseLogger": object,
        "ignite.handlers.base_logger:BaseOutputHandler": output,
        "ignite.handlers.base_logger:BaseOptimizerParamsHandler": type("Params", (), {}),
        "ignite.handlers.utils:global_step_from_engine": None,
    }
    module = with_modules("ignite", names)
    logger = module.AsparaLogger(project="p", id="r")
    logger._create_output_handler()(None, logger, "event")
    handler = logger._create_opt_params_handler()
    handler.tag, handler.param_name = None, "lr"
    handler.optimizer = SimpleNamespace(param_groups=[{"lr": 0.1}])
    engine = SimpleNamespace(state=SimpleNamespace(get_event_attrib_value=lambda event: 4))
    handler(engine, logger, "event")
    assert "r" == logger.id
    logger.close()
    assert [{"train/loss": 0.5}, {"lr/group_0": 0.1}] == rows("p/r")
    assert [3, 4] == [row["_step"] for row in only_run().scan_history()]


def test_keras_begins_a_run_at_the_training():
    """A callback without a run begins one; metrics of epochs stand under epoch/."""
    from aspara.integrations.keras import AsparaCallback

    callback = AsparaCallback(project="p", id="r")
    assert aspara.run is None
    callback.model = SimpleNamespace(optimizer=SimpleNamespace(learning_rate=0.5))
    callback.on_train_begin()
    callback.on_epoch_end(0, {"loss": 1.0})
    aspara.finish()
    assert [{"epoch/loss": 1.0, "epoch/epoch": 0, "epoch/learning_rate": 0.5}] == rows("p/r")
    with pytest.raises(aspara.UsageError, match="log_freq='sometimes'"):
        AsparaCallback(log_freq="sometimes")


def test_sb3_leaves_out_what_only_its_table_shows():
    """Counters that Stable-Baselines3 keeps from TensorBoard are no metrics here either."""
    from aspara.integrations.sb3 import AsparaOutputFormat

    writer = AsparaOutputFormat(project="p", id="r")
    writer.write({"time/fps": 10, "time/iterations": 1, "text": "x"}, {"time/iterations": ("tensorboard",)}, 64)
    aspara.finish()
    assert [{"time/fps": 10, "global_step": 64}] == rows("p/r")


def test_fastai_logs_batches_and_epochs(with_modules):
    """A batch's losses and an epoch's metrics, at the batch's step; a learning rate finder is not recorded."""
    names = {
        "fastai.callback.core:Callback": object,
        "fastai.learner:Recorder": SimpleNamespace(order=50),
        "fastai.torch_core:rank_distrib": lambda: 0,
    }
    module = with_modules("fastai", names)
    callback = module.AsparaCallback(project="p", id="r")
    callback.learn = SimpleNamespace(gather_args=lambda: {"lr": 0.1, "none": None})
    callback.training, callback.n_iter, callback.xb = True, 2, [[1, 2]]
    callback.smooth_loss, callback.loss = 0.5, 0.75
    callback.opt = SimpleNamespace(hypers=[{"mom": 0.9}])
    callback.recorder = SimpleNamespace(metric_names=["epoch", "valid_loss", "time"], log=[0, 0.25, "00:01"])
    callback.before_fit()
    for _ in range(2):
        callback.before_batch()
        callback.after_batch()
    callback.after_epoch()
    callback.after_fit()
    assert 51 == callback.order
    aspara.finish()
    first, second = rows("p/r")
    assert (0.5, 0.75, 0.9, 0.5) == tuple(first[name] for name in ("train_loss", "raw_loss", "mom_0", "epoch"))
    assert (1.0, 0.25) == (second["epoch"], second["valid_loss"])
    finding = module.AsparaCallback(project="p")
    finding.learn = SimpleNamespace(lr_finder=True)
    finding.before_fit()
    assert (False, None) == (finding.run, aspara.run)


def test_ultralytics_logs_epochs(with_modules, tmp_path):
    """Losses, rates and metrics of an epoch are one row, with pictures and the best model; the run ends with the training."""
    facts = {"model/parameters": 5}
    with_modules("ultralytics", {"ultralytics.utils.torch_utils:model_info_for_loggers": lambda _: facts})
    from aspara.integrations.ultralytics import add_aspara

    best = tmp_path / "best.pt"
    best.write_text("weights")
    callbacks: dict[str, Any] = {}
    model = SimpleNamespace(add_callback=callbacks.__setitem__)
    assert model is add_aspara(model, project="p", id="r")
    trainer = SimpleNamespace(
        args=SimpleNamespace(project=None, name="train", save=True),
        epoch=0,
        tloss=0.5,
        label_loss_items=lambda loss, prefix: {f"{prefix}/loss": loss},
        lr={"lr/pg0": 0.1},
        metrics={"metrics/mAP": 0.9},
        plots={},
        validator=SimpleNamespace(plots={}),
        best=best,
    )
    for event in ("on_pretrain_routine_end", "on_train_epoch_end", "on_fit_epoch_end", "on_train_end", "teardown"):
        callbacks[event](trainer)
    assert aspara.run is None
    row = {"train/loss": 0.5, "lr/pg0": 0.1, "metrics/mAP": 0.9, "model/parameters": 5, "epoch": 1}
    assert [row, {"epoch": 1}] == rows("p/r")
    assert ("finished", "train") == (only_run().state, only_run().name)


def test_ray_makes_a_run_for_each_trial():
    """Results at their training_iteration, what describes the trial in the config; a failed trial is a failed run."""
    from aspara.integrations.ray import AsparaLoggerCallback

    class Trial:
        experiment_dir_name = "search"

        def __init__(self, name: str) -> None:
            self.trial_id, self.config = name, {"lr": 0.1, "callbacks": None}

        def __str__(self) -> str:
            return f"train_{self.trial_id}"

    callback = AsparaLoggerCallback("p")
    good, bad = Trial("good"), Trial("bad")
    for one in (good, bad):
        callback.log_trial_start(one)
    result = {"training_iteration": 1, "loss": 0.5, "n": {"a": 1}, "done": False, "pid": 7, "config": {"lr": 0.1}}
    callback.log_trial_result(1, good, result)
    callback.log_trial_end(good)
    callback.log_trial_end(bad, failed=True)
    assert aspara.run is None
    runs = {run.id: run for run in aspara.Api().runs("p")}
    assert ("finished", "failed", "search") == (runs["good"].state, runs["bad"].state, runs["good"].group)
    assert ("train_good", {"lr": 0.1, "pid": 7}) == (runs["good"].name, runs["good"].config)
    assert [{"training_iteration": 1, "loss": 0.5, "n/a": 1}] == rows("p/good")
    assert [1] == [row["_step"] for row in runs["good"].scan_history()]
