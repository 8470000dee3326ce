"""Carried segments: those that a run takes over from the one before, by its begin snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nandtrace.check.batch import Batch
from nandtrace.check.carry import Carry, OpenSegment, committed_as, cut_segments, suspended_ops
from nandtrace.trace import ListTable
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import END

_TARGET = ("die", "plane", "block", "page")


@dataclass(frozen=True, slots=True)
class Carried:
    """`rows` are columns with a value per carried segment and run that takes it over.

    `cut_ns` among them is when a suspend cut it in a run before, NULL where it is pending. `targets`
    are those of the COMMITs of the batch, and then of the carried segments.
    """

    rows: dict[str, Int64s]
    targets: ListTable

    def __len__(self) -> int:
        return len(self.rows["seg"])


@dataclass(frozen=True, slots=True)
class _Taken:
    run_row: int
    seg: int
    owes_start: int
    owes_end: int
    was: OpenSegment | None


def derive_carried(batch: Batch, carry: Carry) -> Carried:
    """Segments whose OP_START or OP_END is pending at a run's begin, and those cut and not resumed."""
    taken = [*_pending(batch, carry), *_suspended(batch, carry)]
    ends_left(batch)  # names are numbered before anything counts them
    columns = {
        "run_row": [item.run_row for item in taken],
        "seg": [item.seg for item in taken],
        "seq": [int(batch.seq[batch.runs.begin[item.run_row]]) for item in taken],
        "carried": [1] * len(taken),
        "owes_start": [item.owes_start for item in taken],
        "owes_end": [item.owes_end for item in taken],
    }
    for name in ("op", "start_ns", "end_ns", "die", "cut_ns"):
        columns[name] = [NULL if item.was is None else getattr(item.was, name) for item in taken]
    for name in ("op_name", "base", "source"):
        texts = [None if item.was is None else getattr(item.was, name) for item in taken]
        columns[name] = [NULL if text is None else batch.add_name(text) for text in texts]
    rows = {name: np.array(values, np.int64) for name, values in columns.items()}
    return Carried(rows, _targets(batch, taken))


_QUEUED = ("OP_START", "OP_END")


def _pending(batch: Batch, carry: Carry) -> Iterator[_Taken]:
    owed: dict[tuple[int, int], dict[str, int]] = {}
    for run_row, state in enumerate(batch.begin_states):
        for _, event, seg in (state or {}).get("pending") or ():
            # A hook may be left of a segment that is over.
            if seg is not None and event in _QUEUED:
                entry = owed.setdefault((run_row, seg), dict.fromkeys(_QUEUED, 0))
                entry[event] += 1
    if not owed:
        return
    segs = batch.column("COMMIT", "seg")
    wanted = np.array(sorted({seg for _, seg in owed}), np.int64)
    places = np.flatnonzero(np.isin(segs, wanted))[::-1]
    # Of an id that is used twice the first COMMIT counts.
    commits = dict(zip(segs[places].tolist(), places.tolist(), strict=True))
    for (run_row, seg), entry in owed.items():
        row = commits.get(seg)
        was = carry.open.get(seg) if row is None else committed_as(batch, row)
        yield _Taken(run_row, seg, entry["OP_START"], entry["OP_END"], was)


def _suspended(batch: Batch, carry: Carry) -> Iterator[_Taken]:
    wanted = [
        (run_row, op)
        for run_row, state in enumerate(batch.begin_states)
        for op in suspended_ops(state)
    ]
    if not wanted:
        return
    cut = cut_segments(batch, {op for _, op in wanted}, carry.open)
    earlier = {item.op: (seg, item) for seg, item in carry.open.items() if item.cut_ns != NULL}
    for run_row, op in wanted:
        begin = int(batch.runs.begin[run_row])
        found = [(seg, was) for position, seg, was in cut.get(op, ()) if position < begin]
        last = found[-1] if found else earlier.get(op)
        if last is not None:
            yield _Taken(run_row, last[0], 0, 0, last[1])


def _targets(batch: Batch, taken: list[_Taken]) -> ListTable:
    table = batch.items("COMMIT", "targets")
    if not taken:
        return table
    targets = [item.was.targets if item.was else () for item in taken]
    counts = np.array([len(items) for items in targets], np.int64)
    columns = {}
    for place, name in enumerate(_TARGET):
        known = table.columns.get(name, np.empty(0, np.int64))
        more = np.array([target[place] for items in targets for target in items], np.int64)
        columns[name] = np.concatenate([known, more])
    return ListTable(np.concatenate([table.counts, counts]), columns)


def ends_left(batch: Batch) -> list[tuple[int, int, int]]:
    """Per run and plane where its begin snapshot tells that the end of an op is left: the row of the run,
    the plane's number in the device, and the code of the base."""
    planes_per_die = batch.rules.planes or 1
    found = []
    for run_row, state in enumerate(batch.begin_states):
        for die, planes in enumerate((state or {}).get("planes") or ()):
            for number, plane in enumerate(planes[:planes_per_die]):
                base, _, word = plane["phase_key"].rpartition(".")
                if plane["left"] and word == END:
                    found.append((run_row, die * planes_per_die + number, batch.add_name(base)))
    return found
