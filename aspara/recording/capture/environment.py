"""Where a program runs: Python, machine, packages, the variables that decide how it trains."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import sys
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from aspara.recording.capture.notebook import notebook_path
from aspara.recording.capture.redaction import redact_arguments, redact_variables

# What decides how a job is placed and which devices it sees; nothing else of the environment is kept.
_VARIABLES = (
    "CUDA_VISIBLE_DEVICES",
    "HIP_VISIBLE_DEVICES",
    "NVIDIA_VISIBLE_DEVICES",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "PYTHONHASHSEED",
    "CONDA_DEFAULT_ENV",
    "VIRTUAL_ENV",
    "RANK",
    "LOCAL_RANK",
    "WORLD_SIZE",
    "MASTER_ADDR",
    "MASTER_PORT",
    "KUBERNETES_SERVICE_HOST",
)
_FAMILIES = (
    "SLURM_JOB",
    "SLURM_PROCID",
    "SLURM_NTASKS",
    "SLURM_NNODES",
    "SLURM_ARRAY",
    "PBS_JOB",
    "LSB_JOB",
    "XLA_",
    "NCCL_",
)
_PAUSE = 0.001


def command() -> list[str]:
    """The command line, secrets blanked."""
    program = Path(sys.argv[0]).name if sys.argv and sys.argv[0] else "python"
    return redact_arguments([program, *sys.argv[1:]])


def program_id() -> str:
    """What tells this program from others: 16 digits of a hash of its script, or notebook, and its working directory."""
    script = notebook_path() or (sys.argv[0] if getattr(sys, "argv", None) else "")
    if script == "-c":
        script = "\0".join(getattr(sys, "orig_argv", [script]))
    elif script:
        script = os.path.realpath(script)
    try:
        folder = os.getcwd()
    except OSError:
        folder = ""
    return hashlib.sha256(f"{script}\0{folder}".encode("utf-8", "surrogateescape")).hexdigest()[:16]


def python_facts() -> dict[str, Any]:
    """What is known at once: Python, platform, number of processors, working directory."""
    found: dict[str, Any] = {
        "python": platform.python_version(),
        "executable": sys.executable,
        "platform": sys.platform,
        "cpu_count": os.cpu_count(),
    }
    with contextlib.suppress(OSError):
        found["cwd"] = str(Path.cwd())
    return found


def machine_facts() -> dict[str, Any]:
    """What takes a moment: system, processor, memory, and the variables that place a job."""
    found: dict[str, Any] = {"os": platform.platform(), "implementation": platform.python_implementation()}
    processor = _processor()
    if processor:
        found["cpu"] = processor
    with contextlib.suppress(AttributeError, ValueError, OSError):
        found["memory_bytes"] = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    variables = {k: v for k, v in os.environ.items() if k in _VARIABLES or k.startswith(_FAMILIES)}
    if variables:
        found["variables"] = redact_variables(dict(sorted(variables.items())))
    return found


def packages(pause: float = _PAUSE) -> bytes:
    """The installed packages as ``name==version`` lines. It rests between two, so that the training thread has its turn."""
    return _packages(tuple(sys.path), pause)


@lru_cache(maxsize=1)
def _packages(path: tuple[str, ...], pause: float) -> bytes:
    from importlib.metadata import distributions

    found: dict[str, str] = {}
    for distribution in distributions(path=list(path)):
        with contextlib.suppress(Exception):  # a half-removed package must not hide the others
            name, version = distribution.metadata["Name"], distribution.version
            if name:
                found.setdefault(name, version)
        if pause:
            time.sleep(pause)
    return "".join(f"{name}=={found[name]}\n" for name in sorted(found, key=str.lower)).encode()


def _processor() -> str | None:
    with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or None
