"""Aspara in frameworks: a thin file for each, over the public face."""
