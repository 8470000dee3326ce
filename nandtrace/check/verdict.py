"""Verdicts: what was found, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """OK: whole and every invariant holds. VIOLATED: one does not. UNKNOWN: not whole, none violated."""

    OK = "OK"
    VIOLATED = "VIOLATED"
    UNKNOWN = "UNKNOWN"


class Status(StrEnum):
    """What became of one invariant."""

    HOLDS = "holds"
    VIOLATED = "violated"
    NOT_EXERCISED = "not exercised"
    """Looked at, but nothing that could have failed."""
    NOT_EVALUATED = "not evaluated"
    """The trace has no events for it, or its header lacks the rule."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One offence: the event at fault, where, and expected against actual."""

    seq: int
    time_ns: int
    run: int
    kind: str
    expected: str
    actual: str
    place: dict[str, int | str] = field(default_factory=dict)
    """Those of `tables.PLACES` that are known."""


@dataclass(slots=True)
class InvariantResult:
    """Counts of one invariant over a trace, and its earliest violations."""

    id: str
    group: str
    sentence: str
    evaluated: int = 0
    exercised: int = 0
    violated: int = 0
    violations: list[Violation] = field(default_factory=list)

    @property
    def status(self) -> Status:
        if self.violated:
            return Status.VIOLATED
        if self.exercised:
            return Status.HOLDS
        return Status.NOT_EXERCISED if self.evaluated else Status.NOT_EVALUATED


@dataclass(slots=True)
class TraceVerdict:
    """The verdict on one trace.

    `damages` says what of the file could not be read; `broken_runs` counts the runs not judged for it.
    `error` is set when nothing could be read at all.
    """

    path: str
    events: int = 0
    runs: int = 0
    broken_runs: int = 0
    damages: list[str] = field(default_factory=list)
    error: str | None = None
    digest: str | None = None
    invariants: list[InvariantResult] = field(default_factory=list)
    unmet: list[str] = field(default_factory=list)
    """Required invariants that were not exercised."""
    context: dict[str, list[str]] = field(default_factory=dict)
    """By invariant the events that show its first violation, as lines."""

    @property
    def verdict(self) -> Verdict:
        if self.unmet or any(item.violated for item in self.invariants):
            return Verdict.VIOLATED
        return Verdict.UNKNOWN if self.damages or self.error else Verdict.OK
