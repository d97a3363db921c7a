"""A stand-in for Windows on Linux: what Windows lacks is taken from the standard library, and what it refuses is refused.

It is imported at the start of every Python that has this folder in PYTHONPATH. Modules of the standard library that are written for
this system get what they use first. ``STAND_IN_PROCESSES`` names a folder in which these processes note their numbers: a file that
any of them has open can be neither renamed, replaced nor removed.
"""

from __future__ import annotations

import asyncio
import concurrent.futures.thread
import ctypes
import errno
import fcntl
import importlib
import multiprocessing
import multiprocessing.connection
import multiprocessing.managers
import multiprocessing.resource_tracker
import multiprocessing.shared_memory
import multiprocessing.util
import os
import selectors
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import types
import warnings
from pathlib import Path

_KEPT = (asyncio, concurrent.futures.thread, selectors, shutil, ssl, tempfile, threading)
_PROCESSES = Path(os.environ.get("STAND_IN_PROCESSES", "/nonexistent"))
_BINARY = 1 << 28
_SELF = str(os.getpid())

_open, _pread, _replace, _rename, _unlink, _rmdir, _fsync, _kill, _flock = (
    os.open,
    os.pread,
    os.replace,
    os.rename,
    os.unlink,
    os.rmdir,
    os.fsync,
    os.kill,
    fcntl.flock,
)
_fcntl_call, _get_flags, _access_mode = fcntl.fcntl, fcntl.F_GETFL, os.O_ACCMODE
_shared, _exclusive, _at_once, _free = fcntl.LOCK_SH, fcntl.LOCK_EX, fcntl.LOCK_NB, fcntl.LOCK_UN

for _name in os.environ.get("STAND_IN_PRELOAD", "").split():
    importlib.import_module(_name)
if _PROCESSES.is_dir():
    (_PROCESSES / _SELF).touch()


def _is_open(path: object) -> bool:
    """Whether a process of the stand-in has the file, or one below the folder, open."""
    wanted = os.path.realpath(os.path.dirname(os.path.abspath(os.fsdecode(path))))  # type: ignore[arg-type]
    wanted = os.path.join(wanted, os.path.basename(os.fsdecode(path)))  # type: ignore[arg-type]
    processes = {_SELF, *(os.listdir(_PROCESSES) if _PROCESSES.is_dir() else ())}
    for process in processes:
        try:
            descriptors = os.listdir(f"/proc/{process}/fd")
        except OSError:
            continue
        for descriptor in descriptors:
            try:
                target = os.readlink(f"/proc/{process}/fd/{descriptor}")
            except OSError:
                continue
            if target == wanted or target.startswith(wanted + os.sep):
                return True
    return False


def _refuse(*paths: object) -> None:
    for path in paths:
        if _is_open(path):
            raise PermissionError(
                errno.EACCES, "The process cannot access the file: another process uses it", str(path)
            )


def _own_caller() -> bool:
    return sys._getframe(2).f_globals.get("__name__", "").startswith("aspara")


def open_(path, flags, mode=0o777, *, dir_fd=None):
    if not isinstance(path, int) and os.path.isdir(path) and _own_caller():
        raise PermissionError(errno.EACCES, "Permission denied", str(path))
    if not flags & _BINARY and _own_caller():
        raise AssertionError(
            f"{path} is opened as text: without O_BINARY, Windows writes another byte for each newline."
        )
    return _open(path, flags & ~_BINARY | os_no_inherit, mode, dir_fd=dir_fd)


def replace(source, target, **options):
    _refuse(source, target)
    _replace(source, target, **options)


def rename(source, target, **options):
    _refuse(source, target)
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, "File exists", str(target))
    _rename(source, target, **options)


def unlink(path, *, dir_fd=None):
    if dir_fd is None:
        _refuse(path)
    _unlink(path, dir_fd=dir_fd)


def fsync(descriptor):
    number = descriptor if isinstance(descriptor, int) else descriptor.fileno()
    if _fcntl_call(number, _get_flags) & _access_mode == os.O_RDONLY:
        raise OSError(errno.EBADF, "Bad file descriptor")
    _fsync(number)


