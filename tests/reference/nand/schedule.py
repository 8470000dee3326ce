"""Reference checker, NAND: life cycle, run boundary, suspends and sequences together."""

from __future__ import annotations

from collections.abc import Iterator

from tests.reference.log import Log
from tests.reference.nand.backlog import broken_backlogs
from tests.reference.nand.boundary import broken_boundaries
from tests.reference.nand.lifecycle import Cut, broken_lives
from tests.reference.nand.references import Known, overtaken, unresolved
from tests.reference.nand.replay import unlike_replay
from tests.reference.nand.resets import broken_resets
from tests.reference.nand.run_ends import untold_ends
from tests.reference.nand.segments import runs_of
from tests.reference.nand.sequences import broken_sequences
from tests.reference.nand.suspends import broken_suspends, uncancelled
from tests.reference.nand.timing import gaps, unlike_specified
from tests.reference.nand.words import unknown_words
from tests.reference.runs import Offence, count


def judge_schedule(log: Log) -> dict[str, int]:
    """How often each invariant of these groups is broken."""
    return count(_offences(log))


def _offences(log: Log) -> Iterator[Offence]:
    runs = runs_of(log)
    yield from unknown_words(log.entries)
    known, last = Known(), dict[int, Cut]()
    for run in runs:
        yield from unresolved(run, known)
        yield from overtaken(run)
        yield from unlike_replay(run)
        yield from broken_suspends(run)
        yield from uncancelled(run)
        yield from broken_lives(run, last)
        yield from gaps(run)
        yield from unlike_specified(run)
        yield from broken_resets(run)
        yield from untold_ends(run)
    yield from broken_boundaries(runs)
    yield from broken_backlogs(runs)
    yield from broken_sequences(runs)
