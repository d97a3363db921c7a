"""What was read of a run, kept in memory and on disk, so that no byte is parsed twice."""
