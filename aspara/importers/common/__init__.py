"""What importers share: source runs, tables, media, and the writer of runs."""
