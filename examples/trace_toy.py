"""Trace the toy scheduler: a subclass that records each step where the scheduler takes it.

    python examples/trace_toy.py toy.mpk [--seed N]

The scheduler itself stays as it is: every method that decides something is overridden by one that does
the same and tells the recorder.
"""

from __future__ import annotations

import argparse
from typing import Any

from toy_scheduler import BLOCKS, NEVER_ERASED, PAGES, PLANES, Due, Op, Segment, ToyScheduler

from nandtrace import Recorder, Topology

RUN_NS = 30_000_000
RUNS = 3
DIE = 0
CELLTYPE = "SLC"


class TracedToy(ToyScheduler):
    """The toy scheduler, every step of it recorded."""

    def __init__(self, seed: int, recorder: Recorder) -> None:
        super().__init__(seed)
        self.recorder = recorder

    def run(self, until_ns: int) -> None:
        self.recorder.begin_run(self.now_ns, run_until_ns=until_ns, snapshot=self.snapshot())
        super().run(until_ns)
        self.recorder.end_run(self.now_ns, snapshot=self.snapshot(), end="DRAINED")

    def reserve(self, op: Op, start_ns: int, work_ns: int | None = None) -> Segment:
        segment = super().reserve(op, start_ns, work_ns)
        self.recorder.commit(
            self.now_ns,
            seg=segment.id,
            op=op.id,
            op_name=op.base.title(),
            base=op.base,
            source="PROPOSAL" if work_ns is None else "RESUME_CHAIN",
            start_ns=segment.start_ns,
            end_ns=segment.end_ns,
            targets=[(DIE, *_address(op))],
        )
        return segment

    def start(self, segment: Segment) -> None:
        self.recorder.op_start(self.now_ns, segment.id)
        super().start(segment)

    def end(self, segment: Segment) -> None:
        self.recorder.op_end(self.now_ns, segment.id, drained=self.draining)
        super().end(segment)

    def suspend(self, by: Segment) -> None:
        cut = self.ongoing
        super().suspend(by)
        assert cut is not None  # noqa: S101 - super().suspend has made sure of it
        op, remaining_ns = self.suspended[-1]
        now_ns, write = self.now_ns, self.recorder
        write.suspend(
            now_ns, die=DIE, axis="PROGRAM", op=op.id, remaining_ns=remaining_ns, by_seg=by.id
        )
        write.cancel(now_ns, cut.id, "OP_END", cut.end_ns, reason="SUSPEND")
        write.op_end(now_ns, cut.id, outcome="SUSPENDED")

    def resume(self, by: Segment) -> None:
        op, remaining_ns = self.suspended[-1]
        self.recorder.resume(
            self.now_ns,
            die=DIE,
            axis="PROGRAM",
            op=op.id,
            remaining_ns=remaining_ns,
            by_seg=by.id,
        )
        super().resume(by)

    def apply(self, segment: Segment) -> None:
        super().apply(segment)
        _, block, page = _address(segment.op)
        if page is None:
            self.recorder.apply_erase(self.now_ns, segment.id, [(DIE, block)], CELLTYPE)
        else:
            self.recorder.apply_pgm(self.now_ns, segment.id, [(DIE, block, page)], CELLTYPE)

    def snapshot(self) -> dict[str, Any]:
        """The complete state; lists of ops have one entry a die."""
        return {
            "ongoing": [[] if self.ongoing is None else [self.ongoing.op.id]],
            "suspended_erase": [[]],
            "suspended_program": [[op.id for op, _ in self.suspended]],
            "pending": [
                [time_ns, "OP_END" if due == Due.END else "OP_START", segment.id]
                for time_ns, due, _, segment in sorted(self.queue)
                if segment is not None
            ],
            "addr_state": list(self.pages),
            "cell_modes": [None if page == NEVER_ERASED else CELLTYPE for page in self.pages],
        }


def _address(op: Op) -> tuple[int, int, int | None]:
    """Plane, block and page; an op on the whole die names plane 0 and block 0 as fillers."""
    block = op.block or 0
    return block % PLANES, block, op.page


def main() -> None:
    """Record three runs into the trace named on the command line."""
    parser = argparse.ArgumentParser(description="Record the toy scheduler.")
    parser.add_argument("trace")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with Recorder(
        arguments.trace,
        topology=Topology(dies=1, planes=PLANES, blocks_per_die=BLOCKS, pages_per_block=PAGES),
        program_bases=["PROGRAM_SLC"],
        celltype_compatible={CELLTYPE: []},
        identity={"scheduler": "toy", "seed": arguments.seed},
    ) as recorder:
        toy = TracedToy(arguments.seed, recorder)
        for _ in range(RUNS):
            toy.run(toy.now_ns + RUN_NS)
    print(f"{arguments.trace}: {toy.ops} ops in {toy.segments} segments, {RUNS} runs")


if __name__ == "__main__":
    main()
