"""Runs in other programs' formats: one format a file.

A format that is one file has ``write(selection, file)`` and returns how many rows it wrote; one that is a folder has
``write_folder(selection, folder)``. What is written comes from a :class:`~aspara.exporters.selection.ExportSelection`, a run at a
time, so that memory is bounded by the longest run.
"""

FORMATS = ("csv", "jsonl", "parquet", "tensorboard", "html")
"""Each is a module of this package."""
FOLDERS = ("tensorboard",)
"""Those that are a folder; the others are one file."""
BINARY = ("parquet",)
"""Those that no terminal can show."""
WITH_POINTS = ("csv", "jsonl", "parquet")
"""Those that can hold every logged point (``points``), not only one row a step."""
