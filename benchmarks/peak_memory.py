"""Verify one trace and print the peak memory of this process in MiB: `-m benchmarks.peak_memory TRACE`."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from nandtrace.check import verify_trace

STATUS = Path("/proc/self/status")


def peak_mib() -> float:
    """Peak resident memory. `ru_maxrss` would count the parent's before exec, so Linux is asked itself."""
    if STATUS.exists():
        for line in STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024


if __name__ == "__main__":
    verify_trace(sys.argv[1])
    print(peak_mib())
