"""Record the default profile and print this process's peak memory in MiB: `... TRACE RUNS RUN_NS`."""

from __future__ import annotations

import sys

from benchmarks.generating import Generation
from benchmarks.peak_memory import peak_mib
from nandtrace.nand.profiles.loading import load_profile
from nandtrace.nand.recording import record

if __name__ == "__main__":
    trace, runs, run_ns = sys.argv[1:]
    generation = Generation(load_profile("default").profile, (int(run_ns),) * int(runs))
    record(trace, generation.profile, generation.options)
    print(peak_mib())
