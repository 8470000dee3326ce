"""The peer of verify: a few life-cycle and address invariants as a plain loop over events."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.rows import Row
from nandtrace import NAND
from nandtrace.vocab.nand import ERASED, NEVER_ERASED

CHECKED = (
    "one-op-start-per-segment",
    "one-op-end-per-segment",
    "op-on-time",
    "program-after-erase",
    "page-ascending",
    "page-programmed-once",
)
"""What the loop checks, by the ids of the invariants that check the same."""

COMMIT, OP_START, OP_END, CANCEL, APPLY_ERASE, APPLY_PGM = (
    NAND.by_name[name].code
    for name in ("COMMIT", "OP_START", "OP_END", "CANCEL", "APPLY_ERASE", "APPLY_PGM")
)


class PlainChecker:
    """The state of the loop. `violations` counts the events that break a rule."""

    def __init__(self) -> None:
        self.violations = 0
        self.due: dict[int | None, tuple[int | None, int | None]] = {}
        self.started: set[int | None] = set()
        self.cut: set[int | None] = set()
        self.pages: dict[tuple[int | None, ...], int] = {}

    def check(self, rows: Sequence[Row]) -> int:
        """Check rows from the first one on, and return the number of violations."""
        for row in rows:
            kind, values = row.kind, row.values
            if kind == COMMIT:
                self.due[values[0]] = values[5:7]  # type: ignore[assignment]
            elif kind == OP_START:
                self._start(values[0], row.time_ns)
            elif kind == OP_END:
                self._end(values[0], row.time_ns)
            elif kind == CANCEL:
                self.cut.add(values[0])
            elif kind == APPLY_PGM:
                self._program(row)
            elif kind == APPLY_ERASE:
                for die, block, _ in row.items:
                    self.pages[die, block] = ERASED
        return self.violations

    def _start(self, seg: int | None, time_ns: int) -> None:
        if seg in self.started or seg not in self.due or self.due[seg][0] != time_ns:
            self.violations += 1
        self.started.add(seg)

    def _end(self, seg: int | None, time_ns: int) -> None:
        due = self.due.pop(seg, None)
        if due is None or seg not in self.started or (seg not in self.cut and due[1] != time_ns):
            self.violations += 1
        self.started.discard(seg)
        self.cut.discard(seg)

    def _program(self, row: Row) -> None:
        for die, block, page in row.items:
            last = self.pages.get((die, block), NEVER_ERASED)
            if last == NEVER_ERASED or page != last + 1:
                self.violations += 1
            if page is not None:
                self.pages[die, block] = page
