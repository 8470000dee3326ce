"""Reference checker, NAND: the backlog of each die, first come, first served."""

from __future__ import annotations

from collections.abc import Iterator

from tests.reference.log import Entry
from tests.reference.nand.segments import Run
from tests.reference.runs import Offence


def broken_backlogs(runs: list[Run]) -> Iterator[Offence]:
    """backlog-fifo, over the whole trace: only the first snapshot tells who waits already."""
    waiting: dict[int | None, list[int | None]] = {}
    for die, ops in enumerate(runs[0].before("backlog", []) if runs else []):
        waiting[die] = list(ops)
    left: Entry | None = None
    for entry in (entry for run in runs for entry in run.entries):
        if entry.kind == "RUN_BEGIN":
            left = None
        if entry.kind == "BACKLOG" and entry.get("on") is not None:
            queue = waiting.setdefault(entry.get("die"), [])
            if entry.get("on"):
                queue.append(entry.get("op"))
                continue
            if queue[:1] != [entry.get("op")]:
                yield "backlog-fifo", entry.seq
            if entry.get("op") in queue:
                queue.remove(entry.get("op"))
            left = entry
        elif entry.kind == "COMMIT" and entry.get("source") == "BACKLOG" and not _is(left, entry):
            yield "backlog-fifo", entry.seq


def _is(left: Entry | None, commit: Entry) -> bool:
    """Whether what left the backlog is what is committed, at that time."""
    return left is not None and (left.get("op"), left.time_ns) == (
        commit.get("op"),
        commit.time_ns,
    )
