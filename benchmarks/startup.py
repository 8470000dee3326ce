"""Start-up: what a user waits for before anything happens."""

from __future__ import annotations

from pathlib import Path

from benchmarks.measure import NANDTRACE, in_turns, timed_process
from benchmarks.results import SECONDS, Figure, Result
from benchmarks.workload import build_workload, write_bulk

GROUP = "start-up"
SMALL_TRACES = 10
SMALL_EVENTS = 1_000


def measure_startup(folder: Path, repeats: int) -> list[Result]:
    """`--help`, and `verify` of ten small traces, beside Python and the libraries that it loads."""
    traces = [folder / f"small-{number}.mpk" for number in range(SMALL_TRACES)]
    for number, trace in enumerate(traces):
        write_bulk(trace, build_workload(SMALL_EVENTS, seed=number))
    seconds = in_turns(
        {
            "help": timed_process(*NANDTRACE, "--help"),
            "verify": timed_process(*NANDTRACE, "verify", *traces),
            "python": timed_process("-c", "pass"),
            "libraries": timed_process("-c", "import numpy, polars"),
        },
        repeats,
    )
    return [
        Result(
            GROUP,
            what,
            SECONDS,
            Figure(what, tuple(seconds[name]), 0),
            Figure(peer_name, tuple(seconds[peer]), 0),
        )
        for what, name, peer_name, peer in (
            ("nandtrace --help", "help", "python -c pass", "python"),
            (
                f"verify of {SMALL_TRACES} small traces",
                "verify",
                "import numpy, polars",
                "libraries",
            ),
        )
    ]
