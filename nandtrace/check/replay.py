"""Replay: the device's state at any event, folded from its run's begin snapshot."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from nandtrace.check.batch import Batch
from nandtrace.check.carry import (
    Carry,
    committed_as,
    cut_segments,
    suspended_ops,
)
from nandtrace.check.event_batch import Piece
from nandtrace.check.facts import Facts
from nandtrace.check.folding import Folding, fold_addresses
from nandtrace.check.rules import rules_from_device
from nandtrace.check.segments import MISSING
from nandtrace.errors import TraceError, UsageError
from nandtrace.trace import TraceReader
from nandtrace.vocab import NAND, NULL


@dataclass(frozen=True, slots=True)
class DeviceState:
    """The device after an event, folded from its run's begin snapshot.

    `addr_state` is die-major over blocks (-2 never erased, -1 erased, else the last programmed page),
    `cell_modes` the cell types they were last erased with; both are empty where the trace tells no
    topology. `ongoing`, `suspended_erase`, `suspended_program` and `backlog` are ops per die, `latches`
    and `caches` (die, plane, name), `odt_disabled` dies: as a snapshot has them, and as if nothing had
    been there where the begin snapshot does not tell.
    `open_segments` are committed and not closed, by id; `running` those of them that have started.
    `suspended` are ops suspended since the run began.
    """

    seq: int
    time_ns: int
    run: int
    addr_state: list[int]
    cell_modes: list[str | None] = field(default_factory=list)
    ongoing: list[list[int | None]] = field(default_factory=list)
    suspended_erase: list[list[int | None]] = field(default_factory=list)
    suspended_program: list[list[int | None]] = field(default_factory=list)
    latches: list[list[int | str]] = field(default_factory=list)
    caches: list[list[int | str]] = field(default_factory=list)
    odt_disabled: list[int] = field(default_factory=list)
    backlog: list[list[int | None]] = field(default_factory=list)
    open_segments: list[int] = field(default_factory=list)
    running: list[int] = field(default_factory=list)
    suspended: list[int] = field(default_factory=list)


def state_at(path: str | os.PathLike[str], seq: int) -> DeviceState:
    """The device's state just after event `seq` of a trace.

    Raises TraceError when the trace, or the event's run up to it, can't be read, and UsageError for a
    trace of another domain than nand.
    """
    with TraceReader(path) as reader:
        if reader.header.domain != NAND.domain:
            raise UsageError(f"{path}: of the domain {reader.header.domain}; a device is of nand")
        try:
            rules = rules_from_device(reader.header.device)
        except ValueError as error:
            raise TraceError(str(path), str(error), "header") from error
        pieces, ordinal = _pieces_up_to(reader, seq)
        batch = Batch(pieces, reader.header.vocabulary, rules)
        carry = _carry_into(reader, batch, ordinal)
    return _state_of(Facts(batch, carry))


def _pieces_up_to(reader: TraceReader, seq: int) -> tuple[list[Piece], int]:
    """The events of the run of event `seq`, from its RUN_BEGIN up to and with the event, and the
    chunk where they begin."""
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
    return pieces, ordinal


def _carry_into(reader: TraceReader, batch: Batch, ordinal: int) -> Carry:
    """What was committed, in chunks from `ordinal` back, of the segments that the run took over."""
    state, pieces = batch.begin_states[0] or {}, list[Piece]()
    pending = {seg for _, _, seg in state.get("pending") or () if seg is not None}
    suspended = suspended_ops(state)
    wanted = {"seg": set(pending), "op": set(suspended)}
    first = batch.pieces[0]
    while ordinal >= 0 and any(wanted.values()):
        chunk = reader.chunk(ordinal)
        is_first = chunk.meta.first_seq == first.chunk.meta.first_seq
        pieces.insert(0, Piece(chunk, 0, first.start if is_first else chunk.meta.events))
        part = Batch(pieces[:1], batch.vocabulary, batch.rules)
        for name, ids in wanted.items():
            ids.difference_update(part.column("COMMIT", name).tolist())
        ordinal -= 1
    earlier = Batch(pieces, batch.vocabulary, batch.rules)
    taken = {
        seg: committed_as(earlier, row)
        for row, seg in enumerate(earlier.column("COMMIT", "seg").tolist())
        if seg in pending
    }
    taken |= {cut[-1][1]: cut[-1][2] for cut in cut_segments(earlier, suspended, {}).values()}
    return Carry(open=taken)


def _state_of(facts: Facts) -> DeviceState:
    batch, segments = facts.batch, facts.segments
    states = fold_addresses(facts.cells.begin, facts.cells)
    is_open = (segments.ends == 0) & (segments.cuts == 0) & (segments.resets == 0)
    is_open &= segments.outcome == NULL
    begun = (segments.carried == 1) & (segments.owes_start == 0)
    running = is_open & (begun | (segments.last_start != MISSING))
    folding, row = Folding(facts), len(batch.runs) - 1
    fields = {
        name: folding.value(row, name, begin) for name, begin in _begin_fields(batch, row).items()
    }
    return DeviceState(
        seq=int(batch.seq[-1]),
        time_ns=int(batch.time_ns[-1]),
        run=int(batch.run[-1]),
        addr_state=states[-1].tolist(),
        **{name: value for name, value in fields.items() if value is not None},
        open_segments=segments.seg[is_open].tolist(),
        running=segments.seg[running].tolist(),
        suspended=_suspended_ops(facts),
    )


def _begin_fields(batch: Batch, row: int) -> dict[str, Any]:
    """The fields that a Folding folds, at a run's begin; empty where its snapshot has them not."""
    state, dies = batch.begin_states[row] or {}, batch.rules.dies or 0
    blocks = dies * (batch.rules.blocks_per_die or 0)
    per_die = ("ongoing", "suspended_erase", "suspended_program", "backlog")
    empty: dict[str, Any] = {name: [[] for _ in range(dies)] for name in per_die}
    empty |= {"latches": [], "caches": [], "odt_disabled": [], "cell_modes": [None] * blocks}
    return {name: state.get(name, value) for name, value in empty.items()}


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
