"""scikit-learn: what an estimator is and scores, what a search has tried; the ``plot_`` functions are wandb's.

``log_estimator(model, x_test, y_test)``, ``log_search(GridSearchCV(...).fit(x, y))``, ``plot_classifier(...)``.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from aspara.integrations.base import run_for
from aspara.recording.run import Run


def log_estimator(model: Any, x: Any = None, y: Any = None, run: Run | None = None, **options: Any) -> None:
    """Keeps an estimator's class and parameters in the config; with data, logs its ``score``.

    Args:
        model: An estimator, fitted if data are given. The estimators that it is made of are kept as their texts.
        x: The data that it is scored on.
        y: Their targets.
        run: The run; by default the active one, which begins if there is none.
        **options: What ``aspara.init()`` takes, such as ``project``.

    """
    run = run_for(run, options)
    run.config.update({"estimator": type(model).__name__, "parameters": model.get_params(deep=False)})
    if x is not None:
        run.log({"score": float(model.score(x, y))})


def log_search(search: Any, run: Run | None = None, **options: Any) -> None:
    """Logs each candidate of a search as one row: its parameters, mean and standard deviation of its scores, its rank.

    The best one's parameters and score stand in the summary.

    Args:
        search: A fitted GridSearchCV, RandomizedSearchCV or one of their kind.
        run: The run; by default the active one, which begins if there is none.
        **options: What ``aspara.init()`` takes, such as ``project``.

    """
    run = run_for(run, options)
    results = search.cv_results_
    wanted = [name for name in results if name.startswith(("mean_", "std_", "rank_"))]
    for index, parameters in enumerate(results["params"]):
        row = {
            name: value if isinstance(value, int | float | str) else str(value) for name, value in parameters.items()
        }
        run.log({**row, **{name: results[name][index].item() for name in wanted}})
    if hasattr(search, "best_index_"):  # a search of several scores that refits none has no best one
        run.summary.update({"best_params": dict(search.best_params_), "best_index": int(search.best_index_)})
        if hasattr(search, "best_score_"):
            run.summary["best_score"] = float(search.best_score_)


def __getattr__(name: str) -> Any:
    if name.startswith("plot_"):
        return getattr(import_module("aspara").sklearn, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
