"""Runs on disk: names, rows, metadata, artifacts, and the recorder that writes them. Knows no HTTP."""
