"""Runs of other trackers, one kind a file. Each has ``recognizes(path)`` and ``runs(path, ...)``, which gives SourceRuns.

An importer reads and never changes its source; it needs nothing installed that the source was made with. What it gives is
written by :mod:`aspara.importers.common.run_writer`, which makes importing again harmless: a source run is known by its kind and key.
"""

KINDS = (
    "tensorboard",
    "wandb",
    "mlflow",
    "trackio",
    "swanlab",
    "clearml",
    "neptune",
    "aspara",
    "csv",
    "parquet",
    "jsonl",
)
"""Each is a module of this package; ``auto`` tries them in this order, so the trackers' own files come before tables."""

TABLE_KINDS = ("csv", "parquet", "jsonl")
"""Those with columns, whose ``runs()`` takes ``step``, ``time`` and ``run``: the names of columns."""
