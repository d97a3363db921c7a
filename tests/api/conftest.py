"""The hand-written data directories of the catalog's tests serve the Api's as well."""

from __future__ import annotations

from tests.catalog.conftest import catalog, folder

__all__ = ["catalog", "folder"]
