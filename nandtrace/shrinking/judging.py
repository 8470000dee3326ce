"""What is sought in a recording of the NAND scheduler: a violation, or a replay that differs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from nandtrace.check.verdict import Verdict
from nandtrace.check.verify import Options, verify_trace
from nandtrace.diff import TraceDiff
from nandtrace.nand.own_scheduler import OwnScheduler
from nandtrace.nand.replaying import replay
from nandtrace.trace import TraceReader


@dataclass(frozen=True, slots=True)
class Sight:
    """Where what is sought shows first."""

    run: int
    time_ns: int


class Judge(Protocol):
    """Finds what is sought in a trace; `reads_recipe` where it needs to know how that was recorded."""

    reads_recipe: bool

    def first(self, trace: Path, scheduler: OwnScheduler | None) -> Sight | None:
        """Where it shows first in what this scheduler recorded, None where it does not."""
        ...


class InvariantJudge:
    """Seeks a violation of one invariant."""

    reads_recipe = False

    def __init__(self, invariant: str) -> None:
        self._only = Options(only=(invariant,), kept=1)

    def first(self, trace: Path, scheduler: OwnScheduler | None) -> Sight | None:  # noqa: ARG002
        verdict = verify_trace(trace, self._only)
        found = [item for result in verdict.invariants for item in result.violations]
        if not found or verdict.verdict is not Verdict.VIOLATED:
            return None
        return Sight(found[0].run, found[0].time_ns)


class ReplayJudge:
    """Seeks a run that differs when it alone is executed again, from the snapshot at its begin."""

    reads_recipe = True

    def first(self, trace: Path, scheduler: OwnScheduler | None) -> Sight | None:
        for run in _runs_after_first(trace):
            outcome = replay(trace, run, scheduler=scheduler)
            if not outcome.same:
                return Sight(run, _first_time_ns(outcome.divergence))
        return None


def _runs_after_first(trace: Path) -> range:
    with TraceReader(trace) as reader:
        chunks = reader.index.chunks
        return range(chunks[0].first_run + 1, chunks[-1].last_run + 1) if chunks else range(0)


def _first_time_ns(difference: TraceDiff | None) -> int:
    """The time of the first event that differs; 0 where the headers alone do."""
    found = difference.divergence if difference is not None else None
    event = found and (found.old or found.new)
    return event.time_ns if event else 0
