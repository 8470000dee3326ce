"""Record a hand-over and print this process's peak memory in MiB: `... TRACE MESSAGES`."""

from __future__ import annotations

import sys

from benchmarks.graph_shapes import hand_over_shape
from benchmarks.peak_memory import peak_mib
from nandtrace.graph import record_graph

if __name__ == "__main__":
    trace, messages = sys.argv[1:]
    shape = hand_over_shape(int(messages))
    shape.check(record_graph(trace, shape.build()).report)
    print(peak_mib())
