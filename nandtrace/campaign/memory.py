"""What memory means for the cells of the local engine: limits under which none would begin, and waiting."""

from __future__ import annotations

from nandtrace.campaign.model import Limits
from nandtrace.errors import UsageError
from nandtrace.units import BYTES_PER_MB
from nandtrace.vocab.workorder import Gate
from nandtrace.workorder.events import MemoryWait
from nandtrace.workorder.probe import Probe, Reading, SystemProbe


def check_memory(limits: Limits, probe: Probe | None = None) -> None:
    """Raise UsageError where no cell would ever begin on this machine."""
    if not limits.memory_gating:
        return
    if limits.critical == 0:
        raise UsageError("limits.critical is 0: no cell would ever begin")
    total_bytes = (probe or SystemProbe()).read().total_bytes
    if _needed_bytes(limits) > total_bytes:
        raise UsageError(
            f"limits.memory_per_slot_mb is {limits.memory_per_slot_mb:,.10g}, and this machine has "
            f"{_size(total_bytes)} in all: no cell would ever begin"
        )


def waiting_text(wait: MemoryWait, limits: Limits) -> str:
    """What the next cell waits for."""
    reading = wait.reading
    if wait.gate is Gate.PRESSURE:
        return (
            f"waits for memory: {_used_percent(reading)} is in use, "
            f"and from {_percent(limits.critical)} on no cell begins"
        )
    needed_bytes, free_bytes = _needed_bytes(limits), reading.available_bytes
    text = f"waits for memory: a cell needs {_size(needed_bytes)}, {_size(free_bytes)} is free"
    if free_bytes < needed_bytes:
        return text
    return f"{text}, of which cells that have just begun may take some"


def _needed_bytes(limits: Limits) -> float:
    return limits.memory_per_slot_mb * BYTES_PER_MB


def _size(size_bytes: float) -> str:
    return f"{size_bytes / BYTES_PER_MB:,.0f} MB"


def _used_percent(reading: Reading) -> str:
    return _percent(round(reading.used_bytes / reading.total_bytes, 3))


def _percent(share: float) -> str:
    return f"{share * 100:.3g} %"
