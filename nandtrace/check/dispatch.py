"""The queue, rebuilt from the log: what waited while something else was dispatched."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nandtrace.check.batch import Batch
from nandtrace.check.facts import Facts
from nandtrace.check.segments import MISSING
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import DISPATCH_PRIORITY, Hook

_PRIORITIES = 8
"""Keys are time * _PRIORITIES + priority."""

_TRACED = 100
"""Of so many it is found out what overtook them: a violation or two are looked at, not a million."""


def overtaken(facts: Facts) -> tuple[dict[str, Int64s], int]:
    """Queued OP_STARTs and OP_ENDs that something with a later key was dispatched before.

    Returns columns `seq` (the COMMIT that queued them), `seg`, `event` (0 OP_START, 1 OP_END),
    `due_ns` and `other_seq` (what was dispatched first; NULL but for the first _TRACED), and how many
    queued events were looked at.
    """
    heap = _dispatched(facts)
    found: list[dict[str, Int64s]] = []
    evaluated = 0
    for queue in (_queued(facts, 0), _queued(facts, 1), _refills(facts.batch)):
        evaluated += len(queue["seq"])
        late = _passed_over(facts.batch, queue, heap)
        passed = {name: values[late] for name, values in queue.items()}
        found.append(passed | {"other_seq": _first_passing(facts.batch, passed, heap)})
    swapped = _swapped(facts.batch, heap)
    columns = {
        name: np.concatenate([part[name] for part in found] + [swapped[name]]) for name in swapped
    }
    order = np.argsort(columns["seq"], kind="stable")
    return {name: values[order] for name, values in columns.items()}, evaluated


EVENTS = ("OP_START", "OP_END", Hook.QUEUE_REFILL.value)


def _refills(batch: Batch) -> dict[str, Int64s]:
    """QUEUE_REFILLs that another one of their run, or its begin, has queued; none where the header does
    not tell that refills are queued so."""
    hooks = batch.rows("HOOK")
    positions = hooks[batch.column("HOOK", "hook") == batch.code(Hook.QUEUE_REFILL)]
    if not batch.rules.queue_refill_period_ns:
        positions = positions[:0]
    run_row = batch.run_row[positions]
    before = np.roll(positions, 1)
    first = np.ones(len(positions), np.bool_)
    first[1:] = run_row[1:] != run_row[:-1]
    before[first] = batch.runs.first[run_row[first]]
    due_ns = batch.time_ns[positions]
    return {
        "seq": batch.seq[before],
        "seg": np.full(len(positions), NULL, np.int64),
        "event": np.full(len(positions), EVENTS.index(Hook.QUEUE_REFILL), np.int64),
        "due_ns": due_ns,
        "key": due_ns * _PRIORITIES + DISPATCH_PRIORITY[Hook.QUEUE_REFILL],
        "gone": batch.seq[positions],
    }


@dataclass(frozen=True, slots=True)
class _Heap:
    """What left the heap, in order: positions, keys, and the COMMITs (seq) that queued it.

    `before[p]` counts what left it before position p of the batch.
    """

    positions: Int64s
    keys: Int64s
    queued_at: Int64s
    before: npt.NDArray[np.int32]


def _dispatched(facts: Facts) -> _Heap:
    """Every dispatch of the batch. An OP_END with outcome SUSPENDED or RESET is none."""
    batch = facts.batch
    keys = np.full(len(batch), MISSING, np.int64)
    queued_at = np.full(len(batch), MISSING, np.int64)
    for kind in ("OP_START", "OP_END"):
        positions, rows = batch.rows(kind), facts.rows_of(kind)
        if kind == "OP_END":
            outcome = batch.column(kind, "outcome")
            own = (outcome != batch.code("SUSPENDED")) & (outcome != batch.code("RESET"))
            positions, rows = positions[own], rows[own]
        keys[positions] = batch.time_ns[positions] * _PRIORITIES + DISPATCH_PRIORITY[kind]
        known = rows >= 0
        queued_at[positions[known]] = facts.segments.seq[rows[known]]
    hooks, names = batch.rows("HOOK"), batch.column("HOOK", "hook")
    for name, priority in DISPATCH_PRIORITY.items():
        mine = hooks[names == batch.code(name)]
        keys[mine] = batch.time_ns[mine] * _PRIORITIES + priority
    left = keys != MISSING
    positions = np.flatnonzero(left)
    before = np.zeros(len(batch) + 1, np.int32)
    np.cumsum(left, out=before[1:])
    return _Heap(positions, keys[positions], queued_at[positions], before)


def _queued(facts: Facts, event: int) -> dict[str, Int64s]:
    """Entries of the heap: when they were queued, when they left it, and their key."""
    segments, batch = facts.segments, facts.batch
    if event == 0:
        chained = segments.source == batch.code("RESUME_CHAIN")
        owed = (segments.owes_start > 0) & (facts.rules.chain_op_start | ~chained)
        due, left, cancelled = segments.start_ns, segments.last_start, segments.start_cancel
        priority = DISPATCH_PRIORITY["OP_START"]
    else:
        owed = segments.owes_end > 0
        due, left, cancelled = segments.end_ns, segments.first_end, segments.end_cancel
        priority = DISPATCH_PRIORITY["OP_END"]
    owed = owed & (due != NULL)
    run_end = batch.seq[batch.runs.last] + 1
    gone = np.where(left == MISSING, run_end[segments.run_row], left)
    gone = np.where(cancelled == MISSING, gone, np.minimum(gone, cancelled))
    queue: dict[str, Int64s] = {
        "seq": segments.seq,
        "seg": segments.seg,
        "event": np.full(len(due), event, np.int64),
        "due_ns": due,
        "key": due * _PRIORITIES + priority,
        "gone": gone,
    }
    return queue if owed.all() else {name: values[owed] for name, values in queue.items()}


def _passed_over(batch: Batch, queue: dict[str, Int64s], heap: _Heap) -> Int64s:
    """Entries during whose wait something with a greater key was dispatched."""
    keys = heap.keys
    first = heap.before[batch.positions(queue["seq"] + 1)]
    stop = heap.before[batch.positions(queue["gone"])]
    highest = np.maximum.accumulate(keys) if len(keys) else keys
    waited = np.flatnonzero(stop > first)
    late = waited[highest[stop[waited] - 1] > queue["key"][waited]]
    if not len(late):
        return late
    # The running maximum may be older than the entry: look at its own wait alone.
    bounds = np.column_stack([first[late], stop[late]]).ravel()
    maxima = np.maximum.reduceat(np.append(keys, 0), bounds)[::2]
    return late[maxima > queue["key"][late]]


def _first_passing(batch: Batch, passed: dict[str, Int64s], heap: _Heap) -> Int64s:
    """The number of the event that was dispatched first of those that overtook each."""
    others = np.full(len(passed["seq"]), NULL, np.int64)
    first = heap.before[batch.positions(passed["seq"] + 1)].tolist()
    stop = heap.before[batch.positions(passed["gone"])].tolist()
    for place in range(min(len(others), _TRACED)):
        later = heap.keys[first[place] : stop[place]] > passed["key"][place]
        others[place] = batch.seq[heap.positions[first[place] + int(np.argmax(later))]]
    return others


def _swapped(batch: Batch, heap: _Heap) -> dict[str, Int64s]:
    """Events of equal key dispatched one after the other against the order of their queueing."""
    keys, queued_at = heap.keys, heap.queued_at
    known = (queued_at[1:] != MISSING) & (queued_at[:-1] != MISSING)
    wrong = np.flatnonzero((keys[1:] == keys[:-1]) & known & (queued_at[1:] < queued_at[:-1])) + 1
    is_end = keys[wrong] % _PRIORITIES == DISPATCH_PRIORITY["OP_END"]
    positions = heap.positions[wrong]
    seg = np.full(len(wrong), NULL, np.int64)
    for kind in ("OP_START", "OP_END"):
        mine = np.flatnonzero(batch.kind[positions] == batch.vocabulary.by_name[kind].code)
        seg[mine] = batch.column(kind, "seg")[np.searchsorted(batch.rows(kind), positions[mine])]
    return {
        "seq": batch.seq[positions],
        "seg": seg,
        "event": is_end.astype(np.int64),
        "due_ns": keys[wrong] // _PRIORITIES,
        "other_seq": batch.seq[heap.positions[wrong - 1]],
    }
