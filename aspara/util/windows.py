"""Windows' own calls for reading at an offset and for locks, by descriptor; imported by :mod:`aspara.util.os_compat` only."""

from __future__ import annotations

import ctypes
import importlib
from typing import Any

_msvcrt: Any = importlib.import_module("msvcrt")
_kernel32: Any = vars(ctypes)["WinDLL"]("kernel32", use_last_error=True)
_last_error: Any = vars(ctypes)["get_last_error"]
_win_error: Any = vars(ctypes)["WinError"]

_FAIL_IMMEDIATELY, _EXCLUSIVE = 1, 2
_LOCK_VIOLATION, _END_OF_FILE, _IO_PENDING = 33, 38, 997
_LOCKED_BYTE = 1 << 62
"""Windows keeps others from reading what is locked, so a byte is locked that no file reaches."""


class _Overlapped(ctypes.Structure):
    _fields_ = (
        ("Internal", ctypes.c_void_p),
        ("InternalHigh", ctypes.c_void_p),
        ("Offset", ctypes.c_uint32),
        ("OffsetHigh", ctypes.c_uint32),
        ("hEvent", ctypes.c_void_p),
    )


def read_at(descriptor: int, size: int, offset: int) -> bytes:
    """Up to `size` bytes from `offset`. Raises OSError."""
    buffer = ctypes.create_string_buffer(size)
    count = ctypes.c_uint32()
    if not _kernel32.ReadFile(
        _handle(descriptor), buffer, ctypes.c_uint32(size), ctypes.byref(count), ctypes.byref(_at(offset))
    ):
        code = _last_error()
        if code == _END_OF_FILE:
            return b""
        raise _win_error(code)
    return buffer.raw[: count.value]


def try_lock(descriptor: int, *, shared: bool) -> bool | None:
    """True if the lock is held now, False if another holds it, None where the file system knows no locks."""
    flags = _FAIL_IMMEDIATELY | (0 if shared else _EXCLUSIVE)
    if _kernel32.LockFileEx(
        _handle(descriptor),
        ctypes.c_uint32(flags),
        ctypes.c_uint32(0),
        ctypes.c_uint32(1),
        ctypes.c_uint32(0),
        ctypes.byref(_at(_LOCKED_BYTE)),
    ):
        return True
    return False if _last_error() in (_LOCK_VIOLATION, _IO_PENDING) else None


def unlock(descriptor: int) -> None:
    """Gives the lock back. Raises OSError."""
    if not _kernel32.UnlockFileEx(
        _handle(descriptor),
        ctypes.c_uint32(0),
        ctypes.c_uint32(1),
        ctypes.c_uint32(0),
        ctypes.byref(_at(_LOCKED_BYTE)),
    ):
        raise _win_error(_last_error())


def _handle(descriptor: int) -> ctypes.c_void_p:
    return ctypes.c_void_p(_msvcrt.get_osfhandle(descriptor))


def _at(offset: int) -> _Overlapped:
    return _Overlapped(None, None, offset & 0xFFFFFFFF, offset >> 32, None)
