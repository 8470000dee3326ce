"""The invariant of blocks whose erase or program is under way."""

from __future__ import annotations

import numpy as np
import polars as pl

from nandtrace.check.cells import cell_numbers
from nandtrace.check.facts import Facts
from nandtrace.check.items import item_places
from nandtrace.check.registry import invariant
from nandtrace.check.resets import bases_of
from nandtrace.check.segments import MISSING
from nandtrace.check.stabbing import (
    NEVER,
    NOT_FOUND,
    cut_after,
    last_before,
    ordered,
    resumed_by,
)
from nandtrace.check.tables import Finding, finding, nothing, to_frame
from nandtrace.trace.columns import Int64s
from nandtrace.vocab.nand import Role

GROUP = "nand address"

_IN_ERASE = (Role.READ, Role.CACHE_READ, Role.PROGRAM, Role.LOAD, Role.ERASE)
_IN_PROGRAM = (Role.PROGRAM, Role.ERASE)


@invariant(
    "suspended-block-untouched",
    group=GROUP,
    sentence="While an erase of a block runs or is suspended, no op that reads, loads, programs or erases "
    "starts on that block; while a program of it is suspended, none that programs or erases.",
    rationale="The cells of a block in the middle of an erase hold nothing that could be read, and what is "
    "written there is lost; a page half programmed bears no neighbour.",
    source="NAND data sheets: program and erase suspend",
    needs=("OP_START",),
)
def suspended_block_untouched(facts: Facts) -> Finding:
    if not facts.rules.has_topology:
        return nothing()
    starts, seq = _starts(facts, _IN_ERASE)
    judged = pl.concat(
        [
            _judged(facts, Role.ERASE, (starts, seq)),
            _judged(facts, Role.PROGRAM, _starts(facts, _IN_PROGRAM)),
        ]
    )
    # A start that offends both ways is one offence.
    judged = judged.sort("wrong", descending=True, maintain_order=True)
    judged = judged.unique(["seq", "die", "block"], keep="first", maintain_order=True)
    return finding(
        len(_cells(facts, starts)[0]),
        judged.filter("wrong").sort("seq", "die", "block").with_columns(other_seg=pl.col("by")),
        exercised=len(judged),
        expected=pl.format(
            "die {} block {} left alone until segment {} is over", "die", "block", "by"
        ),
        actual=pl.format("segment {} starts on it", "seg"),
    )


def _judged(facts: Facts, role: Role, started: tuple[Int64s, Int64s]) -> pl.DataFrame:
    """Starts on blocks that an op of a role had been on before in the run: a row per block."""
    segments, (starts, seq) = facts.segments, started
    rows, since, until = _spans(facts, role)
    cell, of_span = _cells(facts, rows)
    asked, of_start = _cells(facts, starts)
    place = last_before(ordered(cell, since[of_span]), asked, seq[of_start])
    near = np.flatnonzero(place != NOT_FOUND)
    near = near[
        segments.run_row[rows[of_span[place[near]]]] == segments.run_row[starts[of_start[near]]]
    ]
    span, start = of_span[place[near]], of_start[near]
    blocks = facts.rules.blocks_per_die or 1
    columns = {
        "seq": seq[start],
        "seg": segments.seg[starts[start]],
        "op": segments.op[starts[start]],
        "die": asked[near] // blocks,
        "block": asked[near] % blocks,
        "by": segments.seg[rows[span]],
    }
    wrong = pl.Series(until[span] > seq[start], dtype=pl.Boolean)
    return to_frame(columns).with_columns(wrong=wrong)


def _spans(facts: Facts, role: Role) -> tuple[Int64s, Int64s, Int64s]:
    """Segments in which an erase ran, or that were suspended, with the events from which on and until
    when their block is not to be touched. A cut segment lasts until the next one of its op starts."""
    segments, batch = facts.segments, facts.batch
    mine = np.isin(segments.base, bases_of(facts, role))
    cut = segments.outcome == batch.code("SUSPENDED")
    begun = (segments.last_start != MISSING) | (
        (segments.carried == 1) & (segments.owes_start == 0)
    )
    rows = np.flatnonzero(mine & (begun if role is Role.ERASE else cut))
    since = _begins(facts, rows, role)
    until = np.where(segments.first_end[rows] != MISSING, segments.first_end[rows], NEVER)
    suspended = np.flatnonzero(cut[rows])
    until[suspended] = _suspended_until(facts, rows[suspended])
    return rows, since, until


def _begins(facts: Facts, rows: Int64s, role: Role) -> Int64s:
    segments = facts.segments
    if role is not Role.ERASE:
        return cut_after(segments, rows)
    started = segments.last_start[rows]
    return np.where(started != MISSING, started, segments.seq[rows])


def _suspended_until(facts: Facts, rows: Int64s) -> Int64s:
    """When cut segments are suspended no more: their op starts again, or a reset gives it up."""
    segments = facts.segments
    chained = np.flatnonzero(segments.source == facts.batch.code("RESUME_CHAIN"))
    after = resumed_by(segments, rows, chained)
    until = np.full(len(rows), NEVER, np.int64)
    given_up = segments.resets[rows] > 0
    until[given_up] = segments.end_cancel[rows[given_up]]
    goes_on = np.flatnonzero(after != NOT_FOUND)
    chain = after[goes_on]
    over = np.where(segments.last_start[chain] != MISSING, segments.last_start[chain], NEVER)
    over = np.where(
        (over == NEVER) & (segments.resets[chain] > 0), segments.end_cancel[chain], over
    )
    until[goes_on] = over
    return until


def _starts(facts: Facts, roles: tuple[Role, ...]) -> tuple[Int64s, Int64s]:
    """Segments of addressed ops of these roles that start, but for those that a resume goes on with."""
    batch, segments, rows = facts.batch, facts.segments, facts.rows_of("OP_START")
    codes = [
        code for code in bases_of(facts, *roles) if facts.rules.bases[batch.names[code]].addressed
    ]
    known = np.flatnonzero(rows >= 0)
    mine = np.isin(segments.base[rows[known]], codes)
    mine &= segments.source[rows[known]] != batch.code("RESUME_CHAIN")
    known = known[mine]
    return rows[known], batch.seq[batch.rows("OP_START")[known]]


def _cells(facts: Facts, rows: Int64s) -> tuple[Int64s, Int64s]:
    """The blocks that segments target, numbered, each with the place of its segment in `rows`."""
    table = facts.segments.targets
    of_row = np.repeat(np.arange(len(rows)), table.counts[rows])
    if not len(of_row):
        return of_row, of_row
    places = item_places(table, rows)
    cell = cell_numbers(facts.rules, table.columns["die"][places], table.columns["block"][places])
    inside = cell >= 0
    return cell[inside], of_row[inside]
