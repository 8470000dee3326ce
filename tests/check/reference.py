"""A slow, obvious second opinion on a JSON-lines log: one event after the other, plain Python.

Written from the specification of the invariants and the README of the real logs, not from
nandtrace.check, and sharing nothing with it. `judge` counts, per invariant, what is wrong; counts are
comparable only where one event is one violation, elsewhere only whether there is any.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

Line = dict[str, Any]

_PRIORITY = {"OP_END": 0, "OP_START": 5}

INVARIANTS = (
    "time-monotone",
    "run-bracketed",
    "refs-resolve",
    "dispatch-order",
    "one-op-start-per-segment",
    "one-op-end-per-segment",
    "op-on-time",
    "segment-chain",
    "op-closed",
    "no-open-segment-at-run-end",
    "suspended-lists-empty",
    "nothing-proposed-after-run-until",
    "drain-clock",
    "snapshot-continuity",
    "snapshot-matches-replay",
    "apply-pgm-matched",
    "apply-erase-matched",
    "program-after-erase",
    "page-ascending",
    "page-programmed-once",
    "celltype-match",
    "address-in-range",
    "multi-plane-address",
    "suspend-has-target",
    "resume-has-target",
    "suspend-in-core-busy",
    "remaining-exact",
    "resume-restores",
    "resume-same-target",
    "nested-order",
)


def judge(lines: list[Line]) -> dict[str, int]:
    """How often each invariant is violated by the events after the HEADER, `lines[0]`."""
    log = _Log(lines[0])
    for line in lines[1:]:
        if line["kind"] == "CANCEL":
            log.cancels_at[line["run"], line["t_us"]].append(line["seg"])
    for line in lines[1:]:
        log.take(line)
    log.finish()
    return {name: log.found[name] for name in INVARIANTS}


def _ns(time_us: float) -> int:
    return round(time_us * 1000)


@dataclass(eq=False)
class _Queued:
    seg: int
    kind: str
    key: tuple[int, int, int]
    overtaken: bool = False


@dataclass
class _Suspend:
    at: int
    remaining: int | None


@dataclass(eq=False)
class _Op:
    """An op; one without a number has a single segment."""

    numbered: bool
    segments: list[_Segment] = field(default_factory=list)
    suspend: _Suspend | None = None
    suspended_segment: _Segment | None = None

    @property
    def ended(self) -> bool:
        last = self.segments[-1] if self.segments else None
        return last is not None and bool(last.ends)


@dataclass(eq=False)
class _Segment:
    commit: Line
    op: _Op
    work: int
    """Busy time, ns: what was committed, or what the suspend before a chain segment kept."""
    committed_at: int = 0
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    withdrawn_starts: int = 0
    applies: list[Line] = field(default_factory=list)

    @property
    def start(self) -> int:
        return _ns(self.commit["start_us"])

    @property
    def end(self) -> int:
        return _ns(self.commit["end_us"])

    @property
    def is_chain(self) -> bool:
        return bool(self.commit.get("source") == "RESUME_CHAIN")

    @property
    def closed(self) -> bool:
        return bool(self.ends or self.cuts)

    def is_on(self, die: int, axis: str, bases: set[str]) -> bool:
        on_die = any(target[0] == die for target in self.commit.get("targets") or [])
        return on_die and (self.commit["base"] in bases) == (axis == "ERASE")


class _Log:
    def __init__(self, header: Line) -> None:
        self.found: Counter[str] = Counter()
        topology = header["topology"]
        self.dies, self.planes = topology["dies"], topology["planes"]
        self.blocks, self.pages = topology["blocks_per_die"], topology["pages_per_block"]
        self.program_bases = set(header["program_bases"])
        self.erase_bases = set(header.get("erase_bases") or ["ERASE"])
        self.compatible = header.get("celltype_compatible") or {}
        self.chain_starts = header.get("chain_op_start") is not False
        # whole log
        self.now: int | None = None
        self.run: int | None = None
        self.last_run: int | None = None
        self.end_snapshot: Line | None = None
        self.segments: list[_Segment] = []
        self.ops: list[_Op] = []
        self.all_segs: set[int] = set()
        self.mode: dict[tuple[int, int], str] = {}
        # run
        self.live: dict[int, _Segment] = {}
        self.named: dict[int, _Op] = {}
        self.cancels_at: dict[tuple[int, float], list[int]] = defaultdict(list)
        self.queue: list[_Queued] = []
        self.resumed_at: set[tuple[int, float]] = set()
        self.suspended: dict[tuple[int, str], list[_Op | None]] = defaultdict(list)
        self.resumes: list[tuple[Line, _Op | None]] = []
        self.chains: list[_Segment] = []
        self.cancels: list[tuple[int, _Segment]] = []
        self.suspends: list[tuple[Line, _Op | None]] = []
        self.state: dict[tuple[int, int], int] = {}
        self.programmed: dict[tuple[int, int], set[int]] = defaultdict(set)
        self.run_until: int | None = None
        self.crossing: int | None = None
        self.drained: int | None = None
        self.sequence = 0
        self.begun_with = 0

    def bad(self, invariant: str, times: int = 1) -> None:
        self.found[invariant] += times

    def take(self, line: Line) -> None:
        self._bracket(line)
        time = _ns(line["t_us"])
        if self.now is not None and time < self.now:
            self.bad("time-monotone")
        self.now = time
        if line["kind"] != "RUN_BEGIN":
            self._crossing(line, time)
        getattr(self, "_" + line["kind"].lower())(line, time)

    # ---- runs

    def _bracket(self, line: Line) -> None:
        if line["kind"] == "RUN_BEGIN":
            follows = self.last_run is None or line["run"] == self.last_run + 1
            if self.run is not None or not follows:
                self.bad("run-bracketed")
        elif self.run is None or line["run"] != self.run:
            self.bad("run-bracketed")

    def _run_begin(self, line: Line, _: int) -> None:
        snapshot = line["snapshot"]
        earlier_live, earlier_named = self.live, self.named
        if self.end_snapshot is not None:
            same = {k: v for k, v in snapshot.items() if k != "pending"}
            before = {k: v for k, v in self.end_snapshot.items() if k != "pending"}
            if same != before:
                self.bad("snapshot-continuity")
        self._settle()
        self.run = self.last_run = line["run"]
        self.end_snapshot = None
        self.run_until = None if line.get("run_until_us") is None else _ns(line["run_until_us"])
        self.crossing = self.drained = None
        self.live, self.named, self.queue = {}, {}, []
        self.suspended = defaultdict(list)
        for due_us, kind, seg in snapshot["pending"]:
            if seg in earlier_live:
                self.live[seg] = earlier_live[seg]
            self._push(_ns(due_us), kind, seg)
        self._carry_ops(snapshot, earlier_named)
        states = snapshot["addr_state"]
        self.begun_with = len(states)
        self.state = {
            (place // self.blocks, place % self.blocks): value for place, value in enumerate(states)
        }
        self.programmed = defaultdict(set)
        for cell, last in self.state.items():
            self.programmed[cell] = set(range(last + 1))

    def _carry_ops(self, snapshot: Line, earlier: dict[int, _Op]) -> None:
        for name in ("ongoing", "suspended_program", "suspended_erase"):
            for die, numbers in enumerate(snapshot[name]):
                for number in numbers:
                    op = earlier.get(number)
                    if op is not None:
                        self.named[number] = op
                    if name != "ongoing":
                        self.suspended[die, name.split("_")[1].upper()].append(op)

    def _run_end(self, line: Line, time: int) -> None:
        snapshot = line["snapshot"]
        if snapshot["pending"] or any(snapshot["ongoing"]):
            self.bad("no-open-segment-at-run-end")
        if any(snapshot["suspended_erase"]) or any(snapshot["suspended_program"]):
            self.bad("suspended-lists-empty")
        if self.drained is not None and time != self.drained:
            self.bad("drain-clock")
        replayed = [
            self.state[place // self.blocks, place % self.blocks]
            for place in range(self.dies * self.blocks)
            if (place // self.blocks, place % self.blocks) in self.state
        ]
        if snapshot["addr_state"] != replayed or len(replayed) != self.begun_with:
            self.bad("snapshot-matches-replay")
        self._settle()
        self.end_snapshot = snapshot
        self.run = None

    def _settle(self) -> None:
        """What can be said of suspends and resumes only when the events around them are known."""
        for line, op in self.resumes:
            self._judge_resume(line, op)
        for time, segment in self.cancels:
            if not any(
                _ns(line["t_us"]) == time and (line.get("op") is None or op is segment.op)
                for line, op in self.suspends
            ):
                segment.cuts.remove(time)
        self.resumes, self.cancels, self.suspends, self.chains = [], [], [], []

    def _judge_resume(self, line: Line, op: _Op | None) -> None:
        chains = [
            chain
            for chain in self.chains
            if chain.commit["t_us"] == line["t_us"]
            and (op is None or not op.numbered or chain.op is op)
        ]
        if not chains:
            self.bad("resume-restores")

    def _crossing(self, line: Line, time: int) -> None:
        if self.run_until is None or time < self.run_until or line["kind"] == "RUN_END":
            return
        if self.crossing is None:
            self.crossing = time
        decided = line["kind"] == "COMMIT" and line.get("source") != "DRAIN"
        if decided and (time != self.crossing or self.drained is not None):
            self.bad("nothing-proposed-after-run-until")

    # ---- segments

    def _commit(self, line: Line, time: int) -> None:
        seg = line["seg"]
        if seg in self.all_segs:
            self.bad("refs-resolve")
        self.all_segs.add(seg)
        op = self._op_of_commit(line)
        work = _ns(line["end_us"]) - _ns(line["start_us"])
        segment = _Segment(line, op, work, committed_at=time)
        if segment.is_chain:
            self.chains.append(segment)
            if op.suspend is not None and op.suspend.remaining is not None:
                segment.work = op.suspend.remaining
        op.segments.append(segment)
        self.segments.append(segment)
        self.live[seg] = segment
        if self.chain_starts or not segment.is_chain:
            self._push(segment.start, "OP_START", seg)
        self._push(segment.end, "OP_END", seg)
        self._judge_targets(line)

    def _op_of_commit(self, line: Line) -> _Op:
        number = line.get("op")
        op = self.named.get(number) if number is not None else None
        if op is None:
            op = _Op(number is not None)
            self.ops.append(op)
            if number is not None:
                self.named[number] = op
        return op

    def _push(self, due: int, kind: str, seg: int) -> None:
        self.sequence += 1
        self.queue.append(_Queued(seg, kind, (due, _PRIORITY[kind], self.sequence)))

    def _unqueue(self, kind: str, seg: int) -> _Queued | None:
        for entry in self.queue:
            if (entry.seg, entry.kind) == (seg, kind):
                self.queue.remove(entry)
                return entry
        return None

    def _dispatch(self, kind: str, seg: int, time: int) -> None:
        """What is still queued and was due before this, was overtaken by it."""
        entry = self._unqueue(kind, seg)
        key = (time, _PRIORITY[kind], entry.key[2] if entry else 0)
        for other in self.queue:
            if other.key < key and not other.overtaken:
                other.overtaken = True
                self.bad("dispatch-order")

    def _segment(self, line: Line) -> _Segment | None:
        segment = self.live.get(line["seg"])
        if segment is None or any(
            line.get(name) is not None and line[name] != segment.commit.get(name)
            for name in ("op", "op_name", "base", "targets")
        ):
            self.bad("refs-resolve")
        return segment

    def _op_start(self, line: Line, time: int) -> None:
        self._dispatch("OP_START", line["seg"], time)
        segment = self._segment(line)
        if segment is None:
            return
        segment.starts.append(time)
        if time != segment.start:
            self.bad("op-on-time")

    def _op_end(self, line: Line, time: int) -> None:
        self._dispatch("OP_END", line["seg"], time)
        if line.get("drained"):
            self.drained = time
        if line.get("targets"):
            self._judge_targets(line)
        segment = self._segment(line)
        if segment is None:
            return
        segment.ends.append(time)
        if time != segment.end:
            self.bad("op-on-time")

    def _cancel(self, line: Line, time: int) -> None:
        self._unqueue(line["event"], line["seg"])
        segment = self._segment(line)
        if segment is None:
            return
        due = segment.start if line["event"] == "OP_START" else segment.end
        if line.get("due_us") is not None and _ns(line["due_us"]) != due:
            self.bad("refs-resolve")
        if line["event"] == "OP_START":
            segment.withdrawn_starts += 1
        else:
            segment.cuts.append(time)
            self.cancels.append((time, segment))

    # ---- suspends

    def _suspended(self, line: Line, _: int) -> None:
        at, remaining = _ns(line["at_us"]), line.get("remaining_us")
        target = self._target(line)
        self.suspends.append((line, self.named.get(line.get("op"))))
        if target is None:
            self.bad("suspend-has-target")
            return
        kept = None if remaining is None else _ns(remaining)
        if not (target.start <= at < target.end):
            self.bad("suspend-in-core-busy")
        if kept is not None and kept != min(target.end - at, target.work):
            self.bad("remaining-exact")
        target.op.suspend = _Suspend(at, kept)
        target.op.suspended_segment = target
        waiting = self.suspended[line["die"], line["axis"]]
        if target.op in waiting:
            waiting.remove(target.op)
        waiting.append(target.op)

    def _target(self, line: Line) -> _Segment | None:
        """The segment that a suspend acts on: its op's last one, or the one under way."""
        die, axis, number = line["die"], line["axis"], line.get("op")
        if number is not None:
            op = self.named.get(number)
            if op is None or not op.segments:
                return None
            segment = op.segments[-1]
            if op in self.suspended[die, axis] and op.suspended_segment is segment:
                return None
            ongoing = not segment.closed and segment.is_on(die, axis, self.erase_bases)
            return segment if ongoing else None
        return None if line.get("remaining_us") is None else self._unnumbered_target(line)

    def _unnumbered_target(self, line: Line) -> _Segment | None:
        """What was cut with the suspend; else what runs on the die and axis; else what is next."""
        at, die, axis = _ns(line["at_us"]), line["die"], line["axis"]
        own = [
            segment
            for segment in self.live.values()
            if segment.is_on(die, axis, self.erase_bases)
            and (axis == "ERASE" or "PROGRAM" in segment.commit["base"])
            and not segment.commit["base"].endswith(("_SUSPEND", "_RESUME"))
            and not segment.closed
            and segment.end > at
        ]
        withdrawn = self.cancels_at[line["run"], line["t_us"]]
        cut = [segment for segment in own if segment.commit["seg"] in withdrawn]
        running = [segment for segment in own if segment.start <= at]
        waiting = sorted((s for s in own if s.start > at), key=lambda segment: segment.start)
        return next(iter(cut + running[::-1] + waiting), None)

    def _resumed(self, line: Line, _: int) -> None:
        self.resumed_at.add((line["run"], line["t_us"]))
        waiting = self.suspended[line["die"], line["axis"]]
        number = line.get("op")
        op = self.named.get(number) if number is not None else None
        missing = (op not in waiting) if number is not None else not waiting
        if not line["ok"] or missing:
            self.bad("resume-has-target")
            return
        if number is None:
            op = waiting[-1]
        place = len(waiting) - 1 - waiting[::-1].index(op)
        programs = self.suspended[line["die"], "PROGRAM"]
        if place != len(waiting) - 1 or (line["axis"] == "ERASE" and programs):
            self.bad("nested-order")
        waiting.pop(place)
        self.resumes.append((line, op))

    # ---- addresses

    def _judge_targets(self, line: Line) -> None:
        targets = line.get("targets") or []
        if not all(self._in_range(*target) for target in targets):
            self.bad("address-in-range")
        paged = [target for target in targets if target[3] is not None]
        planes = [target[1] for target in paged]
        rows = {(target[0], target[2] // self.planes, target[3]) for target in paged}
        if len(paged) > 1 and (planes != sorted(set(planes)) or len(rows) > 1):
            self.bad("multi-plane-address", line["kind"] == "COMMIT")

    def _in_range(self, die: int, plane: int, block: int, page: int | None) -> bool:
        if not 0 <= die < self.dies:
            return False
        if page is None:
            return True
        return (
            0 <= plane < self.planes
            and 0 <= block < self.blocks
            and block % self.planes == plane
            and 0 <= page < self.pages
        )

    def _apply_erase(self, line: Line, _: int) -> None:
        segment = self._segment(line)
        if segment is not None:
            segment.applies.append(line)
        if not all(0 <= d < self.dies and 0 <= b < self.blocks for d, b in line["cells"]):
            self.bad("address-in-range")
        for die, block in line["cells"]:
            self.state[die, block] = -1
            self.programmed[die, block] = set()
            self.mode[die, block] = line.get("celltype")

    def _apply_pgm(self, line: Line, _: int) -> None:
        segment = self._segment(line)
        if segment is not None:
            segment.applies.append(line)
        if not all(
            0 <= d < self.dies and 0 <= b < self.blocks and 0 <= p < self.pages
            for d, b, p in line["cells"]
        ):
            self.bad("address-in-range")
        for die, block, page in line["cells"]:
            if 0 <= die < self.dies and 0 <= block < self.blocks:
                self._program((die, block), page, line.get("celltype"))

    def _program(self, cell: tuple[int, int], page: int, celltype: str | None) -> None:
        last = self.state.get(cell, -2)
        if last == -2:
            self.bad("program-after-erase")
        if page != max(last, -1) + 1:
            self.bad("page-ascending")
        if page in self.programmed[cell]:
            self.bad("page-programmed-once")
        mode = self.mode.get(cell)
        if None not in (mode, celltype) and celltype not in (mode, *self.compatible.get(mode, [])):
            self.bad("celltype-match")
        self.state[cell] = page
        self.programmed[cell].add(page)

    # ---- the end

    def finish(self) -> None:
        if self.run is not None:
            self.bad("run-bracketed")
        self._settle()
        for segment in self.segments:
            self._judge_segment(segment)
        for op in self.ops:
            self._judge_op(op)

    def _judge_segment(self, segment: _Segment) -> None:
        owed = 0 if segment.withdrawn_starts else 1
        if segment.is_chain and not self.chain_starts:
            owed = 0
        if len(segment.starts) != owed:
            self.bad("one-op-start-per-segment")
        if len(segment.ends) + len(segment.cuts) != 1:
            self.bad("one-op-end-per-segment")

    def _judge_op(self, op: _Op) -> None:
        last = op.segments[-1]
        if op.numbered and last.cuts and not last.ends:
            self.bad("op-closed")
        for place, segment in enumerate(op.segments):
            if not op.numbered:
                continue
            if place and not self._goes_on(op.segments[place - 1], segment):
                self.bad("segment-chain")
            first = op.segments[0].commit
            names = ("op_name", "base", "targets")
            if segment.is_chain and any(first.get(n) != segment.commit.get(n) for n in names):
                self.bad("resume-same-target")
        for kind, bases, invariant in (
            ("APPLY_PGM", self.program_bases, "apply-pgm-matched"),
            ("APPLY_ERASE", self.erase_bases, "apply-erase-matched"),
        ):
            if not self._is_applied(op, kind, bases):
                self.bad(invariant)

    def _goes_on(self, before: _Segment, chain: _Segment) -> bool:
        """Whether a segment follows one of its op that a suspend cut, with the work left of it."""
        if not chain.is_chain or not before.cuts or before.cuts[-1] > chain.committed_at:
            return False
        if (chain.commit["run"], chain.commit["t_us"]) not in self.resumed_at:
            return False
        left = before.end - max(before.cuts[-1], before.start)
        return not self.chain_starts or chain.end - chain.start == left

    def _is_applied(self, op: _Op, kind: str, bases: set[str]) -> bool:
        """Whether a completed op has one apply, of its targets, at its last OP_END, else none."""
        last = op.segments[-1]
        applies = [(s, line) for s in op.segments for line in s.applies if line["kind"] == kind]
        if not op.ended or last.commit["base"] not in bases:
            return not applies
        if len(applies) != 1:
            return False
        segment, line = applies[0]
        width = 3 if kind == "APPLY_PGM" else 2
        cells = [[die, block, page][:width] for die, _, block, page in last.commit["targets"]]
        return segment is last and line["cells"] == cells and _ns(line["t_us"]) in last.ends
