"""The journal: the plan of a campaign and what became of each cell, in one SQLite database.

A cell's result is written once, in one transaction that is synced before it counts. Others may read the
journal at any time.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from nandtrace import __version__
from nandtrace.campaign.database import (
    close_database,
    database_errors,
    open_database,
    open_to_read,
)
from nandtrace.campaign.model import Cell, CellResult, CellState, Limits
from nandtrace.errors import InputError, InternalError, UsageError
from nandtrace.nand.job import GENERATOR, VERSION

_PAGE = 256
_CELL = "SELECT ordinal, id, recipe, seed, trace FROM cells"
SCHEDULER = f"{GENERATOR} {VERSION}"
"""What decides the bytes of the traces, beside the recipes."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the cells of one profile and set of options have in common; see `plan.PlannedRecipe`.

    `profile` is a name or path that `nandtrace record --profile` takes, from the output folder on.
    """

    profile: str
    is_copy: bool
    identity: dict[str, Any]
    compress: bool
    arguments: tuple[str, ...]


class Journal:
    """The journal in a file. It belongs to the thread that opened it. Close it, or use it with `with`."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open it to go on. Raises InputError for what is none, StorageError where it can't be written.

        Raises UsageError for one whose cells would come out otherwise by this version of nandtrace.
        """
        journal = cls(path, open_database(path))
        try:
            journal._check_scheduler()
        except BaseException:
            journal.close()
            raise
        return journal

    @classmethod
    def open_to_read(cls, path: Path) -> Self:
        """Open it to read, also while a campaign writes it. Raises InputError or StorageError."""
        return cls(path, open_to_read(path))

    def _check_scheduler(self) -> None:
        known = self.fact("scheduler")
        if known != SCHEDULER:
            raise UsageError(
                f"{self.path}: the campaign was begun with {known} (nandtrace {self.fact('nandtrace')}), "
                f"and this is {SCHEDULER} (nandtrace {__version__}): its traces would differ"
            )

    def close(self) -> None:
        """Close the file."""
        close_database(self._connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- the plan

    def fact(self, key: str) -> str:
        """One of the campaign's facts."""
        rows = self.query("SELECT value FROM facts WHERE key = ?", (key,))
        if not rows:
            raise InputError(str(self.path), f"the journal is damaged: it has no {key}")
        return str(rows[0][0])

    @property
    def limits(self) -> Limits:
        with self._sense("limits"):
            return Limits(**json.loads(self.fact("limits")))

    def set_limits(self, limits: Limits) -> None:
        """Other limits from now on."""
        with self._transaction():
            self._connection.execute(
                "UPDATE facts SET value = ? WHERE key = 'limits'", (json.dumps(asdict(limits)),)
            )

    @property
    def resources(self) -> dict[str, float]:
        with self._sense("resources"):
            return dict(json.loads(self.fact("resources")))

    def recipe_of(self, cell: Cell) -> Recipe:
        """What a cell is recorded by. Raises InputError for a journal that does not say it."""
        recipe = self._recipes.get(cell.recipe)
        if recipe is None:
            reason = f"the journal is damaged: it has no recipe {cell.recipe}"
            raise InputError(str(self.path), reason, f"cell {cell.id}")
        return recipe

    @cached_property
    def _recipes(self) -> dict[int, Recipe]:
        rows = self.query(
            "SELECT number, copy, source, identity, compress, arguments FROM recipes "
            "JOIN profiles ON label = profile"
        )
        with self._sense("recipes"):
            return {number: _recipe(*values) for number, *values in rows}

    def repairs(self) -> dict[str, tuple[str, ...]]:
        """What was repaired, by profile, where anything was."""
        rows = self.query("SELECT label, repairs FROM profiles ORDER BY label")
        with self._sense("profiles"):
            found = {label: tuple(json.loads(repairs)) for label, repairs in rows}
        return {label: repairs for label, repairs in found.items() if repairs}

    # ---- cells

    def pending(self) -> Iterator[Cell]:
        """The cells without a result, in order; those settled meanwhile are left out."""
        last = -1
        while True:
            rows = self.query(
                f"{_CELL} WHERE state = 'pending' AND ordinal > ? ORDER BY ordinal LIMIT {_PAGE}",
                (last,),
            )
            if not rows:
                return
            last = rows[-1][0]
            yield from (Cell(*row) for row in rows)

    def cell(self, cell_id: str) -> tuple[Cell, CellState] | None:
        """A cell and its state, by its id; None where there is no such cell."""
        rows = self.query(
            "SELECT ordinal, id, recipe, seed, trace, state FROM cells WHERE id = ?", (cell_id,)
        )
        with self._sense("cells"):
            return (Cell(*rows[0][:-1]), CellState(rows[0][-1])) if rows else None

    def counts(self) -> dict[CellState, int]:
        """How many cells are in each state."""
        found = dict(self.query("SELECT state, count(*) FROM cells GROUP BY state"))
        return {state: found.get(state.value, 0) for state in CellState}

    def settle(self, session: int, cell: Cell, result: CellResult, attempts: int) -> None:
        """Write what became of a pending cell. Raises StorageError, and then nothing is written."""
        values = (
            result.state.value,
            session,
            attempts,
            result.seconds,
            result.events,
            result.runs,
            result.bytes,
            result.digest,
            result.error,
            cell.ordinal,
        )
        with self._transaction():
            changed = self._connection.execute(
                "UPDATE cells SET state = ?, session = ?, attempts = ?, seconds = ?, events = ?, runs = ?, "
                "bytes = ?, digest = ?, error = ? WHERE ordinal = ? AND state = 'pending'",
                values,
            ).rowcount
            if changed != 1:
                raise InternalError(f"{self.path}: cell {cell.id} has a result already")
            self._connection.executemany(
                "INSERT INTO violations VALUES (?, ?, ?)",
                ((cell.ordinal, name, cases) for name, cases in result.violations.items()),
            )

    def forget(self, states: Sequence[CellState]) -> int:
        """Make the cells in these states pending again; returns how many there were."""
        values = [(state.value,) for state in states]
        with self._transaction():
            self._connection.executemany(
                "DELETE FROM violations WHERE ordinal IN (SELECT ordinal FROM cells WHERE state = ?)",
                values,
            )
            return self._connection.executemany(
                "UPDATE cells SET state = 'pending', session = NULL, attempts = 0, seconds = NULL, "
                "events = NULL, runs = NULL, bytes = NULL, digest = NULL, error = NULL "
                "WHERE state = ?",
                values,
            ).rowcount

    # ---- sessions

    def begin_session(self, engine: str) -> int:
        """Note that work begins, and return the session's number. One that is open still has crashed."""
        with self._transaction():
            self._connection.execute(
                "UPDATE sessions SET outcome = 'crashed' WHERE outcome IS NULL"
            )
            row = self._connection.execute(
                "INSERT INTO sessions (engine, begun) VALUES (?, ?)", (engine, _now())
            )
            assert row.lastrowid is not None
            return row.lastrowid

    def end_session(self, session: int, outcome: str) -> None:
        """Note how a session ended."""
        with self._transaction():
            self._connection.execute(
                "UPDATE sessions SET ended = ?, outcome = ? WHERE number = ?",
                (_now(), outcome, session),
            )

    # ---- SQLite

    def query(self, text: str, values: Iterable[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a SELECT. Raises InputError or StorageError."""
        with database_errors(self.path):
            return self._connection.execute(text, tuple(values)).fetchall()

    @contextlib.contextmanager
    def _sense(self, place: str) -> Iterator[None]:
        """In the block values become what they stand for; those that don't mean that the file is damaged."""
        try:
            yield
        except (ValueError, TypeError) as error:
            raise InputError(str(self.path), f"the journal is damaged: {error}", place) from error

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with database_errors(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                # After some failures SQLite has done so by itself.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


def _recipe(copy: str | None, source: str, identity: str, compress: int, arguments: str) -> Recipe:
    """A row of recipes. Raises ValueError or TypeError for what is none."""
    spec, words = json.loads(identity), json.loads(arguments)
    if not isinstance(spec, dict) or not isinstance(spec.get("options"), dict):
        raise TypeError(f"{identity} is no recipe")
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise TypeError(f"{arguments} are no arguments")
    return Recipe(copy or source, copy is not None, spec, bool(compress), tuple(words))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
