"""The invariant of times: how long ops take, and their states."""

from __future__ import annotations

import numpy as np
import polars as pl

from nandtrace.check.batch import Batch
from nandtrace.check.facts import Facts
from nandtrace.check.registry import invariant
from nandtrace.check.specified_states import Specified, Told, specify, told_states
from nandtrace.check.tables import Finding, finding, microseconds, nothing, to_frame
from nandtrace.trace.columns import Int64s
from nandtrace.units import ns_to_us_text
from nandtrace.vocab import NULL


@invariant(
    "states-as-specified",
    group="nand life cycle",
    sentence="A segment is committed for the time of its op, and goes through the op's states, each for its "
    "time and with or without the bus as the header tells; a chain segment through what is left of them.",
    rationale="A busy time that is cut short reads or programs a page that is not ready; one that is "
    "stretched hides idle time. All exclusions rest on the states.",
    source="NAND data sheets: tR, tPROG, tBERS, transfer times; nandtrace model: segments",
    needs=("OP_START",),
)
def states_as_specified(facts: Facts) -> Finding:
    if not facts.rules.op_states:
        return nothing()
    specified = specify(facts)
    told = told_states(facts, specified)
    wrong = pl.concat(
        [
            _misfits(facts, specified),
            _differing(facts, specified, told),
            _left_out(facts, specified, told),
        ]
    )
    # One offence a segment: where a state is not the one that is due, another is missing at the end too.
    wrong = wrong.unique("row", keep="first", maintain_order=True).sort("seq", maintain_order=True)
    segments, rows = facts.segments, wrong["row"].to_numpy()
    places = {name: getattr(segments, name)[rows] for name in ("seg", "op", "die")}
    return finding(
        len(specified.rows),
        wrong.with_columns(to_frame(places)),
        expected=pl.col("due"),
        actual=pl.col("found"),
    )


def _misfits(facts: Facts, specified: Specified) -> pl.DataFrame:
    """Segments committed for another time than their op takes."""
    segments, wrong = facts.segments, np.flatnonzero(~specified.fits)
    rows = specified.rows[wrong]
    length_ns = segments.end_ns[rows] - segments.start_ns[rows]
    frame = to_frame({"seq": segments.seq[rows], "row": rows, "length_ns": length_ns})
    return frame.select(
        "seq",
        "row",
        due=pl.lit("the time that the header tells of its op"),
        found=pl.format("committed for {}", microseconds("length_ns")),
    )


def _differing(facts: Facts, specified: Specified, told: Told) -> pl.DataFrame:
    """STATEs that are not the ones that their segment is in then, or are too many."""
    batch = facts.batch
    state, until_ns, bus = (
        batch.column("STATE", name)[told.event] for name in ("state", "until_ns", "bus")
    )
    positions = batch.rows("STATE")[told.event]
    time_ns, seq = batch.time_ns[positions], batch.seq[positions]
    counted = told.nth < specified.count[told.place]
    due = np.where(counted, specified.first[told.place] + told.nth, 0)
    right = counted & (state == _at(specified.states.state, due))
    right &= (until_ns == _at(specified.states.until_ns, due)) & (
        bus == _at(specified.states.bus, due)
    )
    right &= seq > specified.start_seq[told.place]
    right &= (time_ns == specified.start_ns[told.place]) | (
        time_ns == _at(specified.states.entry_ns, due)
    )
    wrong = np.flatnonzero(~right & specified.fits[told.place])
    found = zip(
        *(column[wrong].tolist() for column in (state, until_ns, bus, time_ns)), strict=True
    )
    return _frame(
        seq[wrong],
        specified.rows[told.place[wrong]],
        [
            _due(batch, specified, place) if is_due else "no more states"
            for place, is_due in zip(due[wrong].tolist(), counted[wrong].tolist(), strict=True)
        ],
        [
            f"{_state_text(batch, *values)}, told at {ns_to_us_text(at_ns)} µs"
            for *values, at_ns in found
        ],
    )


def _left_out(facts: Facts, specified: Specified, told: Told) -> pl.DataFrame:
    """Segments that were in a state of which no STATE tells."""
    batch, starts = facts.batch, facts.occupancy.starts
    lacking = np.flatnonzero((told.count < specified.count) & specified.fits)
    rows = specified.rows[lacking]
    run_end_ns = batch.time_ns[batch.runs.last][facts.segments.run_row[rows]]
    over_ns = np.minimum(starts.end_ns[starts.place_of(rows)], run_end_ns)
    due = specified.first[lacking] + told.count[lacking]
    entered = np.flatnonzero(specified.states.entry_ns[due] < over_ns)
    return _frame(
        specified.start_seq[lacking[entered]],
        rows[entered],
        [_due(batch, specified, place) for place in due[entered].tolist()],
        ["no STATE of it"] * len(entered),
    )


def _at(values: Int64s, places: Int64s) -> Int64s:
    """Values at places; where there are none the places stand for nothing."""
    return values[places] if len(values) else places


def _frame(seq: Int64s, rows: Int64s, due: list[str], found: list[str]) -> pl.DataFrame:
    return to_frame({"seq": seq, "row": rows}).with_columns(
        due=pl.Series(due, dtype=pl.String), found=pl.Series(found, dtype=pl.String)
    )


def _due(batch: Batch, specified: Specified, place: int) -> str:
    states = specified.states
    columns = (states.state, states.until_ns, states.bus)
    state, until_ns, bus = (int(column[place]) for column in columns)
    return _state_text(batch, state, until_ns, bus)


def _state_text(batch: Batch, state: int, until_ns: int, bus: int) -> str:
    until = "no time" if until_ns == NULL else f"{ns_to_us_text(until_ns)} µs"
    held = {1: "with the bus", 0: "without the bus"}.get(bus, "neither with nor without the bus")
    return f"{batch.name(state) or 'an unknown state'} until {until}, {held}"
