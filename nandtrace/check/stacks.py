"""Stacks of suspended ops, replayed: what each RESUME found, and what was kept for it."""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from nandtrace.check.batch import Batch
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import Axis

Entry = tuple[int | None, int | None, int | None]
"""A suspended op, the work kept for it in ns, the row of the segment cut; None where unknown."""


Left = dict[tuple[Axis, int], list[int | None]]
"""Suspended ops by axis and die."""


@dataclass(frozen=True, slots=True)
class StackReplay:
    """Per RESUME what the stacks said; per SUSPEND the work its op had kept before, and whether the
    very segment was suspended already and not resumed (`again`; of numbered ops).

    `left` are the ops suspended at the end of runs in which anything was suspended, resumed or reset:
    by row of the run, and then by axis and die, oldest first.
    """

    resumes: dict[str, pl.Series]
    kept_before: Int64s
    again: npt.NDArray[np.bool_]
    left: dict[int, Left]


class _Stacks:
    """The suspended ops of one run, per die and axis, oldest first."""

    def __init__(self, batch: Batch, state: dict[str, Any] | None) -> None:
        # An axis that the batch never names has no code, and yet stacks of its own.
        self._axes = {
            -place if axis not in batch.names else batch.code(axis): axis
            for place, axis in enumerate(Axis, start=1)
        }
        codes = {axis: code for code, axis in self._axes.items()}
        self._program = codes[Axis.PROGRAM]
        self._stacks: dict[tuple[int, int], list[Entry]] = {}
        self.kept: dict[int, int | None] = {}
        for axis in Axis:
            lists = (state or {}).get(f"suspended_{axis.lower()}") or []
            for die, ops in enumerate(lists):
                self._stacks[die, codes[axis]] = [(op, None, None) for op in ops]

    def holds(self, die: int, axis: int, op: int | None, row: int | None) -> bool:
        """Whether this segment of a numbered op is suspended already."""
        if op is None or row is None:
            return False
        return any(entry[2] == row for entry in self._stacks.get((die, axis), ()))

    def push(self, die: int, axis: int, entry: Entry) -> None:
        op, remaining_ns, _ = entry
        if op is not None:
            self.drop(op)
            self.kept[op] = remaining_ns
        self._stacks.setdefault((die, axis), []).append(entry)

    def pop(self, die: int, axis: int, op: int | None) -> tuple[bool, bool, bool, int | None]:
        """Take an op off: was it there, was it the last, does a program wait, what was kept."""
        stack = self._stacks.get((die, axis), [])
        place = _place_of(stack, op)
        if place is None:
            return False, True, False, None
        waits = axis != self._program and bool(self._stacks.get((die, self._program)))
        in_order = place == len(stack) - 1
        return True, in_order, waits, stack.pop(place)[1]

    def left(self) -> Left:
        """The ops on the stacks that are not empty."""
        return {
            (self._axes[code], die): [op for op, *_ in stack]
            for (die, code), stack in self._stacks.items()
            if stack and code in self._axes
        }

    def drop(self, op: int) -> None:
        for stack in self._stacks.values():
            stack[:] = [entry for entry in stack if entry[0] != op]


def _place_of(stack: list[Entry], op: int | None) -> int | None:
    """The last entry of an op; an op or an entry without a number matches any."""
    for place in range(len(stack) - 1, -1, -1):
        if op is None or stack[place][0] is None or stack[place][0] == op:
            return place
    return None


def replay_stacks(
    batch: Batch,
    suspends: pl.DataFrame,
    resumes: pl.DataFrame,
    resets: list[tuple[int, int, int]],
) -> StackReplay:
    """Push at each SUSPEND that has a target, pop at each RESUME that was ok, in order."""
    kept_before = np.full(len(suspends), NULL, np.int64)
    again = np.zeros(len(suspends), np.bool_)
    answers: list[tuple[bool, bool, bool, int | None]] = []
    by_run: dict[int, _Stacks] = {}
    for _, run_row, what, row in _merged(suspends, resumes, resets):
        if run_row not in by_run:
            by_run[run_row] = _Stacks(batch, batch.begin_states[run_row])
        stacks = by_run[run_row]
        if what == _RESET:
            stacks.drop(row)
        elif what == _SUSPEND:
            place, die, axis, op, remaining_ns, segment = row
            if stacks.holds(die, axis, op, segment):
                again[place] = True
                continue
            kept = stacks.kept.get(op) if op is not None else None
            kept_before[place] = NULL if kept is None else kept
            stacks.push(die, axis, (op, remaining_ns, segment))
        else:
            die, axis, op, ok = row
            answers.append(stacks.pop(die, axis, op) if ok else (False, True, False, None))
    left = {run_row: stacks.left() for run_row, stacks in by_run.items()}
    return StackReplay(_resume_columns(answers), kept_before, again, left)


_RESET, _SUSPEND, _RESUME = range(3)
_SUSPEND_COLUMNS = ("place", "die", "axis", "op", "remaining_ns", "row")
_RESUME_COLUMNS = ("die", "axis", "op", "ok")


def _merged(
    suspends: pl.DataFrame, resumes: pl.DataFrame, resets: list[tuple[int, int, int]]
) -> list[tuple[int, int, int, Any]]:
    """All three by sequence number: (seq, run_row, what, row)."""
    merged: list[tuple[int, int, int, Any]] = [
        (seq, run_row, _RESET, op) for seq, run_row, op in resets
    ]
    for what, frame, names in (
        (_SUSPEND, suspends.filter(pl.col("has_target")), _SUSPEND_COLUMNS),
        (_RESUME, resumes, _RESUME_COLUMNS),
    ):
        rows = zip(*(frame[name].to_list() for name in names), strict=True)
        seqs, run_rows = frame["seq"].to_list(), frame["run_row"].to_list()
        merged += zip(seqs, run_rows, [what] * len(frame), rows, strict=True)
    merged.sort(key=itemgetter(0))
    return merged


def _resume_columns(
    answers: list[tuple[bool, bool, bool, int | None]],
) -> dict[str, pl.Series]:
    found, in_order, waits, kept = zip(*answers, strict=True) if answers else ((), (), (), ())
    return {
        "found": pl.Series(found, dtype=pl.Boolean),
        "in_order": pl.Series(in_order, dtype=pl.Boolean),
        "program_waits": pl.Series(waits, dtype=pl.Boolean),
        "kept_ns": pl.Series(kept, dtype=pl.Int64),
    }
