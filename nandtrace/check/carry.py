"""What one run leaves to the next, beside its end snapshot."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nandtrace.check.batch import Batch
from nandtrace.check.ranges import IdRanges
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL


@dataclass(frozen=True, slots=True)
class OpenSegment:
    """A segment that its run committed and did not close."""

    op: int
    op_name: str | None
    base: str | None
    source: str | None
    start_ns: int
    end_ns: int
    die: int


@dataclass(frozen=True, slots=True)
class Carry:
    """What is known at the boundary before a batch; None and empty at the start and after a gap.

    `state` is the end snapshot, `modes` maps (die, block) to the mode of its last erase, `open` maps
    segment ids to what was committed of them, `segs` are all segment ids used so far.
    """

    next_seq: int | None = None
    time_ns: int | None = None
    run: int | None = None
    state: dict[str, Any] | None = None
    modes: dict[tuple[int, int], str | None] = field(default_factory=dict)
    open: dict[int, OpenSegment] = field(default_factory=dict)
    segs: IdRanges = field(default_factory=IdRanges)


def carry_over(before: Carry, batch: Batch) -> Carry:
    """The carry after a batch, given the carry before it."""
    if not len(batch):
        return before
    runs = batch.runs
    modes = dict(before.modes)
    modes.update(_last_modes(batch))
    return Carry(
        next_seq=int(batch.seq[-1]) + 1,
        time_ns=int(batch.time_ns[-1]),
        run=int(runs.run[-1]),
        state=batch.edge_states()[1],
        modes=modes,
        open=_open_segments(before, batch),
        segs=before.segs.union(batch.column("COMMIT", "seg")),
    )


def _last_modes(batch: Batch) -> dict[tuple[int, int], str | None]:
    items = batch.items("APPLY_ERASE", "cells")
    if not items.columns:
        return {}
    mode = np.repeat(batch.column("APPLY_ERASE", "celltype"), items.counts)
    cells = zip(items.columns["die"].tolist(), items.columns["block"].tolist(), strict=True)
    # Later erases of a block overwrite earlier ones.
    last = dict(zip(cells, mode.tolist(), strict=True))
    return {cell: batch.name(code) for cell, code in last.items()}


def _open_segments(before: Carry, batch: Batch) -> dict[int, OpenSegment]:
    """Segments that the last run of the batch committed and that saw no OP_END in it, and those of
    runs before it that its end snapshot still holds."""
    state = batch.edge_states()[1] or {}
    held = [seg for _, _, seg in state.get("pending") or ()]
    known = {seg: before.open[seg] for seg in held if seg in before.open}
    segs = batch.column("COMMIT", "seg")
    rows = np.flatnonzero(_open_commits(batch, segs) | np.isin(segs, np.array(held, np.int64)))
    if not len(rows):
        return known
    take = {
        name: batch.column("COMMIT", name)
        for name in ("op", "op_name", "base", "source", "start_ns", "end_ns")
    }
    die = first_dies(batch)
    return known | {
        int(segs[row]): OpenSegment(
            int(take["op"][row]),
            batch.name(int(take["op_name"][row])),
            batch.name(int(take["base"][row])),
            batch.name(int(take["source"][row])),
            int(take["start_ns"][row]),
            int(take["end_ns"][row]),
            int(die[row]),
        )
        for row in rows.tolist()
        if segs[row] != NULL
    }


def _open_commits(batch: Batch, segs: Int64s) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which COMMITs of the last run saw no OP_END in it."""
    start = int(batch.runs.first[-1])
    closed = batch.column("OP_END", "seg")[np.searchsorted(batch.rows("OP_END"), start) :]
    return (batch.rows("COMMIT") >= start) & ~np.isin(segs, closed)


def first_dies(batch: Batch) -> Int64s:
    """Per COMMIT the die of its first target, NULL where it has none."""
    items = batch.items("COMMIT", "targets")
    die = np.full(len(batch.rows("COMMIT")), NULL, np.int64)
    if items.columns:
        has = items.counts > 0
        first = np.cumsum(items.counts) - items.counts
        die[has] = items.columns["die"][first[has]]
    return die
