"""Filters of runs: the filter language, and Mongo-style filters."""
