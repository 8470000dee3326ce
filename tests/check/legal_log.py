"""Random legal JSON-lines logs: what a scheduler without a bug writes, in all its varieties.

A small simulation of a device: its own queue, decisions at random times, a drain at each run's end or
events carried into the next run. Times are counted in grid points of 0.01 µs and written as floats, some
of them with noise. The same seed gives the same log.
"""

from __future__ import annotations

import heapq
import math
import random
from dataclasses import dataclass, field
from typing import Any

Line = dict[str, Any]
Target = list[Any]

OP_END, HOOK, OP_START = 0, 1, 5
_NAMES = {OP_END: "OP_END", OP_START: "OP_START"}
_COMPATIBLE = {"SLC": ["SLC", "A0SLC", "ACSLC"]}
_PROGRAM_BASES = ("PROGRAM_SLC", "CACHE_PROGRAM_SLC", "COPYBACK_PROGRAM_SLC")
_ONESHOT = ("ONESHOT_PROGRAM_LSB", "ONESHOT_PROGRAM_CSB", "ONESHOT_PROGRAM_MSB_23H")


@dataclass(frozen=True)
class LegalLog:
    """The lines, HEADER first, and whether a run ends with an event queued or an op ongoing."""

    lines: list[Line]
    carried: bool


@dataclass
class _Variety:
    """What a log is like."""

    dies: int
    planes: int
    rows: int
    pages: int
    runs: int
    chain_op_start: bool
    numbered: bool
    ids_restart: bool
    compatible: bool
    used: bool
    carries: bool
    coarse: bool
    sparse_segs: bool
    bad: list[list[int]]


@dataclass
class _Segment:
    seg: int
    op: int | None
    base: str
    name: str
    die: int
    targets: list[Target]
    busy_from: int
    end: int
    celltype: str | None = None
    started: bool = False
    of_run: int = 0


@dataclass
class _Die:
    """`running` are the committed array segments in order, `suspended` those cut, oldest first."""

    tail: int = 0
    running: list[_Segment] = field(default_factory=list)
    suspended: list[tuple[str, _Segment, int]] = field(default_factory=list)


@dataclass
class _Block:
    """`planned` is the state after everything that is committed, `state` the state now."""

    state: int = -2
    planned: int = -2
    mode: str | None = None


def legal_log(seed: int) -> LegalLog:
    """The log of a seed."""
    return _Simulation(random.Random(seed)).run()  # noqa: S311 (no secret)


def _variety(rng: random.Random) -> _Variety:
    def flag(chance: float = 0.5) -> bool:
        return rng.random() < chance

    dies, planes, rows = rng.randint(1, 3), rng.choice((1, 2, 4)), rng.randint(2, 4)
    blocks = [[die, block] for die in range(dies) for block in range(rows * planes)]
    return _Variety(
        dies=dies,
        planes=planes,
        rows=rows,
        pages=rng.choice((1, 2, 3, 5, 2564)),
        runs=rng.randint(2, 6),
        chain_op_start=flag(),
        numbered=flag(0.7),
        ids_restart=flag(0.7),
        compatible=flag(0.8),
        used=flag(0.3),
        carries=flag(0.4),
        coarse=flag(0.6),
        sparse_segs=flag(0.3),
        bad=rng.sample(blocks, 1) if len(blocks) > 4 and flag(0.3) else [],
    )


