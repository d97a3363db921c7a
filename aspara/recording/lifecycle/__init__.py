"""How a run ends: exit codes, workers of a process, cells of a notebook."""
