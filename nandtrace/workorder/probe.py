"""Probes: where a scheduler has its readings of memory and processor from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from nandtrace.errors import WorkOrderError
from nandtrace.workorder.cgroups import PROC, ControlGroup, KernelFile, control_groups

_IDLE = ("idle", "iowait")
_COUNTED_TWICE = ("guest", "guest_nice")
"""They are parts of user and nice."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The memory at one moment. Raises WorkOrderError for what no memory can be."""

    total_bytes: int
    available_bytes: int

    def __post_init__(self) -> None:
        if not 0 <= self.available_bytes <= self.total_bytes or self.total_bytes == 0:
            raise WorkOrderError(
                f"a reading has {self.available_bytes} bytes available of {self.total_bytes}"
            )

    @property
    def used_bytes(self) -> int:
        return self.total_bytes - self.available_bytes


class Probe(ABC):
    """Reads memory and processor. A reading must be quick: the scheduler waits for it."""

    @abstractmethod
    def read(self) -> Reading:
        """The memory now."""

    @abstractmethod
    def cpu(self) -> float:
        """Which part of the processors was busy since the last call, or since the beginning: 0 to 1."""


class SystemProbe(Probe):
    """This machine, as far as the limits of the containers let the process use it.

    Total and available memory are the least of the machine's and of what each limit leaves. What a group
    could give back at once, its inactive file cache, counts as available. Groups are looked up once, their
    limits with every reading.
    """

    def __init__(self, proc: Path = PROC) -> None:
        self._groups = _memory_groups(proc)
        self._busy, self._all = _processor_seconds()

    def read(self) -> Reading:
        machine = psutil.virtual_memory()
        total, available = machine.total, machine.available
        for group in self._groups:
            limited = group.read(machine.total)
            if limited is not None:
                total = min(total, limited.total_bytes)
                available = min(available, limited.available_bytes)
        return Reading(total, min(available, total))

    def cpu(self) -> float:
        before_busy, before_all = self._busy, self._all
        self._busy, self._all = _processor_seconds()
        passed = self._all - before_all
        return min(max((self._busy - before_busy) / passed, 0.0), 1.0) if passed > 0 else 0.0


class ScriptedProbe(Probe):
    """Readings that were written down, for virtual time.

    `steps` are pairs of a time in ns and the reading from then on; the first holds before its time, too.
    Raises WorkOrderError for steps that are none, or not in the order of time.
    """

    def __init__(self, now_ns: Callable[[], int], steps: Sequence[tuple[int, Reading]]) -> None:
        self._now_ns = now_ns
        self._times_ns = [time_ns for time_ns, _ in steps]
        self._readings = [reading for _, reading in steps]
        if not steps or self._times_ns != sorted(self._times_ns):
            raise WorkOrderError("the steps of a probe are not in the order of time, or none")

    def read(self) -> Reading:
        return self._readings[max(bisect_right(self._times_ns, self._now_ns()) - 1, 0)]

    def cpu(self) -> float:
        """Nothing takes time by a virtual clock."""
        return 0.0


@dataclass(frozen=True, slots=True)
class _MemoryFiles:
    """Names of a group's files, and of the line that tells the inactive file cache."""

    limit: str
    usage: str
    inactive: bytes


_UNIFIED = _MemoryFiles("memory.max", "memory.current", b"inactive_file ")
_LEGACY = _MemoryFiles("memory.limit_in_bytes", "memory.usage_in_bytes", b"total_inactive_file ")


class _MemoryGroup:
    """A control group that may limit the memory. Raises OSError where its files are not there."""

    def __init__(self, group: ControlGroup) -> None:
        names = _UNIFIED if group.is_unified else _LEGACY
        self._limit = KernelFile(group.folder / names.limit)
        self._usage = KernelFile(group.folder / names.usage)
        self._stat = KernelFile(group.folder / "memory.stat")
        self._inactive = names.inactive

    def read(self, most_bytes: int) -> Reading | None:
        """What the group leaves; None where it has no limit below `most_bytes` that can be understood."""
        try:
            # Without a limit the word max stands there, or a number beyond any memory.
            limit = int(self._limit.read())
            if not 0 < limit < most_bytes:
                return None
            usage, inactive = int(self._usage.read()), self._inactive_bytes()
        except (OSError, ValueError):
            return None
        return Reading(limit, min(max(limit - max(usage - inactive, 0), 0), limit))

    def _inactive_bytes(self) -> int:
        for line in self._stat.read().splitlines():
            if line.startswith(self._inactive):
                return int(line.removeprefix(self._inactive))
        return 0


def _memory_groups(proc: Path) -> list[_MemoryGroup]:
    found = []
    for group in control_groups("memory", proc):
        with suppress(OSError):
            found.append(_MemoryGroup(group))
    return found


def _processor_seconds() -> tuple[float, float]:
    """How long all processors were busy since the machine began, and altogether."""
    times = psutil.cpu_times()
    spent = {
        name: seconds for name, seconds in times._asdict().items() if name not in _COUNTED_TWICE
    }
    every = sum(spent.values())
    return every - sum(spent.get(name, 0.0) for name in _IDLE), every