class _Simulation:
    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._as = _variety(rng)
        self._lines: list[Line] = []
        self._heap: list[tuple[int, int, int, Any]] = []
        self._pushed = 0
        self._segs: set[int] = set()
        self._last_seg = self._last_op = self._now = self._run = self._until = 0
        self._dies = [_Die() for _ in range(self._as.dies)]
        self._carried = False
        count = self._as.rows * self._as.planes
        self._blocks = [[_Block() for _ in range(count)] for _ in self._dies]
        if self._as.used:
            self._use_blocks()

    def _use_blocks(self) -> None:
        """The device was in use before: which cell modes its blocks have is not told."""
        for block in (block for blocks in self._blocks for block in blocks):
            block.state = block.planned = self._rng.randint(-2, min(self._as.pages, 7) - 1)

    def run(self) -> LegalLog:
        self._lines.append(self._header())
        for number in range(self._as.runs):
            self._run = number
            self._one_run(last=number == self._as.runs - 1)
        return LegalLog(self._lines, self._carried)

    def _header(self) -> Line:
        own = self._as
        header: Line = {
            "kind": "HEADER",
            "format": "nandtrace-jsonl",
            "version": 1,
            "domain": "nand",
            "time_unit": "us",
            "topology": {
                "dies": own.dies,
                "planes": own.planes,
                "blocks_per_die": own.rows * own.planes,
                "pages_per_block": own.pages,
            },
            "program_bases": [*_PROGRAM_BASES, _ONESHOT[-1]],
            "chain_op_start": own.chain_op_start,
            "apply_policy": self._rng.choice((None, "per_op", "per_segment")),
            "bad_blocks": own.bad,
        }
        return header | ({"celltype_compatible": _COMPATIBLE} if own.compatible else {})

    # ---- lines

    def _us(self, time: int) -> float:
        """Microseconds, in one of the ways in which a scheduler's sums come out."""
        exact, chance = time / 100, self._rng.random()
        if chance < 0.1 and time % 100 == 0:
            return time // 100
        if chance < 0.2:
            return math.nextafter(exact, math.inf)
        return 0.1 + (exact - 0.1) if chance < 0.3 else exact

    def _add(self, kind: str, **fields: Any) -> None:
        null = self._rng.random() < 0.05
        given = {name: value for name, value in fields.items() if null or value is not None}
        self._lines.append({"kind": kind, "run": self._run, "t_us": self._us(self._now), **given})

    def _snapshot(self) -> Line:
        queued = sorted(entry for entry in self._heap if entry[1] != HOOK)
        return {
            "suspended_erase": self._suspended("ERASE"),
            "suspended_program": self._suspended("PROGRAM"),
            "ongoing": [[seg.op for seg in die.running] for die in self._dies],
            "pending": [[self._us(time), _NAMES[what], seg.seg] for time, what, _, seg in queued],
            "addr_state": [block.state for blocks in self._blocks for block in blocks],
        }

    def _suspended(self, axis: str) -> list[list[int | None]]:
        return [[seg.op for one, seg, _ in die.suspended if one == axis] for die in self._dies]

    # ---- runs

    def _one_run(self, *, last: bool) -> None:
        rng = self._rng
        self._until = self._now + self._step(rng.choice((300, 4000, 20000)))
        if self._as.ids_restart:
            self._last_op = 0
        self._add("RUN_BEGIN", run_until_us=self._us(self._until), snapshot=self._snapshot())
        if rng.random() > 0.15:
            for _ in range(rng.randint(1, 40)):
                time = self._now + self._step(rng.randint(0, (self._until - self._now) // 100))
                self._push(min(time, self._until - 1), HOOK, None)
        self._loop()
        carry = self._as.carries and not last and rng.random() < 0.5
        if not carry:
            self._drain()
        self._add("RUN_END", snapshot=self._snapshot())
        self._carried |= bool(self._heap) or any(die.running for die in self._dies)
        if not self._heap:
            self._now = max([self._now, *(die.tail for die in self._dies)])
            self._now += rng.choice((0, 0, self._step(rng.randint(1, 500))))

    def _step(self, microseconds: int) -> int:
        """A span of time; coarse ones make events of different dies coincide."""
        if self._as.coarse:
            return max(100, microseconds // 50 * 50) * 100
        return max(1, microseconds * 100 + self._rng.randint(-50, 50))

    def _push(self, time: int, what: int, payload: Any) -> None:
        self._pushed += 1
        heapq.heappush(self._heap, (time, what, self._pushed, payload))

    def _loop(self) -> None:
        """Ticks while the clock is before run_until; the last may cross it."""
        crossing = self._rng.random() < 0.6
        while self._now < self._until:
            following = self._heap[0][0] if self._heap else None
            if following is None or following >= self._until:
                if not any(die.suspended for die in self._dies) and not (crossing and following):
                    break
                late = self._until + self._rng.choice((0, self._step(40)))
                self._push(min(late, following or late), HOOK, None)
            self._tick()
        self._heap = [entry for entry in self._heap if entry[1] != HOOK]
        heapq.heapify(self._heap)

    def _tick(self) -> None:
        self._now = self._heap[0][0]
        while self._heap and self._heap[0][0] == self._now:
            _, what, _, payload = heapq.heappop(self._heap)
            if what == HOOK:
                self._decide()
            else:
                self._dispatch(what, payload, drained=None)

    def _drain(self) -> None:
        if not self._heap:
            self._now = self._rng.choice((self._now, max(self._now, self._until)))
        while self._heap:
            self._now, what, _, segment = heapq.heappop(self._heap)
            self._dispatch(what, segment, drained=True)

    def _dispatch(self, what: int, segment: _Segment, drained: bool | None) -> None:
        fields: Line = {"seg": segment.seg, "op_name": segment.name, "base": segment.base}
        if what == OP_START:
            segment.started = True
            self._add("OP_START", **fields, drained=drained)
            return
        self._add("OP_END", **fields, op=segment.op, targets=segment.targets, drained=drained)
        running = self._dies[segment.die].running
        running[:] = [other for other in running if other is not segment]
        self._apply(segment)

    def _apply(self, segment: _Segment) -> None:
        cells = [[die, block, page] for die, _, block, page in segment.targets]
        if segment.base == "ERASE":
            cells = [cell[:2] for cell in cells]
            self._add("APPLY_ERASE", seg=segment.seg, cells=cells, celltype=segment.celltype)
        elif segment.base in (*_PROGRAM_BASES, _ONESHOT[-1]):
            self._add("APPLY_PGM", seg=segment.seg, cells=cells, celltype=segment.celltype)
        else:
            return
        for die, block, *page in cells:
            self._blocks[die][block].state = page[0] if page else -1

    # ---- decisions

    def _decide(self) -> None:
        """What a hook does; one in the tick that crosses run_until leaves no op suspended."""
        if self._now >= self._until:
            for number, die in enumerate(self._dies):
                while die.suspended:
                    self._resume(number)
        numbers = [number for number, die in enumerate(self._dies) if die.suspended]
        if not numbers or self._rng.random() < 0.4:
            numbers = list(range(self._as.dies))
        number = self._rng.choice(numbers)
        die, chance = self._dies[number], self._rng.random()
        if chance < 0.15:
            self._instant(number, self._rng.choice(("SR", "SR_ADD")), self._now)
        elif die.tail > self._now:
            self._perhaps_suspend(number)
        elif die.suspended and chance < 0.4:
            self._resume(number)
        else:
            for _ in range(self._rng.choice((1, 1, 1, 2, 4))):
                self._work(number)

    def _commit(
        self, base: str, die: int, targets: list[Target], start: int, end: int, **given: Any
    ) -> _Segment:
        """Reserve a segment; `given`: op, source, celltype, busy_from, queue_start."""
        segment = _Segment(
            seg=self._new_seg(),
            op=given.get("op"),
            base=base,
            name=f"{base.title()}_{given.get('celltype') or 'X'}",
            die=die,
            targets=targets,
            busy_from=given.get("busy_from", start),
            end=end,
            celltype=given.get("celltype"),
            of_run=self._run,
        )
        self._add(
            "COMMIT",
            seg=segment.seg,
            op=segment.op,
            op_name=segment.name,
            base=base,
            source=given.get("source"),
            start_us=self._us(start),
            end_us=self._us(end),
            targets=targets,
        )
        if given.get("queue_start", True):
            self._push(start, OP_START, segment)
        self._push(end, OP_END, segment)
        return segment

    def _new_seg(self) -> int:
        self._last_seg += 1
        while self._as.sparse_segs:
            seg = self._rng.randrange(2**40)
            if seg not in self._segs:
                self._segs.add(seg)
                return seg
        return self._last_seg

    def _new_op(self) -> int | None:
        self._last_op += 1
        return self._last_op if self._as.numbered else None

    def _instant(self, die: int, base: str, start: int) -> int:
        """A command that has no number and no page; returns its end."""
        filler = [die, self._rng.randrange(self._as.planes), self._rng.randrange(99), None]
        end = start + self._rng.choice((28, 31, 10018, 10000))
        self._commit(base, die, [filler], start, end)
        return end

    def _array(self, number: int, base: str, targets: list[Target], celltype: str | None) -> None:
        die = self._dies[number]
        start = max(die.tail, self._now) + self._rng.choice((0, 0, 0, self._step(20)))
        end = start + self._step(self._rng.randint(50, 3000))
        segment = self._commit(
            base, number, targets, start, end, op=self._new_op(), celltype=celltype
        )
        die.running.append(segment)
        die.tail = end

    def _work(self, number: int) -> None:
        axes = {axis for axis, _, _ in self._dies[number].suspended}
        choices = [self._read]
        if "PROGRAM" not in axes:
            choices += [self._program] * 6
            if "ERASE" not in axes:
                choices += [self._erase] * 2
        if not self._rng.choice(choices)(number):
            self._read(number)

    def _read(self, number: int) -> bool:
        block = self._rng.randrange(self._as.rows * self._as.planes)
        page = self._rng.choice((None, self._rng.randrange(self._as.pages)))
        if [number, block] in self._as.bad:
            page = None
        target = [number, block % self._as.planes, block, page]
        for base in ("READ", "DOUT"):
            self._array(number, base, [target], None)
        return True

    def _usable(self, number: int) -> list[tuple[int, list[int]]]:
        """Groups of planes of block rows, without bad blocks and blocks of suspended ops."""
        locked = [target[2] for _, seg, _ in self._dies[number].suspended for target in seg.targets]
        locked += [block for die, block in self._as.bad if die == number]
        groups = []
        for row in range(self._as.rows):
            count = self._rng.choice((1, 1, self._as.planes))
            planes = sorted(self._rng.sample(range(self._as.planes), count))
            if not any(row * self._as.planes + plane in locked for plane in planes):
                groups.append((row, planes))
        self._rng.shuffle(groups)
        return groups

    def _group(self, number: int, row: int, planes: list[int], page: int) -> list[Target]:
        return [[number, plane, row * self._as.planes + plane, page] for plane in planes]

    def _erase(self, number: int) -> bool:
        for row, planes in self._usable(number)[:1]:
            mode = self._rng.choice(("SLC", "TLC", "A0SLC"))
            targets = self._group(number, row, planes, 0)
            for target in targets:
                block = self._blocks[number][target[2]]
                block.planned, block.mode = -1, mode
            self._array(number, "ERASE", targets, mode)
            return True
        return False

    def _program(self, number: int) -> bool:
        for row, planes in self._usable(number):
            targets = self._group(number, row, planes, 0)
            blocks = [self._blocks[number][target[2]] for target in targets]
            page, mode = blocks[0].planned + 1, blocks[0].mode
            same = all(block.planned + 1 == page and block.mode == mode for block in blocks)
            if not same or not 0 <= page < self._as.pages:
                continue
            for target, block in zip(targets, blocks, strict=True):
                target[3] = block.planned = page
            self._program_page(number, targets, mode)
            return True
        return self._erase_if_free(number)

    def _erase_if_free(self, number: int) -> bool:
        return not self._dies[number].suspended and self._erase(number)

    def _program_page(self, number: int, targets: list[Target], mode: str | None) -> None:
        modes = [mode or self._rng.choice(("SLC", "TLC", "QLC"))]
        if self._as.compatible:
            modes += _COMPATIBLE.get(modes[0], [])
        celltype = self._rng.choice(modes)
        if celltype == "TLC" and self._rng.random() < 0.7:
            for base in _ONESHOT:
                self._array(number, base, targets, celltype)
        else:
            self._array(number, self._rng.choice(_PROGRAM_BASES), targets, celltype)

    # ---- suspends

    def _perhaps_suspend(self, number: int) -> None:
        """Suspend the last segment of the die if its core is busy and the device allows it."""
        die = self._dies[number]
        segment = die.running[-1] if die.running else None
        if segment is None or len(die.running) > 1 or die.tail != segment.end:
            return
        axis = "ERASE" if segment.base == "ERASE" else "PROGRAM"
        programs = segment.base in (*_PROGRAM_BASES, _ONESHOT[-1])
        # What an id of another run means, once ids restart, no log can tell.
        foreign = segment.of_run != self._run and self._as.numbered and self._as.ids_restart
        if foreign or not (programs or axis == "ERASE") or self._now >= self._until:
            return
        if segment.started and segment.busy_from <= self._now < segment.end:
            self._suspend(number, axis, segment)

    def _suspend(self, number: int, axis: str, segment: _Segment) -> None:
        die, left = self._dies[number], segment.end - self._now
        self._add(
            "SUSPENDED",
            die=number,
            axis=axis,
            op=segment.op,
            at_us=self._us(self._now),
            remaining_us=self._us(left),
        )
        self._heap = [entry for entry in self._heap if entry[3] is not segment]
        heapq.heapify(self._heap)
        cancel = {"seg": segment.seg, "event": "OP_END", "due_us": self._us(segment.end)}
        early = self._rng.random() < 0.5
        if early:
            self._add("CANCEL", **cancel)
        die.tail = self._instant(number, f"{axis}_SUSPEND", self._now)
        if not early:
            self._add("CANCEL", **cancel)
        die.running.remove(segment)
        die.suspended.append((axis, segment, left))

    def _resume(self, number: int) -> None:
        """Resume what was suspended last; the chain segment follows the command."""
        die, chained = self._dies[number], self._as.chain_op_start
        axis, cut, left = die.suspended.pop()
        resumed = {"die": number, "axis": axis, "op": cut.op, "ok": True}
        at, place = max(die.tail, self._now), self._rng.randrange(3)
        if place == 0:
            self._add("RESUMED", **resumed)
        end = self._instant(number, f"{axis}_RESUME", at)
        if place == 1:
            self._add("RESUMED", **resumed)
        segment = self._commit(
            cut.base,
            number,
            cut.targets,
            end if chained else self._now,
            end + left,
            op=cut.op,
            source="RESUME_CHAIN",
            celltype=cut.celltype,
            busy_from=end,
            queue_start=chained,
        )
        if place == 2:
            self._add("RESUMED", **resumed)
        segment.started = not chained
        die.running.append(segment)
        die.tail = segment.end
