"""A small legal native trace as a list of recorder calls, for tests that break one thing in it.

One die of two planes: run 0 erases two blocks, programs a page in each, the second program suspended
within and resumed; run 1 erases with a suspend, and programs within that suspend.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from nandtrace import Recorder, Topology

Calls = list[tuple[str, dict[str, Any]]]

DEVICE: dict[str, Any] = {
    "topology": Topology(dies=1, planes=2, blocks_per_die=4, pages_per_block=8),
    "program_bases": ("PROGRAM_SLC",),
    "celltype_compatible": {"SLC": ["A0SLC"]},
    "bad_blocks": [(0, 3)],
}


class Story:
    """Builds the calls; times in ns."""

    def __init__(self) -> None:
        self.calls: Calls = []
        self.now = 0
        self.seg = 0
        self.op = 0

    def call(self, name: str, **arguments: Any) -> None:
        self.calls.append((name, {"time_ns": self.now, **arguments}))

    def begin(self, addr_state: list[int], modes: list[str | None]) -> None:
        self.call("begin_run", run_until_ns=self.now + 10_000, snapshot=snapshot(addr_state, modes))

    def end(self, addr_state: list[int], modes: list[str | None]) -> None:
        self.call("end_run", end="DRAINED", snapshot=snapshot(addr_state, modes))

    def commit(
        self,
        base: str,
        busy_ns: int,
        block: int,
        page: int | None,
        start_ns: int | None = None,
        op: int | None = None,
        source: str = "PROPOSAL",
    ) -> int:
        start = self.now if start_ns is None else start_ns
        seg, self.seg = self.seg, self.seg + 1
        self.call(
            "commit", seg=seg, op=self.next_op() if op is None else op, op_name=base.title(), base=base,
            source=source, start_ns=start, end_ns=start + busy_ns, targets=[(0, block % 2, block, page)],
        )  # fmt: skip
        return seg

    def next_op(self) -> int:
        op, self.op = self.op, self.op + 1
        return op

    def whole(self, base: str, busy_ns: int, block: int, page: int | None) -> None:
        seg = self.commit(base, busy_ns, block, page)
        self.start(seg)
        self.now += busy_ns
        self.finish(seg, base, block, page)

    def start(self, seg: int) -> None:
        self.call("op_start", seg=seg)

    def finish(self, seg: int, base: str, block: int, page: int | None) -> None:
        self.call("op_end", seg=seg)
        if base == "ERASE":
            self.call("apply_erase", seg=seg, cells=[(0, block)], celltype="SLC")
        if base == "PROGRAM_SLC":
            self.call("apply_pgm", seg=seg, cells=[(0, block, page)], celltype="SLC")

    def suspend(self, axis: str, seg: int, op: int, left_ns: int) -> None:
        by = self.commit(f"{axis}_SUSPEND", 100, 0, None)
        self.start(by)
        self.call("suspend", die=0, axis=axis, op=op, remaining_ns=left_ns, by_seg=by)
        self.call("cancel", seg=seg, event="OP_END", due_ns=self.now + left_ns, reason="SUSPEND")
        self.call("op_end", seg=seg, outcome="SUSPENDED")
        self.now += 100
        self.call("op_end", seg=by)

    def resume(self, axis: str, op: int, left_ns: int, base: str, block: int, page: int) -> None:
        by = self.commit(f"{axis}_RESUME", 100, 0, None)
        self.call("resume", die=0, axis=axis, op=op, remaining_ns=left_ns, by_seg=by)
        chain = self.commit(
            base, left_ns, block, page, start_ns=self.now + 100, op=op, source="RESUME_CHAIN"
        )
        self.start(by)
        self.now += 100
        self.call("op_end", seg=by)
        self.start(chain)
        self.now += left_ns
        self.finish(chain, base, block, page)


def snapshot(addr_state: list[int], modes: list[str | None]) -> dict[str, Any]:
    """A snapshot with nothing left over."""
    return {
        "ongoing": [[]],
        "suspended_erase": [[]],
        "suspended_program": [[]],
        "pending": [],
        "addr_state": addr_state,
        "cell_modes": modes,
    }


def legal_calls() -> Calls:
    """The whole story, legal in every respect."""
    story = Story()
    story.begin([-2, -2, -2, -2], [None] * 4)
    story.whole("ERASE", 3_000, 0, 0)
    story.whole("ERASE", 3_000, 1, 0)
    story.whole("PROGRAM_SLC", 300, 0, 0)
    seg, op = story.commit("PROGRAM_SLC", 300, 1, 0), story.op - 1
    story.start(seg)
    story.now += 120
    story.suspend("PROGRAM", seg, op, 180)
    story.resume("PROGRAM", op, 180, "PROGRAM_SLC", 1, 0)
    story.end([0, 0, -2, -2], ["SLC", "SLC", None, None])
    story.begin([0, 0, -2, -2], ["SLC", "SLC", None, None])
    erase, erase_op = story.commit("ERASE", 3_000, 2, 0), story.op - 1
    story.start(erase)
    story.now += 1_000
    story.suspend("ERASE", erase, erase_op, 2_000)
    program, program_op = story.commit("PROGRAM_SLC", 300, 0, 1), story.op - 1
    story.start(program)
    story.now += 100
    story.suspend("PROGRAM", program, program_op, 200)
    story.resume("PROGRAM", program_op, 200, "PROGRAM_SLC", 0, 1)
    story.resume("ERASE", erase_op, 2_000, "ERASE", 2, 0)
    story.call("backlog", on=True, op=90, op_name="Read", die=0)
    story.call("backlog", on=True, op=91, op_name="Read", die=0)
    story.call("backlog", on=False, op=90, op_name="Read", die=0)
    story.call("backlog", on=False, op=91, op_name="Read", die=0)
    story.end([1, 0, -1, -2], ["SLC", "SLC", "SLC", None])
    return copy.deepcopy(story.calls)


def record(path: Path, calls: Calls, **options: Any) -> Path:
    """Record the calls as they are."""
    with Recorder(path, **(DEVICE | options)) as recorder:
        for name, arguments in calls:
            getattr(recorder, name)(**arguments)
    return path
