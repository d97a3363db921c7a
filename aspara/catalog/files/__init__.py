"""Files of a run: artifacts, media, tables, console output."""
