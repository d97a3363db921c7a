"""Functions of other libraries, wrapped so that something happens after each call and can be undone."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

AfterCall = Callable[[Any, tuple[Any, ...], dict[str, Any]], None]
"""Called with what the function returned, and with its arguments."""

_MARK = "_aspara_original"
_state = threading.local()


def wrap(
    owner: Any,
    name: str,
    after: AfterCall,
    *,
    failed: Callable[[str, Exception], None],
    before: Callable[[tuple[Any, ...]], None] = lambda _: None,
) -> Callable[[], None]:
    """Has `after` called behind each outermost call of ``owner.name``; returns what takes that back.

    A call that the library makes while another wrapped one runs is a detail of that one and is passed over. Errors of the
    function itself pass unchanged, and `after` is not called; an error of `after` or `before` goes to `failed` and no
    further. `before` is called with the positional arguments ahead of the function. An `owner` without such a function,
    and one that is wrapped already, stay as they are.
    """
    original = getattr(owner, name, None)
    if not callable(original) or hasattr(original, _MARK):
        return lambda: None

    @functools.wraps(original)
    def wrapper(*args: Any, **options: Any) -> Any:
        if getattr(_state, "is_inside", False):
            return original(*args, **options)
        _attempt(name, before, failed, args)
        _state.is_inside = True
        try:
            result = original(*args, **options)
        finally:
            _state.is_inside = False
        _attempt(name, after, failed, result, args, options)
        return result

    setattr(wrapper, _MARK, original)
    setattr(owner, name, wrapper)

    def undo() -> None:
        if getattr(owner, name, None) is wrapper:
            setattr(owner, name, original)

    return undo


def _attempt(name: str, hook: Callable[..., None], failed: Callable[[str, Exception], None], *args: Any) -> None:
    try:
        hook(*args)
    except Exception as error:  # the library's part goes on, and so must the program
        failed(name, error)
