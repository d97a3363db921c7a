"""How the machine is doing, as metrics ``system/…``.

system/cpu               % of all processors           system/process/cpu      % of one processor
system/memory            % in use                      system/process/memory   MB resident
system/disk              % full, where the data lies   system/process/threads
system/disk_read, disk_written            MB/s         system/gpu.0/utilization   %
system/network_sent, network_received     MB/s         system/gpu.0/memory        % in use
                                                       system/gpu.0/memory_used   MB
                                                       system/gpu.0/power         W
                                                       system/gpu.0/temperature   °C
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Any

_MB = 1e6


class SystemMetrics:
    """Takes samples. Rates are those since the sample before, so the first one has none.

    Args:
        folder: A folder on the disk that is watched.
        nvml: The module ``pynvml``; None looks for it and goes without where there is no NVIDIA driver.

    """

    def __init__(self, folder: Path, nvml: Any = None) -> None:
        import psutil

        self._psutil = psutil
        self._folder = folder
        self._process = psutil.Process()
        self._before: tuple[float, dict[str, float]] | None = None
        self.gpus = GpuMetrics(nvml)
        # The first answer of these is about the time since boot; it is thrown away.
        psutil.cpu_percent()
        with contextlib.suppress(psutil.Error):
            self._process.cpu_percent()
        self._before = (time.monotonic(), self._totals())

    def sample(self) -> dict[str, float]:
        """One sample; what cannot be had here is left out."""
        psutil = self._psutil
        found: dict[str, float] = {
            "system/cpu": psutil.cpu_percent(),
            "system/memory": psutil.virtual_memory().percent,
        }
        with contextlib.suppress(OSError):
            found["system/disk"] = psutil.disk_usage(str(self._folder)).percent
        found.update(self._rates())
        with contextlib.suppress(psutil.Error), self._process.oneshot():
            found["system/process/cpu"] = self._process.cpu_percent()
            found["system/process/memory"] = round(self._process.memory_info().rss / _MB, 1)
            found["system/process/threads"] = self._process.num_threads()
        found.update(self.gpus.sample())
        return found

    def _totals(self) -> dict[str, float]:
        found: dict[str, float] = {}
        # Containers and some systems show no counters.
        with contextlib.suppress(Exception):
            disk = self._psutil.disk_io_counters()
            if disk is not None:
                found.update({"system/disk_read": disk.read_bytes, "system/disk_written": disk.write_bytes})
        with contextlib.suppress(Exception):
            network = self._psutil.net_io_counters()
            found.update({"system/network_sent": network.bytes_sent, "system/network_received": network.bytes_recv})
        return found

    def _rates(self) -> dict[str, float]:
        before, now = self._before, (time.monotonic(), self._totals())
        self._before = now
        if before is None or now[0] - before[0] < 0.05:
            return {}
        passed = now[0] - before[0]
        return {
            name: round(max(0.0, total - before[1][name]) / passed / _MB, 4)
            for name, total in now[1].items()
            if name in before[1]
        }


class GpuMetrics:
    """NVIDIA's GPUs by NVML; those that CUDA_VISIBLE_DEVICES names by number, else all."""

    def __init__(self, nvml: Any = None) -> None:
        self._nvml = nvml
        self._handles: list[tuple[int, Any]] = []
        self.names: list[str] = []
        if self._nvml is None:
            try:
                import pynvml
            except ImportError:
                return
            self._nvml = pynvml
        try:
            self._nvml.nvmlInit()
            for number in _visible(self._nvml.nvmlDeviceGetCount()):
                handle = self._nvml.nvmlDeviceGetHandleByIndex(number)
                name = self._nvml.nvmlDeviceGetName(handle)
                self._handles.append((number, handle))
                self.names.append(name.decode() if isinstance(name, bytes) else str(name))
        except Exception:  # no driver, no device, no permission: then there is nothing to watch
            self._handles, self.names = [], []

    def sample(self) -> dict[str, float]:
        """Utilisation, memory, power and temperature of each; what a device does not tell is left out."""
        found: dict[str, float] = {}
        nvml = self._nvml
        for number, handle in self._handles:
            prefix = f"system/gpu.{number}"
            # Each by itself: some devices tell their temperature and not their power.
            with contextlib.suppress(Exception):
                found[f"{prefix}/utilization"] = float(nvml.nvmlDeviceGetUtilizationRates(handle).gpu)
            with contextlib.suppress(Exception):
                memory = nvml.nvmlDeviceGetMemoryInfo(handle)
                found[f"{prefix}/memory"] = round(100 * memory.used / memory.total, 2)
                found[f"{prefix}/memory_used"] = round(memory.used / _MB, 1)
            with contextlib.suppress(Exception):
                found[f"{prefix}/power"] = nvml.nvmlDeviceGetPowerUsage(handle) / 1000
            with contextlib.suppress(Exception):
                kind = getattr(nvml, "NVML_TEMPERATURE_GPU", 0)
                found[f"{prefix}/temperature"] = float(nvml.nvmlDeviceGetTemperature(handle, kind))
        return found


def _visible(count: int) -> list[int]:
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES", "").strip()
    numbers = [part.strip() for part in chosen.split(",")]
    if chosen and all(part.isdigit() for part in numbers):
        return [int(part) for part in numbers if int(part) < count]
    return list(range(count))
