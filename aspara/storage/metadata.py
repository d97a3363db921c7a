"""Metadata files: read with tolerance, changed under a lock, replaced atomically; unknown keys survive."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aspara.storage import row_codec
from aspara.util import files, os_compat
from aspara.util.json_safe import named

MAX_BYTES = 64 << 20
_ATTEMPTS = 20
"""How often a change is applied anew to what others wrote meanwhile."""
_MERGED = ("config", "summary", "metric_summary", "metric_definitions")
_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    **dict.fromkeys((*_MERGED, "params"), ((dict,), "an object")),
    **dict.fromkeys(("tags", "artifacts", "summary_own", "captured_metrics"), ((list,), "a list")),
    **dict.fromkeys(("run_id", "display_name", "notes", "group", "job_type", "host", "status"), ((str,), "a text")),
    **dict.fromkeys(("exit_code", "last_step", "color"), ((int,), "a whole number")),
    "is_finished": ((bool,), "true or false"),
}
REMOVED = "removed_keys"
"""Among changes: what is to go from config and summary, by name."""


def read(path: Path) -> dict[str, Any]:
    """The metadata at `path`; raises FileNotFoundError, or ValueError saying why the file cannot be understood."""
    return parse(raw(path))


def raw(path: Path | str) -> bytes:
    """The file's bytes; raises OSError, and ValueError for more of them than any metadata has."""
    # Never through a link: what it leads to is no part of the data directory.
    descriptor = files.open_plain(path)
    try:
        size = os.fstat(descriptor).st_size
        if size > MAX_BYTES:
            raise ValueError(f"larger than {MAX_BYTES >> 20} MiB")
        content = os.read(descriptor, size + 1)
    finally:
        os.close(descriptor)
    return content


def parse(content: bytes) -> dict[str, Any]:
    """The metadata in `content`; raises ValueError saying why that cannot be understood."""
    try:
        # Some editors put a byte order mark in front.
        found = json.loads(content.decode("utf-8", "replace").removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"no JSON: {error}") from None
    if not isinstance(found, dict):
        raise ValueError(f"holds {type(found).__name__} where an object belongs")  # noqa: TRY004  one error type for all
    return found


def wrong_kinds(content: Mapping[str, Any]) -> list[str]:
    """What in the metadata of a run is of a kind that nobody reads, each as a sentence for people; it is passed over."""
    found = []
    for key, (kinds, wanted) in _KINDS.items():
        value = content.get(key)
        if value is not None and (not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds)):
            found.append(f"{key} holds {_kind(value)} where {wanted} belongs")
    for key in ("start_time", "finish_time"):
        value = content.get(key)
        if value is not None and row_codec.parse_timestamp(value) is None:
            found.append(f"{key} holds {_kind(value)} that is no time")
    for key in ("metric_summary", "metric_definitions"):
        odd = [name for name, value in dict_in(content, key).items() if not isinstance(value, dict)]
        if odd:
            found.append(f"{key} of {', '.join(map(repr, odd[:3]))} holds no object")
    tags = content.get("tags")
    if isinstance(tags, list) and not all(isinstance(tag, str) for tag in tags):
        found.append("tags hold values that are no texts")
    return found


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    words = {dict: "an object", list: "a list", str: "a text", int: "a number", float: "a number"}
    return words.get(type(value), type(value).__name__)


def read_or_empty(path: Path) -> dict[str, Any]:
    """The metadata at `path`, or an empty dict where the file is missing or broken."""
    try:
        return read(path)
    except (OSError, ValueError):
        return {}


def is_of(content: Mapping[str, Any], run_id: str) -> bool:
    """Whether the metadata `content` is that of the run `run_id`, not of another one that has its name by now."""
    return str(content.get("run_id") or run_id) == run_id


