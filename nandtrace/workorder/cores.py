"""How many processors this process may use."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from nandtrace.workorder.cgroups import PROC, ControlGroup, KernelFile, control_groups


def usable_cores(proc: Path = PROC) -> int:
    """The processors that the process may run on, or as many as its containers' quotas are worth.

    A quota of one and a half processors counts as two. At least 1.
    """
    quotas = (_quota(group) for group in control_groups("cpu", proc))
    return max(min([_affine_cores(), *(quota for quota in quotas if quota is not None)]), 1)


def _affine_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quota(group: ControlGroup) -> int | None:
    """The processors of a group's quota, rounded up; None where it has none that can be understood."""
    names = ("cpu.max",) if group.is_unified else ("cpu.cfs_quota_us", "cpu.cfs_period_us")
    with suppress(OSError, ValueError):
        text = b" ".join(KernelFile(group.folder / name).read() for name in names)
        # Without a quota the word max stands there, or -1.
        quota_us, period_us = map(int, text.split())
        if quota_us > 0 and period_us > 0:
            return -(-quota_us // period_us)
    return None
