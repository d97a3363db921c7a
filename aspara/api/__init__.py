"""Runs read by programs: ``aspara.Api`` over a data directory or over HTTP."""
