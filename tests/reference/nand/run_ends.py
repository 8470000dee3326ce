"""Reference checker, NAND: whether a run says truly how it ended."""

from __future__ import annotations

from collections.abc import Iterator

from tests.reference.nand.segments import Run
from tests.reference.runs import Offence


def untold_ends(run: Run) -> Iterator[Offence]:
    """run-end-told."""
    for entry in (run.begin, run.end):
        if (entry.snapshot or {}).get("clock_ns", entry.time_ns) != entry.time_ns:
            yield "run-end-told", entry.seq
    if not run.ended or run.end.get("stop") != "run_until":
        return
    until_ns = run.begin.get("run_until_ns") if run.begun else None
    if until_ns is not None and run.end.time_ns < until_ns and _had_more(run):
        yield "run-end-told", run.end.seq
    bootstrap = run.after("bootstrap")
    if run.carried and bootstrap is not None and bootstrap.get("stage") in (None, "DONE"):
        yield "run-end-told", run.end.seq


def _had_more(run: Run) -> bool:
    """Whether it could have gone on: a refill comes every period, or its drain found something queued."""
    if run.device.get("queue_refill_period_ns"):
        return True
    drains = [entry for entry in run.entries if entry.kind == "DRAIN_BEGIN"]
    return any((entry.get("pending") or 0) > 0 for entry in drains)
