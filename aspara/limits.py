"""Numbers that hold in several places: limits of names, pages, requests and answers."""

from __future__ import annotations

MAX_INTEGER = 1 << 53
"""The largest integer that every JSON reader keeps exact."""
MAX_STEP = MAX_INTEGER
"""The greatest step, and the greatest time in ms, which a browser too tells from its neighbours."""
MAX_TAG_LENGTH = 128
"""Characters of a tag."""
MAX_PAGE = 1000
"""Items on one page of a list."""
MAX_MEDIA_PAGE = 10_000
"""Media values on one page."""
MAX_SERIES_POINTS = 1_000_000
"""Points of one series in an answer that does not ask for all of them."""
MAX_GROUP_POINTS = 10_000
"""Positions on the grid that the runs of a group share."""
MAX_GROUP_FIELDS = 8
"""Fields that runs are grouped by."""
MAX_FILTER_LENGTH = 4000
"""Characters of a filter expression."""
MAX_EDITED_RUNS = 10_000
"""Runs that one request edits or deletes."""
MAX_WAIT = 3600.0
"""Seconds that a client may wait for an answer."""
MAX_ADDRESS = 1 << 16
"""Bytes of a request's path and query."""
