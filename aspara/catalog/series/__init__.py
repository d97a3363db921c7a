"""Answers made from an index: series, groups, history, summary."""
