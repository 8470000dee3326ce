"""What one run leaves to the next, beside its end snapshot."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nandtrace.check.batch import Batch
from nandtrace.check.ranges import IdRanges
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
        open=_open_segments(batch),
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


def _open_segments(batch: Batch) -> dict[int, OpenSegment]:
    """Segments that the last run of the batch committed and that saw no OP_END in it."""
    start = int(batch.runs.first[-1])
    segs = batch.column("COMMIT", "seg")
    rows = np.arange(np.searchsorted(batch.rows("COMMIT"), start), len(segs))
    closed = batch.column("OP_END", "seg")[np.searchsorted(batch.rows("OP_END"), start) :]
    rows = rows[~np.isin(segs[rows], closed)]
    if not len(rows):
        return {}
    take = {
        name: batch.column("COMMIT", name)
        for name in ("op", "op_name", "base", "source", "start_ns", "end_ns")
    }
    return {
        int(segs[row]): OpenSegment(
            int(take["op"][row]),
            batch.name(int(take["op_name"][row])),
            batch.name(int(take["base"][row])),
            batch.name(int(take["source"][row])),
            int(take["start_ns"][row]),
            int(take["end_ns"][row]),
        )
        for row in rows.tolist()
        if segs[row] != NULL
    }
