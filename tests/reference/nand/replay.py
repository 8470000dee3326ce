"""Reference checker, NAND: the state that events make, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.reference.log import Entry
from tests.reference.nand.lifecycle import role_of
from tests.reference.nand.segments import Run, Segment
from tests.reference.runs import Offence

LISTS_BY_DIE = ("ongoing", "suspended_erase", "suspended_program", "backlog")
SETS = ("latches", "caches", "odt_disabled")
BLOCKS = ("addr_state", "cell_modes")


def axis_of(run: Run, base: str | None) -> str | None:
    """On which axis an op of a base is suspended."""
    role = role_of(run, base)
    if role == "ERASE" or base in run.device.get("erase_bases", ["ERASE"]):
        return "ERASE"
    if role in ("PROGRAM", "LOAD") or base in run.device.get("program_bases", []):
        return "PROGRAM"
    return None


class Replay:
    """The derivable fields of a snapshot, from the begin of a run on."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.cut: set[int] = set()
        self.running = {id(one) for one in run.segments if one.taken_over and one.started_before}
        self.device = run.device
        dies = run.device.get("topology", {}).get("dies", 1)
        blocks = dies * run.device.get("topology", {}).get("blocks_per_die", 0)
        empty: dict[str, Any] = {name: [[] for _ in range(dies)] for name in LISTS_BY_DIE}
        empty |= {name: [] for name in SETS}
        empty |= {"addr_state": [-2] * blocks, "cell_modes": [None] * blocks}
        self.state: dict[str, Any] = {}
        for name, nothing in empty.items():
            known = (run.begin.snapshot or {}).get(name)
            self.state[name] = [
                list(item) if isinstance(item, list) else item
                for item in (nothing if known is None else known)
            ]

    def apply(self, entry: Entry) -> None:
        """What one event does to the state."""
        change = getattr(self, f"_{entry.kind.lower()}", None)
        if change is not None:
            change(entry)

    def suspended(self, axis: str, die: int | None) -> list[int | None]:
        """The ops suspended on an axis of a die, in order."""
        return self._lists(f"suspended_{axis.lower()}", die)

    def target(self, suspend: Entry) -> Segment | None:
        """What a SUSPEND acts on: the op that it names, or any, that runs on its die and axis."""
        axis, die = str(suspend.get("axis")), suspend.get("die")
        at_ns = min(suspend.time_ns, suspend.get("at_ns", suspend.time_ns))
        if suspend.get("op") is None and suspend.get("remaining_ns") is None:
            return None
        named = [one for one in self.run.segments if one.commit.seq < suspend.seq]
        if suspend.get("op") is not None:
            named = [one for one in named if one.op == suspend.get("op")][-1:]
        for segment in reversed(named):
            if (
                segment.die in (None, die)
                and self._suspends(axis, segment, suspend)
                and segment.open_at(at_ns, suspend.seq)
                and id(segment) not in self.cut
            ):
                return segment
        return None

    def _suspends(self, axis: str, segment: Segment, suspend: Entry) -> bool:
        """Whether an axis is a segment's; an op that is named is of one axis or the other."""
        found = axis_of(self.run, segment.base)
        return found == axis or (axis == "PROGRAM" and found is None and "op" in suspend.fields)

    def resumed(self, resume: Entry) -> int | None:
        """The op that a RESUME finds suspended, None where there is none."""
        suspended = self.suspended(str(resume.get("axis")), resume.get("die"))
        op: int | None = resume.get("op")
        if not resume.get("ok") or not suspended:
            return None
        return suspended[-1] if op is None else op if op in suspended else None

    def _op_start(self, entry: Entry) -> None:
        segment = self.run.owners.get(entry.seq)
        if segment is None or segment.closed_before(entry.seq) or id(segment) in self.running:
            return
        self.running.add(id(segment))
        self._lists("ongoing", segment.die).append(segment.op)

    def _op_end(self, entry: Entry) -> None:
        segment = self.run.owners.get(entry.seq)
        if segment is not None:
            self._stop(segment)

    def _stop(self, segment: Segment) -> None:
        if id(segment) in self.running:
            self.running.remove(id(segment))
            self._remove("ongoing", segment.die, segment.op)

    def _suspend(self, entry: Entry) -> None:
        target = self.target(entry)
        if target is not None:
            target.cuts.append(entry)
            self.cut.add(id(target))
            self._add(f"suspended_{entry.get('axis').lower()}", entry.get("die"), target.op)

    def _resume(self, entry: Entry) -> None:
        op = self.resumed(entry)
        if op is not None:
            self._remove(f"suspended_{entry.get('axis').lower()}", entry.get("die"), op)

    def _cancel(self, entry: Entry) -> None:
        segment = self.run.owners.get(entry.seq)
        if segment is not None and entry.get("event") == "OP_END":
            self._stop(segment)
        if segment is not None and entry.get("reason") == "RESET":
            self._remove("suspended_erase", segment.die, segment.op)
            self._remove("suspended_program", segment.die, segment.op)

    def _backlog(self, entry: Entry) -> None:
        if entry.get("on"):
            self._add("backlog", entry.get("die"), entry.get("op"))
            return
        for die in range(len(self.state["backlog"])):
            self._remove("backlog", die, entry.get("op"))

    def _latch(self, entry: Entry) -> None:
        mark = [entry.get("die"), entry.get("plane"), entry.get("latch")]
        self._mark("latches", mark, bool(entry.get("on")))

    def _cache(self, entry: Entry) -> None:
        mark = [entry.get("die"), entry.get("plane"), entry.get("cache")]
        self._mark("caches", mark, bool(entry.get("on")))

    def _odt(self, entry: Entry) -> None:
        self._mark("odt_disabled", entry.get("die"), not entry.get("on"))

    def _apply_erase(self, entry: Entry) -> None:
        aborted = bool(entry.get("aborted"))
        for die, block, *_ in entry.get("cells", []):
            self._block("addr_state", die, block, -2 if aborted else -1)
            self._block("cell_modes", die, block, None if aborted else entry.get("celltype"))

    def _apply_pgm(self, entry: Entry) -> None:
        for die, block, page in entry.get("cells", []):
            self._block("addr_state", die, block, page)

    def _lists(self, name: str, die: int | None) -> list[int | None]:
        """The list of a die; one that nobody keeps for a die beyond the device."""
        lists: list[list[int | None]] = self.state.get(name, [])
        return lists[die] if die is not None and 0 <= die < len(lists) else []

    def _add(self, name: str, die: int | None, op: int | None) -> None:
        ops = self._lists(name, die)
        if op not in ops:
            ops.append(op)

    def _remove(self, name: str, die: int | None, op: int | None) -> None:
        ops = self._lists(name, die)
        if op in ops:
            ops.remove(op)

    def _mark(self, name: str, mark: Any, on: bool) -> None:
        if mark is None or (isinstance(mark, list) and None in mark):
            return
        marks = [other for other in self.state[name] if other != mark]
        self.state[name] = sorted([*marks, mark] if on else marks)

    def _block(self, name: str, die: int | None, block: int | None, value: Any) -> None:
        blocks_per_die = self.device.get("topology", {}).get("blocks_per_die", 0)
        if die is None or block is None or not 0 <= block < blocks_per_die:
            return
        if 0 <= die * blocks_per_die + block < len(self.state[name]):
            self.state[name][die * blocks_per_die + block] = value


def _unnumbered(*states: dict[str, Any]) -> bool:
    return any(op is None for state in states for ops in state.get("ongoing", []) for op in ops)


def _on_device(run: Run, segment: Segment) -> bool:
    dies = run.device.get("topology", {}).get("dies", 1)
    return segment.die is not None and 0 <= segment.die < dies


def unlike_replay(run: Run) -> Iterator[Offence]:
    """snapshot-matches-replay."""
    replay = Replay(run)
    for entry in run.entries:
        replay.apply(entry)
    end = run.end.snapshot or {}
    begin = run.begin.snapshot or {}
    if not (run.begun and run.ended):
        return
    for name, value in replay.state.items():
        if name == "ongoing" and _unnumbered(end, begin):
            continue
        if name == "ongoing" and not all(_on_device(run, segment) for segment in run.segments):
            continue
        if name in end and name in begin and end[name] != value:
            yield "snapshot-matches-replay", run.end.seq
