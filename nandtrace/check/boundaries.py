"""Where runs begin and end, in domains with a replay: against the run before, and against the replay."""

from __future__ import annotations

from typing import Protocol

from nandtrace.check.differences import differences, short
from nandtrace.check.event_batch import EventBatch, State
from nandtrace.check.event_facts import Boundary


class Notes(Protocol):
    """The ledger of a domain, as far as it takes offences that name no place."""

    def offend(self, rule: str, at: int, expected: str, actual: str) -> None:
        """Note an offence of the event at a position."""

    def count(self, rule: str, evaluated: int = 1, exercised: int | None = None) -> None:
        """Note subjects looked at, and how many of them could have failed: all, unless told."""


class Boundaries:
    """Compares the snapshots of a batch with each other, and with what a replay has."""

    def __init__(self, notes: Notes, batch: EventBatch, carry: Boundary) -> None:
        self._notes = notes
        self._batch = batch
        self._carry = carry

    def is_first(self, row: int) -> bool:
        """Whether a run is the first of its trace."""
        return row == 0 and self._carry.next_seq == 0

    def is_new(self, row: int) -> bool:
        """Whether nothing has happened before a run: the first of a trace whose runs count from 0."""
        return self.is_first(row) and int(self._batch.run[0]) == 0

    def before(self, row: int) -> State | None:
        """The state in which the run before one ended, None where that is not known."""
        return self._batch.end_states[row - 1] if row else self._carry.state

    def count_begin(self, row: int) -> None:
        """Note that the begin of a run is looked at."""
        is_known = self.is_first(row) or self.before(row) is not None
        self._notes.count("checkpoint-continuity", 1, int(is_known))

    def continues(self, at: int, row: int, begin: State, initial: State) -> bool:
        """Judge the begin of a run by what was before it; `initial` is how a first run begins.

        Tells whether anything was.
        """
        before = initial if self.is_new(row) else self.before(row)
        if before is not None:
            for name, mine, its in differences(before, begin):
                self.offend(at, f"{name} {short(mine)}, as before", f"{short(its)}")
        self._check_time(at, row)
        self.check_clock(at, begin)
        return before is not None

    def _check_time(self, at: int, row: int) -> None:
        time_ns = int(self._batch.time_ns[at])
        before = int(self._batch.time_ns[at - 1]) if row else self._carry.time_ns
        if before is not None and time_ns != before:
            self.offend(at, f"the time at which the last run ended, {before} ns", f"{time_ns} ns")

    def check_clock(self, at: int, state: State) -> None:
        """A snapshot is of the time of its event."""
        time_ns = int(self._batch.time_ns[at])
        if state["clock_ns"] != time_ns:
            self.offend(at, f"clock_ns {time_ns}, its time", f"{state['clock_ns']}")

    def said_at(self, at: int) -> State | None:
        """The snapshot of the RUN_END at a position; that there is none is an offence."""
        said = self._batch.end_states[int(self._batch.run_row[at])]
        if said is None:
            self.offend(at, "a snapshot at RUN_END", "none")
        return said

    def compare(self, at: int, mine: State, said: State) -> None:
        """The snapshot of a RUN_END has what the replay has."""
        self._notes.count("checkpoint-matches-replay")
        for name, due, its in differences(mine, said):
            self._notes.offend(
                "checkpoint-matches-replay", at, f"{name} {short(due)}", f"{short(its)}"
            )

    def offend(self, at: int, expected: str, actual: str) -> None:
        """Note that a run does not go on where the one before ended."""
        self._notes.offend("checkpoint-continuity", at, expected, actual)
