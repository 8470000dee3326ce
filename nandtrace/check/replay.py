"""Replay: fold events into the device's state.

`fold_addresses` serves both the check of end snapshots, over many runs at once, and `state_at`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from nandtrace.check.batch import Batch, Piece
from nandtrace.check.carry import Carry
from nandtrace.check.cells import Cells, begin_states
from nandtrace.check.facts import Facts
from nandtrace.check.rules import rules_from_device
from nandtrace.check.segments import MISSING
from nandtrace.errors import TraceError
from nandtrace.trace import TraceReader
from nandtrace.trace.columns import Int64s


def fold_addresses(begin: Int64s, cells: Cells) -> Int64s:
    """Fold each run's APPLY events into its begin state: runs (rows) × blocks (columns)."""
    state = begin.copy()
    if not state.size:
        return state
    last = cells.last
    state[last["run_row"].to_numpy(), last["cell"].to_numpy()] = last["state"].to_numpy()
    return state


@dataclass(frozen=True, slots=True)
class DeviceState:
    """The device after an event, folded from its run's begin snapshot.

    `addr_state` is die-major over blocks (-2 never erased, -1 erased, else the last programmed page),
    empty where the trace tells no topology. `open_segments` are committed and not closed, by id;
    `running` those of them that have started. `suspended` are ops suspended since the run began.
    """

    seq: int
    time_ns: int
    run: int
    addr_state: list[int]
    open_segments: list[int] = field(default_factory=list)
    running: list[int] = field(default_factory=list)
    suspended: list[int] = field(default_factory=list)


def state_at(path: str | os.PathLike[str], seq: int) -> DeviceState:
    """The device's state just after event `seq` of a trace.

    Raises TraceError when the trace, or the event's run up to it, can't be read.
    """
    with TraceReader(path) as reader:
        try:
            rules = rules_from_device(reader.header.device)
        except ValueError as error:
            raise TraceError(str(path), str(error), "header") from error
        pieces = _pieces_up_to(reader, seq)
        facts = Facts(Batch(pieces, reader.header.vocabulary, rules), Carry())
        return _state_of(facts)


def _pieces_up_to(reader: TraceReader, seq: int) -> list[Piece]:
    """The events of the run of event `seq`, from its RUN_BEGIN up to and with the event."""
    entries = reader.index.chunks
    found = [n for n, entry in enumerate(entries) if 0 <= seq - entry.first_seq < entry.events]
    if not found:
        raise TraceError(str(reader.path), f"there is no event {seq}")
    begin_code = reader.header.vocabulary.by_name["RUN_BEGIN"].code
    pieces: list[Piece] = []
    for ordinal in range(found[0], -1, -1):
        chunk = reader.chunk(ordinal)
        stop = min(seq + 1 - chunk.meta.first_seq, chunk.meta.events)
        begins = np.flatnonzero(chunk.kind[:stop] == begin_code)
        start = int(begins[-1]) if len(begins) else 0
        pieces.insert(0, Piece(chunk, start, stop))
        if len(begins):
            break
    return pieces


def _state_of(facts: Facts) -> DeviceState:
    batch, segments = facts.batch, facts.segments
    states = fold_addresses(begin_states(batch), facts.cells)
    is_open = (segments.ends == 0) & (segments.cuts == 0) & (segments.resets == 0)
    running = is_open & (segments.last_start != MISSING)
    return DeviceState(
        seq=int(batch.seq[-1]),
        time_ns=int(batch.time_ns[-1]),
        run=int(batch.run[-1]),
        addr_state=states[-1].tolist(),
        open_segments=segments.seg[is_open].tolist(),
        running=segments.seg[running].tolist(),
        suspended=_suspended_ops(facts),
    )


def _suspended_ops(facts: Facts) -> list[int]:
    """Ops whose last SUSPEND or RESUME is a SUSPEND that found them."""
    suspends = facts.suspends.suspends.filter(pl.col("has_target"), pl.col("op").is_not_null())
    resumes = facts.suspends.resumes.filter(pl.col("found"), pl.col("op").is_not_null())
    both = pl.concat(
        [
            suspends.select("seq", "op", on=pl.lit(True)),
            resumes.select("seq", "op", on=pl.lit(False)),
        ]
    ).sort("seq")
    last = both.unique("op", keep="last", maintain_order=True)
    return last.filter(pl.col("on"))["op"].to_list()
