"""Runs as lists and tables: their metadata, cached while their files stay the same."""
