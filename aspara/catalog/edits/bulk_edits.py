"""Edits and deletions of many runs at once: each run is changed whole or not at all, and what failed is told with its reason."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from aspara.catalog.edits.edits import OF_A_RUN, EditLimits, checked, editable, refuse_stale
from aspara.errors import AsparaError, RunNotFound, TooLarge, UsageError
from aspara.limits import MAX_EDITED_RUNS
from aspara.storage import metadata
from aspara.storage.layout import RunPaths

"""Runs in one batch, at most: each is a file that is written durably, and whoever waits must be told how far it is."""
_TAGS = ("add_tags", "remove_tags")
CHANGES = (*OF_A_RUN, *_TAGS, "if_match")
"""What a change of a run may say: what it sets, the tags it adds and takes away, and the ETag that the run must have."""


@dataclass(frozen=True)
class EditFailure:
    """A run that was left as it was: its name as it was given, why, and the HTTP status that an edit of it alone would have had."""

    run: str
    reason: str
    status: int


@dataclass
class EditResult:
    """What became of a batch."""

    project: str
    done: list[str] = field(default_factory=list)
    """File stems, in the order in which they were named; runs that were so already are among them."""
    failed: list[EditFailure] = field(default_factory=list)
    undo: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By file stem the change that takes back what was done, as long as nobody else edits the run."""

    def json(self) -> dict[str, Any]:
        """The API's shape; `undo` is a body that can be sent as it is."""
        failed = [vars(each) for each in self.failed]
        return {
            "project": self.project,
            "done": self.done,
            "failed": failed,
            "undo": {"runs": self.undo} if self.undo else None,
        }


def check_count(runs: Collection[str]) -> None:
    """Raises UsageError for no run, TooLarge for more than one batch takes."""
    if not runs:
        raise UsageError("runs: name at least one.")
    if len(runs) > MAX_EDITED_RUNS:
        raise TooLarge(f"{len(runs)} runs are named; at most {MAX_EDITED_RUNS} are allowed. Send several requests.")


def check(changes: Mapping[str, Mapping[str, Any]], limits: EditLimits) -> None:
    """Raises UsageError or TooLarge for a batch that makes no sense."""
    check_count(changes)
    # Most often all runs share one change.
    for change in {id(change): change for change in changes.values()}.values():
        _check_change(change, limits)


def check_one_each(found: Mapping[str, str | None], changes: Mapping[str, Mapping[str, Any]]) -> None:
    """Raises UsageError where a run is named twice, by stem and id, and is to become two things."""
    first: dict[str, str] = {}
    for given, stem in found.items():
        other = first.setdefault(stem, given) if stem is not None else given
        if changes[other] != changes[given]:
            raise UsageError(f"{other[:128]!r} and {given[:128]!r} are one run: name it once.")


def _check_change(change: Any, limits: EditLimits) -> None:
    """Raises UsageError for what is no change of a run, or would be none of any run."""
    if not isinstance(change, Mapping) or not change.keys() - {"if_match"}:
        raise UsageError(f"A change is an object with some of {', '.join(CHANGES)}.")
    unknown = sorted(change.keys() - set(CHANGES))
    if unknown:
        raise UsageError(f"{unknown[0][:60]!r} cannot be edited; {', '.join(CHANGES)} can.")
    if "tags" in change and any(name in change for name in _TAGS):
        raise UsageError("tags sets all tags of a run; give it, or add_tags and remove_tags, not both.")
    for name in _TAGS:
        if name in change:
            try:
                checked({"tags": change[name]}, OF_A_RUN, limits)
            except UsageError as error:
                raise UsageError(f"{name}: {error}") from None
    if not isinstance(change.get("if_match", ""), str):
        raise UsageError("if_match is an ETag, a text.")
    checked({name: change[name] for name in OF_A_RUN if name in change}, OF_A_RUN, limits)


def each(project: str, found: Mapping[str, str | None], work: Callable[[str, str], object]) -> EditResult:
    """Does `work` (name as given, file stem) for each run that was found, once, whatever becomes of the others."""
    outcome = EditResult(project)
    seen: set[str] = set()
    for given, stem in found.items():
        if stem is None:
            reason = f"There is no run {given[:128]!r} in project {project!r}."
            outcome.failed.append(EditFailure(given[:128], reason, RunNotFound.status))
            continue
        if stem in seen:
            continue
        seen.add(stem)
        try:
            work(given, stem)
        except AsparaError as error:
            outcome.failed.append(EditFailure(stem, str(error), error.status))
        except OSError as error:
            # A full disk or a file of somebody else's concerns this run; its path is nothing for an answer.
            outcome.failed.append(EditFailure(stem, f"It could not be written: {error.strerror or error}.", 500))
        else:
            outcome.done.append(stem)
    return outcome


def edit_one(paths: RunPaths, change: Mapping[str, Any], limits: EditLimits) -> dict[str, Any] | None:
    """Changes a run; the change that takes it back, or None where it was so already and nothing was written. Whoever calls this
    syncs the folder after the last run.
    """
    if not paths.metadata.exists() and not paths.rows.exists():
        raise RunNotFound(f"Run {paths.run!r} was deleted meanwhile.")
    undo: dict[str, Any] = {}

    def apply(content: dict[str, Any]) -> None:
        before = editable(content, paths.run)
        refuse_stale(before, change.get("if_match"))
        wanted = {name: change[name] for name in OF_A_RUN if name in change}
        if any(name in change for name in _TAGS):
            wanted["tags"] = _tags(before.content["tags"], change)
        metadata.merge(content, checked(wanted, OF_A_RUN, limits))
        after = editable(content, paths.run)
        undo.clear()  # what others wrote in the same moment has it applied once more
        undo.update({name: before.content[name] for name in wanted if before.content[name] != after.content[name]})
        if undo:
            undo["if_match"] = after.etag

    apply(metadata.read_or_empty(paths.metadata))
    if not undo:
        return None
    metadata.edit(paths.metadata, apply, settled=False)
    return undo or None


def _tags(present: list[str], change: Mapping[str, Any]) -> list[str]:
    removed = {tag.strip() for tag in change.get("remove_tags", ())}
    return list(dict.fromkeys([*(tag for tag in present if tag not in removed), *change.get("add_tags", ())]))
