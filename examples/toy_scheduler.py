"""A toy NAND scheduler: one die, one op at a time, and reads that suspend a running program.

It stands for a scheduler of your own: an event loop over a heap that knows of no trace. How it is traced
without a change to it, `trace_toy.py` shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from heapq import heapify, heappop, heappush
from random import Random

DURATION_NS = {
    "ERASE": 3_000_000,
    "PROGRAM_SLC": 300_000,
    "READ": 25_000,
    "PROGRAM_SUSPEND": 20_000,
    "PROGRAM_RESUME": 10_000,
}
READ_GAP_NS = 500_000
PLANES, BLOCKS, PAGES = 2, 4, 6
NEVER_ERASED, ERASED = -2, -1


class Due(IntEnum):
    """What is queued; of equal times the lower goes first."""

    END = 0
    READ_WANTED = 1
    START = 2


@dataclass(frozen=True, slots=True)
class Op:
    """One NAND operation; a suspend and a resume address the whole die."""

    id: int
    base: str
    block: int | None = None
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """One uninterrupted execution of an op."""

    id: int
    op: Op
    start_ns: int
    end_ns: int


class ToyScheduler:
    """Erases, programs and reads at random; `pages` holds the last programmed page of each block."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - a repeatable workload, no secret
        self.now_ns = self.until_ns = 0
        self.draining = False
        self.queue: list[tuple[int, Due, int, Segment | None]] = []
        self.ongoing: Segment | None = None
        self.suspended: list[tuple[Op, int]] = []
        self.pages = [NEVER_ERASED] * BLOCKS
        self.reads_wanted = self.ops = self.segments = self.sequence = 0

    def run(self, until_ns: int) -> None:
        """Run up to `until_ns`, then deliver what is still reserved and propose nothing more."""
        self.until_ns = until_ns
        self.push(self.now_ns + self.random.randrange(READ_GAP_NS), Due.READ_WANTED)
        self.propose()
        while self.queue[0][0] < until_ns:
            self.dispatch()
        self.queue = [entry for entry in self.queue if entry[1] != Due.READ_WANTED]
        heapify(self.queue)
        self.draining = True
        while self.queue:
            self.dispatch()
        self.draining = False

    def push(self, time_ns: int, due: Due, segment: Segment | None = None) -> None:
        heappush(self.queue, (time_ns, due, self.sequence, segment))
        self.sequence += 1

    def dispatch(self) -> None:
        self.now_ns, due, _, segment = heappop(self.queue)
        if segment is None:
            self.read_wanted()
        elif due == Due.START:
            self.start(segment)
        else:
            self.end(segment)

    def propose(self) -> None:
        """Choose the next op of an idle die."""
        readable = [block for block, page in enumerate(self.pages) if page > ERASED]
        if self.reads_wanted and readable:
            self.reads_wanted -= 1
            self.reserve(self.read_op(readable), self.now_ns)
            return
        block = self.random.randrange(BLOCKS)
        page = self.pages[block]
        if page in (NEVER_ERASED, PAGES - 1):
            self.reserve(self.new_op("ERASE", block), self.now_ns)
        else:
            self.reserve(self.new_op("PROGRAM_SLC", block, page + 1), self.now_ns)

    def read_wanted(self) -> None:
        """A read comes in: it cuts a running program if that can go on within this run, or waits."""
        self.push(self.now_ns + self.random.randrange(READ_GAP_NS), Due.READ_WANTED)
        resume_ns = self.now_ns + DURATION_NS["PROGRAM_SUSPEND"] + DURATION_NS["READ"]
        readable = [block for block, page in enumerate(self.pages) if page > ERASED]
        programs = self.ongoing is not None and self.ongoing.op.base == "PROGRAM_SLC"
        if not (programs and readable and resume_ns < self.until_ns):
            self.reads_wanted += 1
            return
        suspend = self.reserve(self.new_op("PROGRAM_SUSPEND"), self.now_ns)
        read = self.reserve(self.read_op(readable), suspend.end_ns)
        self.reserve(self.new_op("PROGRAM_RESUME"), read.end_ns)

    def new_op(self, base: str, block: int | None = None, page: int | None = None) -> Op:
        self.ops += 1
        return Op(self.ops - 1, base, block, page)

    def read_op(self, readable: list[int]) -> Op:
        block = self.random.choice(readable)
        return self.new_op("READ", block, self.random.randint(0, self.pages[block]))

    def reserve(self, op: Op, start_ns: int, work_ns: int | None = None) -> Segment:
        """Queue the start and the end of an op, or of the `work_ns` that a suspend left of it."""
        end_ns = start_ns + (DURATION_NS[op.base] if work_ns is None else work_ns)
        segment = Segment(self.segments, op, start_ns, end_ns)
        self.segments += 1
        self.push(start_ns, Due.START, segment)
        self.push(end_ns, Due.END, segment)
        return segment

    def start(self, segment: Segment) -> None:
        if segment.op.base == "PROGRAM_SUSPEND":
            self.suspend(segment)
        elif segment.op.base == "PROGRAM_RESUME":
            self.resume(segment)
        self.ongoing = segment

    def end(self, segment: Segment) -> None:
        self.ongoing = None
        if segment.op.base in ("ERASE", "PROGRAM_SLC"):
            self.apply(segment)
        if not (self.draining or self.suspended or any(entry[3] for entry in self.queue)):
            self.propose()

    def suspend(self, by: Segment) -> None:
        """Cut the running program: withdraw its end, keep what remains of it."""
        cut = self.ongoing
        assert cut is not None, f"segment {by.id} suspends nothing"  # noqa: S101 - our own promise
        self.queue = [entry for entry in self.queue if entry[3] is not cut]
        heapify(self.queue)
        self.suspended.append((cut.op, cut.end_ns - self.now_ns))

    def resume(self, by: Segment) -> None:
        """Let the program suspended last go on when the resume is over."""
        op, remaining_ns = self.suspended.pop()
        self.reserve(op, by.end_ns, remaining_ns)

    def apply(self, segment: Segment) -> None:
        """An erase or a program is done: its block counts as erased, its page as programmed."""
        op = segment.op
        assert op.block is not None  # noqa: S101 - both ops have one
        self.pages[op.block] = ERASED if op.page is None else op.page
