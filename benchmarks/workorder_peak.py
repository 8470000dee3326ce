"""Have orders done and print this process's peak memory in MiB: `... ORDERS [TRACE]`."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.peak_memory import peak_mib
from benchmarks.workorder_load import record, run_submitted

if __name__ == "__main__":
    orders, *trace = sys.argv[1:]
    if trace:
        record(Path(trace[0]), int(orders), run_submitted)
    else:
        run_submitted(int(orders))
    print(peak_mib())
