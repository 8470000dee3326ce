"""How a campaign stands, from its journal: also while it runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nandtrace.campaign.folder import Folder
from nandtrace.campaign.journal import Journal
from nandtrace.campaign.model import Cell, CellState
from nandtrace.campaign.reproducing import reproduce

VERSION = 1
SLOWEST = 10

_CELL_COLUMNS = (
    "SELECT ordinal, id, recipe, seed, trace, state, attempts, seconds, events, error FROM cells"
)


@dataclass(frozen=True, slots=True)
class Violated:
    """What an invariant found in the whole campaign: in how many cells, cases, and the first such cell."""

    cells: int
    count: int
    first: str


@dataclass(frozen=True, slots=True)
class CellStatus:
    """One cell. `command` is the line that records the same trace again."""

    id: str
    state: str
    trace: Path
    attempts: int
    seconds: float | None
    events: int | None
    violations: dict[str, int]
    error: str | None
    command: str


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """One stretch of work. `outcome` is finished, interrupted, error, running or crashed."""

    number: int
    engine: str
    begun: str
    ended: str | None
    outcome: str
    settled: int


@dataclass(frozen=True, slots=True)
class CampaignStatus:
    """A whole campaign: counts are complete, the lists as long as was asked for.

    `troubled` are the cells that are violated, unknown or failed, in the order of the plan.
    """

    name: str
    folder: Path
    is_running: bool
    pid: int | None
    cells: int
    pending: int
    ok: int
    violated: int
    unknown: int
    failed: int
    events: int
    bytes: int
    cell_seconds: float
    violations: dict[str, Violated]
    slowest: tuple[CellStatus, ...]
    troubled: tuple[CellStatus, ...]
    repairs: dict[str, tuple[str, ...]]
    sessions: tuple[SessionStatus, ...]

    @property
    def is_finished(self) -> bool:
        return self.pending == 0


def read_status(
    out: Path, *, slowest: int = SLOWEST, failures: int | None = None
) -> CampaignStatus:
    """Read how the campaign in a folder stands; `slowest` and `failures` bound the lists, None does not.

    Raises UsageError where there is no campaign, InputError for a journal that can't be read.
    """
    folder = Folder(out)
    folder.check_campaign()
    with Journal.open_to_read(folder.journal) as journal:
        return _Reading(folder, journal).status(slowest, failures)


def status_document(status: CampaignStatus) -> dict[str, Any]:
    """The status as `schemas/campaign-status.schema.json` describes it."""
    plain = asdict(status)
    plain["folder"] = str(status.folder)
    for entries in (plain["slowest"], plain["troubled"]):
        for entry in entries:
            entry["trace"] = str(entry["trace"])
    return {"version": VERSION, "is_finished": status.is_finished, **plain}


class _Reading:
    """Reads a journal's status."""

    def __init__(self, folder: Folder, journal: Journal) -> None:
        self._folder = folder
        self._journal = journal
        # Asked before the journal is read: sessions without an end are then told rightly.
        self._holder = folder.holder()

    def status(self, slowest: int, failures: int | None) -> CampaignStatus:
        counts = self._journal.counts()
        ((events, size, seconds),) = self._journal.query(
            "SELECT ifnull(sum(events), 0), ifnull(sum(bytes), 0), ifnull(sum(seconds), 0.0) FROM cells"
        )
        return CampaignStatus(
            name=self._journal.fact("name"),
            folder=self._folder.root,
            is_running=self._holder is not None,
            pid=self._holder or None,
            cells=sum(counts.values()),
            pending=counts[CellState.PENDING],
            ok=counts[CellState.OK],
            violated=counts[CellState.VIOLATED],
            unknown=counts[CellState.UNKNOWN],
            failed=counts[CellState.FAILED],
            events=events,
            bytes=size,
            cell_seconds=seconds,
            violations=self._violations(),
            slowest=self._cells(
                "WHERE seconds IS NOT NULL ORDER BY seconds DESC, ordinal", slowest
            ),
            troubled=self._cells(
                "WHERE state IN ('violated', 'unknown', 'failed') ORDER BY ordinal", failures
            ),
            repairs=self._journal.repairs(),
            sessions=self._sessions(),
        )

    def _violations(self) -> dict[str, Violated]:
        rows = self._journal.query(
            "SELECT invariant, found, cases, id FROM "
            "(SELECT invariant, count(*) AS found, sum(cases) AS cases, min(ordinal) AS ordinal "
            "FROM violations GROUP BY invariant) JOIN cells USING (ordinal) "
            "ORDER BY found DESC, invariant"
        )
        return {invariant: Violated(*rest) for invariant, *rest in rows}

    def _cells(self, which: str, limit: int | None) -> tuple[CellStatus, ...]:
        rows = self._journal.query(
            f"{_CELL_COLUMNS} {which} LIMIT ?", (-1 if limit is None else limit,)
        )
        return tuple(self._cell(Cell(*row[:5]), row[5:]) for row in rows)

    def _cell(self, cell: Cell, rest: tuple[Any, ...]) -> CellStatus:
        state, attempts, seconds, events, error = rest
        violations = self._journal.query(
            "SELECT invariant, cases FROM violations WHERE ordinal = ? ORDER BY invariant",
            (cell.ordinal,),
        )
        return CellStatus(
            id=cell.id,
            state=state,
            trace=self._folder.trace(cell),
            attempts=attempts,
            seconds=seconds,
            events=events,
            violations=dict(violations),
            error=error,
            command=reproduce(self._folder, cell, self._journal.recipe_of(cell)),
        )

    def _sessions(self) -> tuple[SessionStatus, ...]:
        rows = self._journal.query(
            "SELECT number, engine, begun, ended, outcome, "
            "(SELECT count(*) FROM cells WHERE session = number) FROM sessions ORDER BY number"
        )
        still = "running" if self._holder is not None else "crashed"
        return tuple(
            SessionStatus(number, engine, begun, ended, outcome or still, settled)
            for number, engine, begun, ended, outcome, settled in rows
        )
