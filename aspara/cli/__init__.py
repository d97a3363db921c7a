"""The command line: one command a file. Each names its ``SUMMARY`` and ``EXAMPLES``, adds its arguments and runs."""