def write(path: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    """Replaces the file; returns the content as a reader will have it: non-finite numbers by their names."""
    stored: dict[str, Any] = named(dict(content))
    files.replace_json(path, stored)
    return stored


def tags_of(content: Mapping[str, Any]) -> list[str]:
    """The tags in the metadata, whatever another program left there."""
    tags = content.get("tags")
    return [str(tag) for tag in tags] if isinstance(tags, list | tuple) else []


def dict_in(content: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The dict under `key` of the metadata, or an empty one."""
    value = content.get(key)
    return value if isinstance(value, dict) else {}


def whole_in(content: Mapping[str, Any], key: str) -> int:
    """The whole number under `key` of the metadata, or 0."""
    value = content.get(key)
    return value if isinstance(value, int) else 0


def own_summary(content: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the summary that a program set; before `summary_own` was kept, those no metric explains."""
    summary, names = dict_in(content, "summary"), content.get("summary_own")
    if isinstance(names, list):
        return {key: value for key, value in summary.items() if key in names}
    metrics = dict_in(content, "metric_summary")
    return {key: value for key, value in summary.items() if key not in metrics}


def etag(content: Mapping[str, Any]) -> str:
    """A short fingerprint of what an editor of notes, tags and display name sees; equal for equal content."""
    seen = {key: content.get(key) for key in ("notes", "tags", "display_name")}
    return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()[:20]


def edit(
    path: Path,
    change: Callable[[dict[str, Any]], Mapping[str, Any] | None],
    *,
    create: bool = True,
    settled: bool = True,
) -> dict[str, Any]:
    """Reads the file, lets `change` alter the dict in place (or return another), and replaces the file; returns the result.

    Writers on this machine exclude each other by the folder's lock; one on another host, which the lock may not reach, is
    noticed at the last moment, and `change` is then applied to what that one wrote. A broken file is kept beside the new one
    under a name ending in ``.broken``, so nothing a person could still read is destroyed. A missing one is made, unless
    `create` is False: then FileNotFoundError is raised. `settled` is as for :func:`files.replace`.
    """
    with files.folder_lock(path.parent):
        for attempt in range(_ATTEMPTS):
            before = files.mark(path)
            try:
                content = read(path)
            except FileNotFoundError:
                if not create:
                    raise
                content = {}
            except ValueError:
                os_compat.replace(path, path.with_name(path.name + ".broken"))
                before, content = None, {}
            changed = change(content)
            content = named(dict(content if changed is None else changed))
            last = attempt == _ATTEMPTS - 1

            def unchanged(last: bool = last, before: object = before) -> bool:
                return last or files.mark(path) == before

            if files.replace_json(path, content, provided=unchanged, settled=settled):
                break
    return content


def merge(content: dict[str, Any], changes: Mapping[str, Any]) -> None:
    """Puts `changes` into `content`: config and summary key by key (None removes nothing), everything else replaced.

    What stands under ``REMOVED`` in `changes`, names of keys by the name of the dict they are in, is taken out of it first.
    """
    for key, names in _removals(changes).items():
        present = content.get(key)
        if isinstance(present, dict):
            content[key] = {name: value for name, value in present.items() if name not in names}
    for key, value in changes.items():
        if key == REMOVED:
            continue
        if key in _MERGED and isinstance(value, Mapping):
            present = content.get(key)
            content[key] = {**(present if isinstance(present, dict) else {}), **value}
        else:
            content[key] = value


def gather(waiting: dict[str, Any], changes: Mapping[str, Any]) -> None:
    """Adds `changes` to others that wait to be merged: one merge then does what both would have done one after the other."""
    later = _removals(changes)
    removed = {key: set(names) for key, names in _removals(waiting).items()}
    for key, names in later.items():
        removed[key] = removed.get(key, set()) | set(names)
    merge(waiting, changes)
    left = {
        key: sorted(names - set(waiting.get(key) or ()))  # what was set again after it was removed stays
        for key, names in removed.items()
    }
    waiting.pop(REMOVED, None)
    if any(left.values()):
        waiting[REMOVED] = {key: names for key, names in left.items() if names}


def difference(key: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """The changes that make the dict under `key` what it is `now`, whatever others have added to it; empty for none."""
    changed = {name: value for name, value in now.items() if name not in before or before[name] != value}
    removed = [name for name in before if name not in now]
    found: dict[str, Any] = {key: changed} if changed else {}
    if removed:
        found[REMOVED] = {key: removed}
    return found


def _removals(changes: Mapping[str, Any]) -> dict[str, list[str]]:
    found = changes.get(REMOVED)
    if not isinstance(found, Mapping):
        return {}
    return {
        key: [name for name in names if isinstance(name, str)]
        for key, names in found.items()
        if key in _MERGED and isinstance(names, list)
    }
