"""Changes that people make to runs and projects: edits and deletion."""
