"""Suspended programs: which program is suspended on a die at some event."""

from __future__ import annotations

import numpy as np
import polars as pl

from nandtrace.check.facts import Facts
from nandtrace.trace.columns import Int64s
from nandtrace.vocab.nand import Axis

UNKNOWN = -1


def suspended_programs(facts: Facts, run_row: Int64s, die: Int64s, seq: Int64s) -> Int64s:
    """For each die of a run at event `seq`, the row of the segment cut by the last suspend of a
    program; UNKNOWN where there was none, or where it was resumed since."""
    columns = _changes(facts)
    found = np.full(len(seq), UNKNOWN, np.int64)
    for number in np.unique(die).tolist():
        mine = columns["die"] == number
        seqs, rows, runs = (columns[name][mine] for name in ("seq", "row", "run_row"))
        asked = np.flatnonzero(die == number)
        place = np.searchsorted(seqs, seq[asked]) - 1
        known = np.flatnonzero(place >= 0)
        known = known[runs[place[known]] == run_row[asked[known]]]
        found[asked[known]] = rows[place[known]]
    return found


def _changes(facts: Facts) -> dict[str, Int64s]:
    """Suspends and resumes of programs by sequence number, and what runs take over as suspended."""
    segments, axis = facts.segments, facts.batch.code(Axis.PROGRAM)
    suspends = facts.suspends.suspends.filter(
        pl.col("axis") == axis, pl.col("row").is_not_null(), pl.col("die").is_not_null()
    ).select("seq", "run_row", "die", "row")
    resumes = facts.suspends.resumes.filter(
        pl.col("axis") == axis, pl.col("found"), pl.col("die").is_not_null()
    ).select("seq", "run_row", "die", row=pl.lit(UNKNOWN, pl.Int64))
    erases = facts.batch.codes(facts.rules.erase_bases)
    taken = np.flatnonzero(
        (segments.carried == 1)
        & (segments.owes_end == 0)
        & (segments.owes_start == 0)
        & ~np.isin(segments.base, erases)
    )
    parts = [
        {name: frame[name].cast(pl.Int64).to_numpy() for name in ("seq", "run_row", "die", "row")}
        for frame in (suspends, resumes)
    ]
    parts.append(
        {name: getattr(segments, name)[taken] for name in ("seq", "run_row", "die")}
        | {"row": taken}
    )
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.argsort(joined["seq"], kind="stable")
    return {name: values[order] for name, values in joined.items()}
