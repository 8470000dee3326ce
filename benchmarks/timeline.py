"""One run of legal NAND events: erases, ascending programs, reads, suspends. The matter of the workload."""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple

DIES, PLANES, ROWS = 2, 4, 8
BLOCKS = PLANES * ROWS
"""Blocks of a die; a row is one block of every plane."""

ERASE_NS, PROGRAM_NS, READ_NS, DOUT_NS = 3_000_000, 300_000, 25_000, 10_000
SUSPEND_NS, RESUME_NS = 100_000, 50_000
LEAD_NS = 200
"""From the COMMIT of an op to its start."""

GRID_NS = 40
"""Every duration is a multiple of it, and die n runs n * 10 ns late: no two dies act at one time."""

OFFSET_NS = 10
SUSPEND_EVERY = 40
CELLTYPE = "SLC"

Address = tuple[int, int, int, int | None]


class Event(NamedTuple):
    """One event by the names of its columns; `items` are its targets or cells."""

    time_ns: int
    kind: str
    values: dict[str, Any]
    items: tuple[tuple[int | None, ...], ...] = ()


class DieTimeline:
    """Fills one die with one op after another. Ids count in steps of DIES, so that they never meet."""

    def __init__(self, die: int, seed: int) -> None:
        self.die = die
        self.random = Random(seed * DIES + die)  # noqa: S311 - a repeatable workload, no secret
        self.now_ns = die * OFFSET_NS
        self.events: list[Event] = []
        self.segments = 0
        self.ops = 0

    def fill(self, pages: int) -> None:
        """Erase every block, then program `pages` pages of each, with reads in between."""
        for row in range(ROWS):
            self.simple("ERASE", ERASE_NS, self._row(row, None))
        for page in range(pages):
            for row in range(ROWS):
                self._program_row(row, page)
                self._read(self.random.randrange(ROWS) if page else row, page)

    def simple(self, base: str, work_ns: int, targets: tuple[Address, ...]) -> None:
        """An op from its COMMIT to its end, and what it applies."""
        seg = self._commit(base, self._new_op(), self.now_ns + LEAD_NS, work_ns, targets)
        self._advance(LEAD_NS)
        self._emit("OP_START", seg=seg)
        self._advance(work_ns)
        self._finish(seg, base, targets)
        self._pause()

    def _program_row(self, row: int, page: int) -> None:
        targets = self._row(row, page)
        if row % 4 == 0:
            self.simple("PROGRAM_SLC", PROGRAM_NS, targets)
            return
        for target in targets:
            if self.random.randrange(SUSPEND_EVERY):
                self.simple("PROGRAM_SLC", PROGRAM_NS, (target,))
            else:
                self._suspended_program(target)

    def _read(self, row: int, page: int) -> None:
        """Read a page that was programmed: of this row's page, or of the page before."""
        block = row * PLANES + self.random.randrange(PLANES)
        targets = ((self.die, block % PLANES, block, max(page - 1, 0)),)
        self.simple("READ", READ_NS, targets)
        self.simple("DOUT", DOUT_NS, targets)

    def _suspended_program(self, target: Address) -> None:
        op, targets = self._new_op(), (target,)
        cut = self._commit("PROGRAM_SLC", op, self.now_ns + LEAD_NS, PROGRAM_NS, targets)
        self._advance(LEAD_NS)
        self._emit("OP_START", seg=cut)
        due_ns = self.now_ns + PROGRAM_NS
        self._advance(self.random.randrange(GRID_NS, PROGRAM_NS, GRID_NS))
        remaining_ns = due_ns - self.now_ns
        by = self._die_op("PROGRAM_SUSPEND", SUSPEND_NS)
        self._emit("OP_START", seg=by)
        self._emit(
            "SUSPEND",
            die=self.die,
            axis="PROGRAM",
            op=op,
            at_ns=self.now_ns,
            remaining_ns=remaining_ns,
            by_seg=by,
        )
        self._emit("CANCEL", seg=cut, event="OP_END", due_ns=due_ns, reason="SUSPEND")
        self._emit("OP_END", seg=cut, outcome="SUSPENDED", drained=0)
        self._advance(SUSPEND_NS)
        self._finish(by, "PROGRAM_SUSPEND", ())
        self._resume(op, targets, remaining_ns)

    def _resume(self, op: int, targets: tuple[Address, ...], remaining_ns: int) -> None:
        by = self._die_op("PROGRAM_RESUME", RESUME_NS)
        self._emit(
            "RESUME",
            die=self.die,
            axis="PROGRAM",
            op=op,
            ok=1,
            remaining_ns=remaining_ns,
            by_seg=by,
        )
        start_ns = self.now_ns + RESUME_NS
        seg = self._commit(
            "PROGRAM_SLC", op, start_ns, remaining_ns, targets, source="RESUME_CHAIN"
        )
        self._emit("OP_START", seg=by)
        self._advance(RESUME_NS)
        self._finish(by, "PROGRAM_RESUME", ())
        self._emit("OP_START", seg=seg)
        self._advance(remaining_ns)
        self._finish(seg, "PROGRAM_SLC", targets)
        self._pause()

    def _die_op(self, base: str, work_ns: int) -> int:
        """Commit an op that addresses the whole die; plane and block are fillers."""
        return self._commit(base, self._new_op(), self.now_ns, work_ns, ((self.die, 0, 0, None),))

    def _commit(
        self,
        base: str,
        op: int,
        start_ns: int,
        work_ns: int,
        targets: tuple[Address, ...],
        *,
        source: str = "PROPOSAL",
    ) -> int:
        seg = self.segments * DIES + self.die
        self.segments += 1
        values = {"seg": seg, "op": op, "op_name": base.title(), "base": base, "source": source}
        times = {"start_ns": start_ns, "end_ns": start_ns + work_ns}
        self.events.append(Event(self.now_ns, "COMMIT", {**values, **times}, targets))
        return seg

    def _finish(self, seg: int, base: str, targets: tuple[Address, ...]) -> None:
        self._emit("OP_END", seg=seg, outcome="COMPLETED", drained=0)
        cells = tuple((die, block, page) for die, _, block, page in targets)
        applied: dict[str, Any] = {"seg": seg, "celltype": CELLTYPE, "aborted": 0}
        if base == "ERASE":
            self.events.append(Event(self.now_ns, "APPLY_ERASE", applied, cells))
        elif base == "PROGRAM_SLC":
            self.events.append(Event(self.now_ns, "APPLY_PGM", applied, cells))

    def _emit(self, kind: str, **values: Any) -> None:
        self.events.append(Event(self.now_ns, kind, values))

    def _advance(self, duration_ns: int) -> None:
        self.now_ns += duration_ns

    def _pause(self) -> None:
        self._advance(GRID_NS * self.random.randrange(1, 10))

    def _new_op(self) -> int:
        self.ops += 1
        return (self.ops - 1) * DIES + self.die

    def _row(self, row: int, page: int | None) -> tuple[Address, ...]:
        first = row * PLANES
        return tuple((self.die, plane, first + plane, page) for plane in range(PLANES))
