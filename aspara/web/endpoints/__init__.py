"""The dashboard's endpoints, one subject a file."""
