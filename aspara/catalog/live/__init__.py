"""Subscribers are told of new rows and of changes of status."""
