"""Tools that know nothing of runs: files, signals, wake-ups, JSON, record formats."""
