"""The plainest YAML: lines of `key: scalar`, as MLflow and Lightning write them; no YAML library is needed for those."""

from __future__ import annotations

import json
from pathlib import Path


def flat_yaml(path: Path) -> dict[str, str]:
    """The scalars of a file as texts; null is left out, and so is everything nested."""
    found = {}
    for line in path.read_text("utf-8", "replace").splitlines():
        key, colon, value = line.partition(": ")
        if not colon or key.startswith((" ", "-", "#")):
            continue
        value = value.strip()
        if len(value) > 1 and value[0] == value[-1] == "'":
            value = value[1:-1].replace("''", "'")
        elif len(value) > 1 and value[0] == value[-1] == '"':
            value = _unescaped(value)
        elif value in ("null", "~"):
            continue
        found[key] = value
    return found


def _unescaped(quoted: str) -> str:
    try:
        # YAML's double quotes are JSON's, but for a few escapes that MLflow has no reason to write.
        return str(json.loads(quoted.replace("\\x", "\\u00")))
    except ValueError:
        return quoted[1:-1]
