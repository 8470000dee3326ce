"""Resets: what is open or suspended on a die when a reset starts there, and what it makes of that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nandtrace.check.facts import Facts
from nandtrace.check.segments import MISSING
from nandtrace.check.stabbing import (
    NEVER,
    NOT_FOUND,
    cut_after,
    first_after,
    ordered,
    resumed_by,
)
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import Outcome, Role

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Resets:
    """One entry per OP_START of a reset and die that it concerns: its number, time, run, and the row of
    its segment."""

    seq: Int64s
    time_ns: Int64s
    run_row: Int64s
    row: Int64s
    die: Int64s

    def __len__(self) -> int:
        return len(self.seq)


@dataclass(frozen=True, slots=True)
class Hits:
    """Segments, by their rows, and the places in Resets of the ones that found them.

    `begun` are those whose op had begun: they ran, were suspended, or were to go on. `suspended` are
    those that a suspend had cut before.
    """

    row: Int64s
    reset: Int64s
    begun: Flags
    suspended: Flags


def bases_of(facts: Facts, *roles: Role) -> list[int]:
    """Codes of the bases that have one of the roles by the header."""
    bases = facts.rules.bases.items()
    return facts.batch.codes(name for name, base in bases if base.role in roles)


def derive_resets(facts: Facts) -> Resets:
    """Build the table from the OP_STARTs whose segments are known."""
    batch, segments = facts.batch, facts.segments
    rows = facts.rows_of("OP_START")
    base = np.where(rows >= 0, segments.base[rows], NULL) if len(segments) else rows
    everywhere = np.flatnonzero(np.isin(base, bases_of(facts, Role.RESET)))
    single = np.flatnonzero(np.isin(base, bases_of(facts, Role.RESET_LUN)))
    dies = np.arange(facts.rules.dies or 0)
    starts = np.concatenate([np.repeat(everywhere, len(dies)), single])
    positions = batch.rows("OP_START")[starts]
    die = np.concatenate([np.tile(dies, len(everywhere)), segments.die[rows[single]]])
    return Resets(
        batch.seq[positions], batch.time_ns[positions], batch.run_row[positions], rows[starts], die
    )


def derive_hits(facts: Facts, resets: Resets) -> Hits:
    """What each reset found on its dies: what was open, and what was suspended."""
    running, suspended = _open_hits(facts, resets), _suspended_hits(facts, resets)
    row = np.concatenate([running[0], suspended[0]])
    segments = facts.segments
    is_suspended = np.arange(len(row)) >= len(running[0])
    reset = np.concatenate([running[1], suspended[1]])
    seq = resets.seq[reset]
    started = (segments.last_start[row] != MISSING) & (segments.last_start[row] < seq)
    started |= (segments.carried[row] == 1) & (segments.owes_start[row] == 0)
    goes_on = segments.source[row] == facts.batch.code("RESUME_CHAIN")
    return Hits(row, reset, started | goes_on | is_suspended, is_suspended)


_Pairs = tuple[Int64s, Int64s]


def _open_hits(facts: Facts, resets: Resets) -> _Pairs:
    """Segments committed and not yet closed, on the die of a reset that is not their own."""
    segments = facts.segments
    rows = np.flatnonzero((segments.owes_end > 0) & (segments.die != NULL))
    withdrawn = np.where(segments.start_cancel != MISSING, segments.end_cancel, MISSING)
    closed = np.where(segments.ends > 0, segments.first_end, withdrawn)
    if not facts.rules.chain_op_start:
        # What has no OP_START is closed by the CANCEL of its OP_END alone.
        closed = np.where(closed == MISSING, segments.end_cancel, closed)
    closed = np.where((closed == MISSING) & (segments.cuts > 0), segments.cut_seq, closed)
    closed = np.where(closed == MISSING, NEVER, closed)
    return _hit(facts, resets, rows, segments.seq[rows], closed[rows])


def _suspended_hits(facts: Facts, resets: Resets) -> _Pairs:
    """Segments that a suspend had cut, and that nothing went on with before the reset."""
    segments, batch = facts.segments, facts.batch
    cut = (segments.outcome == batch.code("SUSPENDED")) & (segments.die != NULL)
    rows = np.flatnonzero(cut & (segments.op != NULL))
    chained = np.flatnonzero(segments.source == batch.code("RESUME_CHAIN"))
    after = resumed_by(segments, rows, chained)
    until = np.where(after == NOT_FOUND, NEVER, segments.seq[after] if len(after) else after)
    return _hit(facts, resets, rows, cut_after(segments, rows), until)


def _hit(facts: Facts, resets: Resets, rows: Int64s, since: Int64s, until: Int64s) -> _Pairs:
    """Of every span that first reset of its die which starts in it, in the same run."""
    if not len(resets) or not len(rows):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    segments = facts.segments
    entries = ordered(resets.die, resets.seq)
    place = first_after(entries, segments.die[rows], since)
    mine = np.flatnonzero((place != NOT_FOUND) & (resets.row[place] == rows))
    while len(mine):
        # A reset does not end itself, not even one whose OP_START comes twice.
        place[mine] = first_after(entries, segments.die[rows[mine]], resets.seq[place[mine]])
        mine = np.flatnonzero((place != NOT_FOUND) & (resets.row[place] == rows))
    hit = np.flatnonzero((place != NOT_FOUND) & (resets.seq[place] < until))
    hit = hit[resets.run_row[place[hit]] == segments.run_row[rows[hit]]]
    return rows[hit], place[hit]


def are_ended(facts: Facts, resets: Resets, hits: Hits) -> Flags:
    """Whether what a reset found was ended by it, at its time and as is due for it."""
    segments, batch = facts.segments, facts.batch
    row, at_ns, since = hits.row, resets.time_ns[hits.reset], resets.seq[hits.reset]
    ran = (segments.ends[row] > 0) & (segments.outcome[row] == batch.code(Outcome.RESET))
    ran &= (segments.last_end_ns[row] == at_ns) & (segments.last_end[row] > since)
    withdrawn = _cancelled_at(facts, "OP_END", row, at_ns)
    start = _cancelled_at(facts, "OP_START", row, at_ns)
    has_start = (segments.last_start[row] != MISSING) & (segments.last_start[row] < since)
    has_start |= (segments.carried[row] == 1) & (segments.owes_start[row] == 0)
    if not facts.rules.chain_op_start:
        start |= segments.source[row] == batch.code("RESUME_CHAIN")
        ran |= withdrawn & (segments.source[row] == batch.code("RESUME_CHAIN"))
    return np.where(hits.suspended, withdrawn, np.where(has_start, ran, withdrawn & start))


def _cancelled_at(facts: Facts, event: str, row: Int64s, at_ns: Int64s) -> Flags:
    """Whether a reset withdrew an event of the segments at these times."""
    batch, rows = facts.batch, facts.rows_of("CANCEL")
    mine = (rows >= 0) & (batch.column("CANCEL", "reason") == batch.code("RESET"))
    mine &= batch.column("CANCEL", "event") == batch.code(event)
    cancelled = np.full(len(facts.segments), NULL, np.int64)
    cancelled[rows[mine]] = batch.time_ns[batch.rows("CANCEL")[mine]]
    found: Flags = cancelled[row] == at_ns
    return found


def lack_abort(facts: Facts, resets: Resets, hits: Hits) -> Flags:
    """Which segments of programs and erases had begun, and have no aborted APPLY at the reset."""
    base, lacking = facts.segments.base[hits.row], np.zeros(len(hits.row), np.bool_)
    for kind, role, names in (
        ("APPLY_PGM", Role.PROGRAM, facts.rules.program_bases or ()),
        ("APPLY_ERASE", Role.ERASE, facts.rules.erase_bases),
    ):
        if not _tells_aborts(facts, kind):
            continue
        codes = set(bases_of(facts, role)).intersection(facts.batch.codes(names))
        owing = hits.begun & np.isin(base, sorted(codes))
        lacking |= owing & ~_aborted_at(facts, kind, hits.row, resets.time_ns[hits.reset])
    return lacking


def _tells_aborts(facts: Facts, kind: str) -> bool:
    known = facts.batch.vocabulary.by_name.get(kind)
    return known is not None and any(column.name == "aborted" for column in known.columns)


def _aborted_at(facts: Facts, kind: str, row: Int64s, at_ns: Int64s) -> Flags:
    batch, rows = facts.batch, facts.rows_of(kind)
    mine = np.flatnonzero((rows >= 0) & (batch.column(kind, "aborted") == 1))
    aborted = np.full(len(facts.segments), NULL, np.int64)
    aborted[rows[mine]] = batch.time_ns[batch.rows(kind)[mine]]
    found: Flags = aborted[row] == at_ns
    return found
