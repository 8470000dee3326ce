"""The queue, rebuilt from the log: what waited while something else was dispatched."""

from __future__ import annotations

import numpy as np

from nandtrace.check.batch import Batch
from nandtrace.check.facts import Facts
from nandtrace.check.segments import MISSING
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import DISPATCH_PRIORITY

_PRIORITIES = 8
"""Keys are time * _PRIORITIES + priority."""


def overtaken(facts: Facts) -> tuple[dict[str, Int64s], int]:
    """Queued OP_STARTs and OP_ENDs that something with a later key was dispatched before.

    Returns columns `seq` (the COMMIT that queued them), `seg`, `event` (0 OP_START, 1 OP_END) and
    `due_ns`, and how many queued events were looked at.
    """
    seqs, keys, queued_at = _dispatched(facts)
    found: list[dict[str, Int64s]] = []
    evaluated = 0
    for event in (0, 1):
        queue = _queued(facts, event)
        evaluated += len(queue["seq"])
        late = _passed_over(queue, seqs, keys)
        found.append({name: values[late] for name, values in queue.items()})
    columns = {name: np.concatenate([part[name] for part in found]) for name in found[0]}
    swapped = _swapped(facts.batch, seqs, keys, queued_at)
    columns = {name: np.concatenate([columns[name], swapped[name]]) for name in swapped}
    order = np.argsort(columns["seq"], kind="stable")
    return {name: values[order] for name, values in columns.items()}, evaluated


def _dispatched(facts: Facts) -> tuple[Int64s, Int64s, Int64s]:
    """What left the heap, in order: sequence numbers, keys, and the COMMITs that queued it.

    An OP_END with outcome SUSPENDED or RESET did not come from the heap.
    """
    batch = facts.batch
    parts = []
    for kind in ("OP_START", "OP_END"):
        positions, rows = batch.rows(kind), facts.rows_of(kind)
        queued_at = np.where(rows >= 0, facts.segments.seq[rows], MISSING) if len(rows) else rows
        keys = batch.time_ns[positions] * _PRIORITIES + DISPATCH_PRIORITY[kind]
        if kind == "OP_END":
            outcome = batch.column(kind, "outcome")
            own = ~np.isin(outcome, [batch.code("SUSPENDED"), batch.code("RESET")])
            positions, keys, queued_at = positions[own], keys[own], queued_at[own]
        parts.append((batch.seq[positions], keys, queued_at))
    parts.append(_hooks(batch))
    seqs, keys, queued_at = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(seqs, kind="stable")
    return seqs[order], keys[order], queued_at[order]


def _hooks(batch: Batch) -> tuple[Int64s, Int64s, Int64s]:
    positions, names = batch.rows("HOOK"), batch.column("HOOK", "hook")
    keys = np.full(len(positions), MISSING, np.int64)
    for name, priority in DISPATCH_PRIORITY.items():
        mine = names == batch.code(name)
        keys[mine] = batch.time_ns[positions[mine]] * _PRIORITIES + priority
    known = keys != MISSING
    return batch.seq[positions[known]], keys[known], np.full(int(known.sum()), MISSING, np.int64)


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
    return {
        "seq": segments.seq[owed],
        "seg": segments.seg[owed],
        "event": np.full(int(owed.sum()), event, np.int64),
        "due_ns": due[owed],
        "key": due[owed] * _PRIORITIES + priority,
        "gone": gone[owed],
    }


def _passed_over(queue: dict[str, Int64s], seqs: Int64s, keys: Int64s) -> Int64s:
    """Entries during whose wait something with a greater key was dispatched."""
    first = np.searchsorted(seqs, queue["seq"], side="right")
    stop = np.searchsorted(seqs, queue["gone"], side="left")
    highest = np.maximum.accumulate(keys) if len(keys) else keys
    waited = stop > first
    late = np.zeros(len(first), np.bool_)
    late[waited] = highest[stop[waited] - 1] > queue["key"][waited]
    # The running maximum may be older than the entry: look at its own wait alone.
    places = np.flatnonzero(late)
    if not len(places):
        return places
    bounds = np.column_stack([first[places], stop[places]]).ravel()
    maxima = np.maximum.reduceat(np.append(keys, 0), bounds)[::2]
    return places[maxima > queue["key"][places]]


def _swapped(batch: Batch, seqs: Int64s, keys: Int64s, queued_at: Int64s) -> dict[str, Int64s]:
    """Events of equal key dispatched one after the other against the order of their queueing."""
    known = (queued_at[1:] != MISSING) & (queued_at[:-1] != MISSING)
    wrong = np.flatnonzero((keys[1:] == keys[:-1]) & known & (queued_at[1:] < queued_at[:-1])) + 1
    event = (keys[wrong] % _PRIORITIES == DISPATCH_PRIORITY["OP_END"]).astype(np.int64)
    commits = batch.rows("COMMIT")
    place = np.searchsorted(batch.seq[commits], queued_at[wrong])
    seg = batch.column("COMMIT", "seg")
    named = seg[np.minimum(place, max(len(seg) - 1, 0))] if len(seg) else queued_at[wrong]
    return {
        "seq": seqs[wrong],
        "seg": named,
        "event": event,
        "due_ns": keys[wrong] // _PRIORITIES,
    }
