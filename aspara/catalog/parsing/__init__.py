"""Rows and Parquet parts parsed into columns."""
