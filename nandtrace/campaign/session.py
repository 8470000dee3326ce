"""A session: one stretch of work on a campaign, by one engine, from its begin or a resume to its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nandtrace.campaign.folder import Folder
from nandtrace.campaign.journal import Journal
from nandtrace.campaign.model import Cell, CellResult, CellState
from nandtrace.campaign.settling import Shelf
from nandtrace.campaign.stopping import StopRequest


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a campaign is, earlier sessions included. `running` are ids, in the order they began.

    `settled_now` and `seconds` are those of this session. `waiting` says what the next cell waits for, where
    that is memory.
    """

    name: str
    cells: int
    ok: int
    violated: int
    unknown: int
    failed: int
    running: tuple[str, ...]
    settled_now: int
    seconds: float
    is_stopping: bool
    waiting: str | None

    @property
    def done(self) -> int:
        return self.ok + self.violated + self.unknown + self.failed

    @property
    def pending(self) -> int:
        return self.cells - self.done


class Session:
    """What an engine works with. All of it is to be used in the thread that the engine was called in."""

    def __init__(
        self,
        folder: Folder,
        journal: Journal,
        number: int,
        *,
        scratch: Path,
        stop: StopRequest,
        told: Callable[[Progress], None],
    ) -> None:
        self.folder = folder
        self.limits = journal.limits
        self.resources = journal.resources
        self.stop = stop
        self.scratch = scratch
        self.settled_now = 0
        self.name = journal.fact("name")
        self._journal = journal
        self._number = number
        self._told = told
        self._counts = journal.counts()
        self._running: dict[int, str] = {}
        self._waiting: str | None = None
        self._shelf = Shelf(folder)
        self._begin = time.monotonic()

    def cells(self) -> Iterator[Cell]:
        """The pending cells in the plan's order, read as they are asked for; settling may go on meanwhile."""
        return self._journal.pending()

    def cell(self, cell_id: str) -> tuple[Cell, CellState] | None:
        """A cell and its state, by its id; None where there is no such cell."""
        return self._journal.cell(cell_id)

    def spec(self, cell: Cell) -> dict[str, Any]:
        """What the process of a cell is told, but for the file to write; it holds all that it needs."""
        recipe = self._journal.recipe_of(cell)
        options = recipe.identity["options"] | {"seed": cell.seed}
        return {"identity": recipe.identity | {"options": options}, "compress": recipe.compress}

    def began(self, cell: Cell) -> None:
        """An attempt at a cell begins."""
        self._waiting = None
        self._running[cell.ordinal] = cell.id
        self.tell()

    def ended(self, cell: Cell) -> None:
        """An attempt at a cell is over, and the cell not settled."""
        if self._running.pop(cell.ordinal, None) is not None:
            self.tell()

    def waits(self, waiting: str | None) -> None:
        """What the next cell waits for, until it begins or until this is told again."""
        if waiting != self._waiting:
            self._waiting = waiting
            self.tell()

    def settle(self, cell: Cell, result: CellResult, trace: Path | None, attempts: int) -> None:
        """Put the trace of a cell into place and write down what became of it, for good.

        `trace` is a whole file on the same file system, None where there is none. Raises StorageError, or
        UsageError where the trace's place is no longer in the folder: the cell stays pending.
        """
        if trace is not None:
            self._shelf.put(cell, trace)
        self._journal.settle(self._number, cell, result, attempts)
        self._running.pop(cell.ordinal, None)
        self._counts[CellState.PENDING] -= 1
        self._counts[result.state] += 1
        self.settled_now += 1
        self.tell()

    def tell(self) -> None:
        """Say how far it is."""
        self._told(self.progress())

    def progress(self) -> Progress:
        """How far it is."""
        counts = self._counts
        return Progress(
            name=self.name,
            cells=sum(counts.values()),
            ok=counts[CellState.OK],
            violated=counts[CellState.VIOLATED],
            unknown=counts[CellState.UNKNOWN],
            failed=counts[CellState.FAILED],
            running=tuple(self._running.values()),
            settled_now=self.settled_now,
            seconds=self.seconds,
            is_stopping=self.stop.is_requested,
            waiting=self._waiting,
        )

    @property
    def seconds(self) -> float:
        """How long it has been going on."""
        return time.monotonic() - self._begin
