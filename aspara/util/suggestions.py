"""Suggestions for a mistyped name."""

from __future__ import annotations

from collections.abc import Iterable

_CUTOFF = 0.6
_MOST_COMPARED = 10_000


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """`` Did you mean 'digits'?`` for a name like one of `names`, else an empty text; to be put behind a sentence."""
    import difflib
    import itertools

    # Case is the most frequent slip, and the only one that difflib does not see as a small one.
    by_key = {candidate.casefold(): candidate for candidate in itertools.islice(names, _MOST_COMPARED)}
    closest = difflib.get_close_matches(name.casefold()[:128], by_key, n=1, cutoff=_CUTOFF)
    if not closest:
        return ""
    return f" Did you mean {by_key[closest[0]]!r}?"
