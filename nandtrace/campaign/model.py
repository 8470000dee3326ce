"""The words of a campaign: cells, what becomes of them, and the limits they keep."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class CellState(StrEnum):
    """What became of a cell. UNKNOWN: its trace could not be judged. FAILED: there is no trace."""

    PENDING = "pending"
    OK = "ok"
    VIOLATED = "violated"
    UNKNOWN = "unknown"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Cell:
    """One recording of the matrix: its place in the plan, its recipe, its seed, and where its trace goes.

    The id reads `profile/options/seed`. `trace` is relative to the output folder, with slashes.
    """

    ordinal: int
    id: str
    recipe: int
    seed: int
    trace: str


@dataclass(frozen=True, slots=True)
class CellResult:
    """What came of a cell: figures of its trace, cases by violated invariant, or why there is no trace.

    `seconds` is the time of recording and verifying, in the process that did it; of a cell that failed how
    long its last attempt took, None where that is not known.
    """

    state: CellState
    seconds: float | None
    events: int | None = None
    runs: int | None = None
    bytes: int | None = None
    digest: str | None = None
    violations: dict[str, int] = field(default_factory=dict)
    error: str | None = None

    @classmethod
    def failure(cls, error: str, seconds: float | None = None) -> CellResult:
        """Of a cell without a trace."""
        return cls(CellState.FAILED, seconds, error=error)


@dataclass(frozen=True, slots=True)
class Limits:
    """How many cells at once, and how each is bounded; `schemas/campaign.schema.json` says what each is."""

    slots: int
    memory_per_slot_mb: float = 300
    memory_gating: bool = True
    warning: float = 0.8
    critical: float = 0.9
    stagger_s: float = 0
    settle_s: float = 1
    timeout_s: float = 600
    retries: int = 1
    backoff_s: float = 1
    stop_grace_s: float = 10
