"""The reading side: projects, runs and series out of a data directory, without a server."""
