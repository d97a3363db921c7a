"""What is captured by itself: console, git, packages, environment, system metrics."""
