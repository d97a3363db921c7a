"""Runs in other programs' formats: one format a file.

A format that is one file has ``write(selection, file)`` and returns how many rows it wrote; one that is a folder has
``write_folder(selection, folder)``. What is written comes from a :class:`~aspara.exporters.selection.ExportSelection`, a run at a
time, so that memory is bounded by the longest run.
"""

FORMATS = ("csv", "jsonl", "parquet", "tensorboard", "html")
"""Each is a module of this package."""
FOLDERS = ("tensorboard",)
