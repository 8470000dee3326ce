"""What one run leaves to the next, beside its end snapshot."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from nandtrace.check.batch import Batch
from nandtrace.check.event_facts import Boundary, boundary_after
from nandtrace.check.ranges import IdRanges
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL

LeftEvent = tuple[int, int, int, int, int, int]
"""What was done to a register (a `Does`), by which segment, and its die, plane, block and page."""

Target = tuple[int, int, int, int]
"""die, plane, block, page; NULL where unknown."""


@dataclass(frozen=True, slots=True)
class OpenSegment:
    """A segment that its run committed and did not close, or that a suspend cut in it."""

    op: int
    op_name: str | None
    base: str | None
    source: str | None
    start_ns: int
    end_ns: int
    targets: tuple[Target, ...] = ()
    cut_ns: int = NULL
    """When a suspend cut it, where one did."""

    @property
    def die(self) -> int:
        return self.targets[0][0] if self.targets else NULL


Cut = tuple[int, int, OpenSegment]
"""The position of the OP_END at the cut, the id of the segment, what was committed of it."""


@dataclass(frozen=True, slots=True)
class Carry(Boundary):
    """What a NAND run leaves to the next; None and empty at the start and after a gap.

    `end` is what its RUN_END says became of queued events, `modes` maps (die, block) to the mode of its
    last erase, `open` maps segment ids to what was committed of them, `segs` are all segment ids used so
    far, `registers` events that leave the registers as a CARRIED run left them.
    """

    end: str | None = None
    modes: dict[tuple[int, int], str | None] = field(default_factory=dict)
    open: dict[int, OpenSegment] = field(default_factory=dict)
    segs: IdRanges = field(default_factory=IdRanges)
    registers: tuple[LeftEvent, ...] = ()


def carry_over(before: Carry, batch: Batch) -> Carry:
    """The carry after a batch, given the carry before it."""
    if not len(batch):
        return before
    reached = boundary_after(batch)
    modes = dict(before.modes)
    modes.update(_last_modes(batch))
    return Carry(
        next_seq=reached.next_seq,
        time_ns=reached.time_ns,
        run=reached.run,
        state=reached.state,
        end=_last_end(batch),
        modes=modes,
        open=_open_segments(before, batch),
        segs=before.segs.union(batch.column("COMMIT", "seg")),
    )


def _last_end(batch: Batch) -> str | None:
    ends = batch.column("RUN_END", "end")
    return batch.name(int(ends[-1])) if batch.runs.end[-1] >= 0 else None


def _last_modes(batch: Batch) -> dict[tuple[int, int], str | None]:
    items = batch.items("APPLY_ERASE", "cells")
    if not items.columns:
        return {}
    # A block whose erase was aborted is in no mode.
    aborted = batch.column("APPLY_ERASE", "aborted") == 1
    mode = np.repeat(np.where(aborted, NULL, batch.column("APPLY_ERASE", "celltype")), items.counts)
    cells = zip(items.columns["die"].tolist(), items.columns["block"].tolist(), strict=True)
    # Later erases of a block overwrite earlier ones.
    last = dict(zip(cells, mode.tolist(), strict=True))
    return {cell: batch.name(code) for cell, code in last.items()}


def _open_segments(before: Carry, batch: Batch) -> dict[int, OpenSegment]:
    """Segments that the last run of the batch committed and that saw no OP_END in it, and those of
    runs before it that its end snapshot still holds: as pending, or as cut and not resumed."""
    state = batch.edge_states()[1] or {}
    held = [seg for _, _, seg in state.get("pending") or () if seg is not None]
    known = {seg: before.open[seg] for seg in held if seg in before.open}
    suspended = set(suspended_ops(state))
    if suspended:
        cut = cut_segments(batch, suspended, before.open)
        waiting = suspended - cut.keys()
        known |= {seg: item for seg, item in before.open.items() if item.op in waiting}
        known |= {seg: item for *_, (_, seg, item) in cut.values()}
    segs = batch.column("COMMIT", "seg")
    rows = np.flatnonzero(_open_commits(batch, segs) | np.isin(segs, np.array(held, np.int64)))
    found = {int(segs[row]): committed_as(batch, row) for row in rows.tolist() if segs[row] != NULL}
    return known | found


def begin_with(carry: Carry, batch: Batch) -> Carry:
    """The carry into a batch before which nothing is known, with what its first snapshot tells.

    A snapshot may list the segments that are open and those that were cut as they were committed.
    """
    if carry.state is not None or not len(batch):
        return carry
    state = batch.edge_states()[0] or {}
    told = [*(state.get("segments") or ()), *(state.get("suspended") or ())]
    return replace(carry, open={row["seg"]: _told(row) for row in told} | carry.open)


def _told(row: dict[str, Any]) -> OpenSegment:
    targets = tuple(
        (die, plane, block, NULL if page is None else page)
        for die, plane, block, page in row["targets"]
    )
    return OpenSegment(
        op=row["op"],
        op_name=row["op_name"],
        base=row["base"],
        source=row["source"],
        start_ns=row["start_ns"],
        end_ns=row["end_ns"],
        targets=targets,
        cut_ns=row.get("cut_ns", NULL),
    )


def suspended_ops(state: dict[str, Any] | None) -> list[int]:
    """Ids of the ops that a snapshot lists as suspended."""
    lists = [(state or {}).get(f"suspended_{axis}") or [] for axis in ("erase", "program")]
    return [op for ops in lists for die in ops for op in die if op is not None]


def committed_as(batch: Batch, row: int, cut_ns: int = NULL) -> OpenSegment:
    """What a COMMIT, the `row`-th of the batch, says of its segment."""
    column = batch.column
    items, first = batch.items("COMMIT", "targets"), int(batch.first_targets[row])
    last = first + int(items.counts[row])
    targets = [items.columns[name][first:last].tolist() for name in _TARGET if items.columns]
    return OpenSegment(
        op=int(column("COMMIT", "op")[row]),
        op_name=batch.name(int(column("COMMIT", "op_name")[row])),
        base=batch.name(int(column("COMMIT", "base")[row])),
        source=batch.name(int(column("COMMIT", "source")[row])),
        start_ns=int(column("COMMIT", "start_ns")[row]),
        end_ns=int(column("COMMIT", "end_ns")[row]),
        targets=tuple(zip(*targets, strict=True)),
        cut_ns=cut_ns,
    )


_TARGET = ("die", "plane", "block", "page")


def cut_segments(
    batch: Batch, ops: Collection[int], taken_over: Mapping[int, OpenSegment]
) -> dict[int, list[Cut]]:
    """The segments of ops that a suspend cut by an OP_END, in order, by op.

    They were committed in the batch or are among those taken over.
    """
    wanted = np.array(sorted(ops), np.int64)
    rows = np.flatnonzero(np.isin(batch.column("COMMIT", "op"), wanted))
    segs = batch.column("COMMIT", "seg")[rows]
    commits = dict(zip(segs.tolist(), rows.tolist(), strict=True))
    earlier = {seg: item for seg, item in taken_over.items() if item.op in ops}
    known = np.array([*commits, *earlier], np.int64)
    ends = np.flatnonzero(
        (batch.column("OP_END", "outcome") == batch.code("SUSPENDED"))
        & np.isin(batch.column("OP_END", "seg"), known)
    )
    found: dict[int, list[Cut]] = {}
    for end in ends.tolist():
        seg, position = int(batch.column("OP_END", "seg")[end]), int(batch.rows("OP_END")[end])
        cut_ns = int(batch.time_ns[position])
        if seg in commits:
            item = committed_as(batch, commits[seg], cut_ns)
        else:
            item = replace(earlier[seg], cut_ns=cut_ns)
        found.setdefault(item.op, []).append((position, seg, item))
    return found


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
