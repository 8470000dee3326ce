"""A legal JSON-lines log that the real ones do not have: numbered ops, two dies, nested suspends.

In each of two runs, on die 1: an erase is suspended; within, a program is suspended twice and ended;
then the erase goes on. Chain segments have an OP_START and start when they restart.
"""

from __future__ import annotations

import json
from typing import Any

Line = dict[str, Any]

RUN_US = 5000.0
ERASE, PROGRAM = [1, 1, 1, 0], [1, 0, 0, 0]
_AXIS_TARGET = [1, 0, 0, None]

HEADER: Line = {
    "kind": "HEADER",
    "format": "nandtrace-jsonl",
    "version": 1,
    "domain": "nand",
    "time_unit": "us",
    "topology": {"dies": 2, "planes": 2, "blocks_per_die": 4, "pages_per_block": 8},
    "program_bases": ["PROGRAM_SLC"],
    "celltype_compatible": {"SLC": ["SLC", "ACSLC"]},
    "chain_op_start": True,
}


class _Run:
    def __init__(self, run: int) -> None:
        self.run = run
        self.begin_us = run * RUN_US
        self.lines: list[Line] = []
        self.seg = run * 100

    def add(self, kind: str, time_us: float, **fields: Any) -> None:
        self.lines.append(
            {"kind": kind, "run": self.run, "t_us": self.begin_us + time_us, **fields}
        )

    def commit(self, base: str, decided: float, start: float, end: float, **fields: Any) -> int:
        self.seg += 1
        times = {"start_us": self.begin_us + start, "end_us": self.begin_us + end}
        self.add("COMMIT", decided, seg=self.seg, op_name=base, base=base, **times, **fields)
        return self.seg

    def instant(self, base: str, start: float, end: float) -> None:
        """A suspend or resume command, whole."""
        seg = self.commit(base, start, start, end, targets=[_AXIS_TARGET])
        self.add("OP_START", start, seg=seg)
        self.add("OP_END", end, seg=seg)

    def suspend(self, axis: str, op: int, seg: int, at: float, end: float) -> None:
        self.add(
            "SUSPENDED",
            at,
            die=1,
            axis=axis,
            op=op,
            at_us=self.begin_us + at,
            remaining_us=end - at,
        )
        self.add("CANCEL", at, seg=seg, event="OP_END", due_us=self.begin_us + end)
        self.instant(f"{axis}_SUSPEND", at, at + 10)

    def resume(self, axis: str, at: float, left: float, **op: Any) -> int:
        """Resume; the chain segment starts 10 µs later."""
        self.add("RESUMED", at, die=1, axis=axis, op=op["op"], ok=True)
        fields = {"source": "RESUME_CHAIN", **op}
        base = fields.pop("base")
        seg = self.commit(base, at, at + 10, at + 10 + left, **fields)
        self.instant(f"{axis}_RESUME", at, at + 10)
        self.add("OP_START", at + 10, seg=seg)
        return seg


def nested_log() -> list[Line]:
    """HEADER and two runs; verdict OK. No two lines share a list."""
    lines = [HEADER, *_run(0).lines, *_run(1).lines]
    return [json.loads(json.dumps(line)) for line in lines]


def _run(number: int) -> _Run:
    run = _Run(number)
    program = {"op": 2, "base": "PROGRAM_SLC", "targets": [[*PROGRAM[:3], number]]}
    erase = {"op": 1, "base": "ERASE", "targets": [ERASE]}
    begin = _snapshot(number - 1, -1 if number else -2)
    run.add("RUN_BEGIN", 0, run_until_us=run.begin_us + RUN_US, snapshot=begin)
    first = run.commit("ERASE", 0, 0, 3000, op=1, targets=[ERASE])
    run.add("OP_START", 0, seg=first)
    run.suspend("ERASE", 1, first, 1000, 3000)
    cut = run.commit("PROGRAM_SLC", 1020, 1020, 1320, op=2, targets=program["targets"])
    run.add("OP_START", 1020, seg=cut)
    run.suspend("PROGRAM", 2, cut, 1100, 1320)
    again = run.resume("PROGRAM", 1200, 220, **program)
    run.suspend("PROGRAM", 2, again, 1300, 1430)
    last = run.resume("PROGRAM", 1400, 130, **program)
    run.add("OP_END", 1540, seg=last, op=2, targets=program["targets"])
    run.add("APPLY_PGM", 1540, seg=last, cells=[[1, 0, number]], celltype="SLC")
    erased = run.resume("ERASE", 1600, 2000, **erase)
    run.add("OP_END", 3610, seg=erased, op=1, targets=[ERASE])
    run.add("APPLY_ERASE", 3610, seg=erased, cells=[[1, 1]], celltype="SLC")
    run.add("RUN_END", 3610, snapshot=_snapshot(number, -1))
    return run


def _snapshot(page: int, erased: int) -> Line:
    return {
        "suspended_erase": [[], []],
        "suspended_program": [[], []],
        "ongoing": [[], []],
        "pending": [],
        "addr_state": [-2, -2, -2, -2, page, erased, -2, -2],
    }
