"""The writing side: a run, its config and summary, and what ends it."""