# -- Windows' own calls ------------------------------------------------------------------------------------------------


class _Kernel32:
    @staticmethod
    def _descriptor(handle):
        return handle.value or 0

    def ReadFile(self, handle, buffer, size, count, overlapped):  # noqa: N802
        at = overlapped._obj
        try:
            content = _pread(self._descriptor(handle), size.value, at.Offset | at.OffsetHigh << 32)
        except OSError as error:
            ctypes._code = error.errno
            return 0
        if not content and size.value:
            ctypes._code = 38
            return 0
        ctypes.memmove(buffer, content, len(content))
        count._obj.value = len(content)
        return 1

    def LockFileEx(self, handle, flags, _reserved, _low, _high, overlapped):  # noqa: N802
        assert overlapped._obj.OffsetHigh > 1 << 29, "the lock would keep others from reading rows"
        try:
            _flock(self._descriptor(handle), (_exclusive if flags.value & 2 else _shared) | _at_once)
        except OSError:
            ctypes._code = 33
            return 0
        return 1

    def UnlockFileEx(self, handle, *_rest):  # noqa: N802
        _flock(self._descriptor(handle), _free)
        return 1


ctypes.WinDLL = lambda _name, **_options: _Kernel32()
ctypes.get_last_error = lambda: ctypes._code
ctypes.WinError = lambda code: OSError(code, "Windows' error")
sys.modules["msvcrt"] = types.ModuleType("msvcrt")
sys.modules["msvcrt"].get_osfhandle = lambda descriptor: os.fstat(descriptor) and descriptor

_statvfs = os.statvfs


def disk_usage(path):
    state = _statvfs(path)
    total, free = state.f_blocks * state.f_frsize, state.f_bavail * state.f_frsize
    return shutil._ntuple_diskusage(total, total - free, free)


shutil.disk_usage = disk_usage
shutil._USE_CP_SENDFILE = False

# -- what is taken -----------------------------------------------------------------------------------------------------


def _terminate(self):
    _kill(self.pid, 9)


subprocess.Popen.kill = subprocess.Popen.terminate = _terminate
os_no_inherit = os.O_CLOEXEC
for _module in ("fcntl", "pwd", "grp", "resource", "termios", "tty", "pty", "syslog"):
    sys.modules[_module] = None
for _name in (
    "fork forkpty register_at_fork fdatasync pread pwrite preadv pwritev readv writev posix_fadvise posix_fallocate sendfile "
    "O_NOFOLLOW O_DIRECTORY O_CLOEXEC O_NONBLOCK O_SYNC O_DSYNC O_PATH getuid geteuid getgid getegid getgroups setsid getpgid "
    "getpgrp getsid killpg mkfifo mknod chown lchown fchown fchmod chroot nice getloadavg sched_getaffinity sched_setaffinity "
    "sync statvfs fstatvfs getpriority wait wait3 wait4 set_blocking get_blocking"
).split():
    if hasattr(os, _name):
        delattr(os, _name)
for _name in [name for name in vars(signal) if name.startswith("SIG") and name[3] != "_"]:
    if _name not in ("SIGINT", "SIGTERM", "SIGABRT", "SIGFPE", "SIGILL", "SIGSEGV"):
        delattr(signal, _name)
for _name in ("pthread_kill", "alarm", "setitimer", "siginterrupt", "sigwait", "pause"):
    if hasattr(signal, _name):
        delattr(signal, _name)
if hasattr(time, "tzset"):
    del time.tzset
multiprocessing.set_start_method("spawn")
multiprocessing.get_all_start_methods = lambda: ["spawn"]


def _no_signals(self, *_arguments, **_options):
    raise NotImplementedError


asyncio.unix_events._UnixSelectorEventLoop.add_signal_handler = _no_signals
os.O_BINARY = _BINARY
os.open, os.replace, os.rename, os.unlink, os.remove, os.fsync = open_, replace, rename, unlink, unlink, fsync
shutil._use_fd_functions = False  # rmtree looks for each file by its path there
# Text without an encoding is cp1252 there.
warnings.filterwarnings("error", category=EncodingWarning, module=r"aspara(\.|$)")
