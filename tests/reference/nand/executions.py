"""What was committed, runs and is suspended, event after event.

A run knows the segments that it commits, and takes over those that its RUN_BEGIN says are pending.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.reference.log import Entry, Log
from tests.reference.nand.device_rules import DeviceRules, Target


def completes(entry: Entry) -> bool:
    """Whether an OP_END is that of a completed segment: it says so, or nothing else."""
    return entry.kind == "OP_END" and entry.get("outcome", "COMPLETED") == "COMPLETED"


def cancelled_by_reset(entry: Entry) -> bool:
    """Whether an event closes a segment that waited, or of an op that was suspended."""
    return (
        entry.kind == "CANCEL" and entry.get("reason") == "RESET" and entry.get("event") == "OP_END"
    )


class InState(NamedTuple):
    """A state of a segment, from its begin until before its end.

    It begins when the one before it is over, or when it is told.
    """

    name: str | None
    begin_ns: int
    end_ns: int
    bus: bool
    seq: int


@dataclass
class Execution:
    """A segment: as it was committed, when it ran, and its states."""

    seg: int
    op: int | None
    base: str | None
    source: str | None
    end_ns: int | None
    """When it is over: as committed, until its OP_END says so."""

    targets: list[Target]
    start_ns: int | None = None
    starts: list[tuple[int, int]] = field(default_factory=list)
    """Time and event of each OP_START."""

    ended: bool = False
    states: list[InState] = field(default_factory=list)

    def state_at(self, time_ns: int) -> str | None:
        """The state that it is in at a time."""
        for state in self.states:
            if state.begin_ns <= time_ns < min(state.end_ns, self.over_ns()):
                return state.name
        return None

    def over_ns(self) -> int:
        """When it is over; 0 where nobody says."""
        return self.end_ns if self.end_ns is not None else 0

    def holds_at(self, time_ns: int) -> bool:
        """Whether it runs at a time."""
        return self.start_ns is not None and self.start_ns <= time_ns < self.over_ns()


class Executions:
    """The segments that a run knows, and the ops that are suspended."""

    def __init__(self, rules: DeviceRules) -> None:
        self.rules = rules
        self.first_seq: int | None = None
        self.known: dict[int, Execution] = {}
        self.all: list[Execution] = []
        self.switches: list[Entry] = []
        """The SUSPENDs and RESUMEs of the run, and what a reset cancels."""

        self.taken_over: dict[tuple[int | None, str], list[int]] = {}
        """By die and axis, the ops that were suspended when the run began."""

    def of(self, entry: Entry) -> Execution | None:
        """The segment that an event names, None where its run does not know it."""
        return self.known.get(entry.get("seg"))

    def step(self, entry: Entry) -> None:
        """Take in one event."""
        if self.first_seq is None:
            self.first_seq = entry.seq
        step = getattr(self, "_" + entry.kind.lower(), None)
        if step is not None:
            step(entry)

    def segments_of(self, op: int) -> list[Execution]:
        """The segments of an op so far."""
        return [segment for segment in self.all if segment.op == op]

    def suspended(self, before: Entry | None = None) -> dict[tuple[int | None, str], list[int]]:
        """By die and axis, the ops that are suspended; before an OP_START, without its own effect."""
        lists = {place: list(ops) for place, ops in self.taken_over.items()}
        for entry in self.switches:
            if before is not None and self._does(before, entry):
                continue
            if entry.kind == "OP_START":
                self._reset(lists, entry)
            else:
                _switched(lists.setdefault((entry.get("die"), entry.get("axis")), []), entry)
        return lists

    def _does(self, start: Entry, switch: Entry) -> bool:
        """Whether a SUSPEND or RESUME is the effect of the op that starts."""
        segment = self.of(start)
        return (
            segment is not None
            and switch.get("by_seg") == segment.seg
            and self.rules.role(segment.base).endswith("_" + switch.kind)
        )

    def _reset(self, lists: dict[tuple[int | None, str], list[int]], entry: Entry) -> None:
        segment = self.of(entry)
        everywhere = segment is None or self.rules.role(segment.base) == "RESET"
        dies = {target[0] for target in segment.targets} if segment is not None else set()
        for (die, _axis), ops in lists.items():
            if everywhere or die in dies:
                ops.clear()

    def _run_begin(self, entry: Entry) -> None:
        snapshot = entry.snapshot or {}
        before = {segment.seg: segment for segment in reversed(self.all)}
        if entry.seq == self.first_seq:
            before = {told["seg"]: _told(told) for told in snapshot.get("segments", [])}
        pending = [seg for _due, _kind, seg in snapshot.get("pending", []) if seg is not None]
        self.known = {
            seg: before.get(seg) or Execution(seg, None, None, None, None, []) for seg in pending
        }
        self.taken_over, self.switches = self.suspended(), []
        for axis in ("ERASE", "PROGRAM"):
            for die, ops in enumerate(snapshot.get(f"suspended_{axis.lower()}", [])):
                self.taken_over[(die, axis)] = list(ops)

    def _commit(self, entry: Entry) -> None:
        segment = Execution(
            entry.get("seg"),
            entry.get("op"),
            entry.get("base"),
            entry.get("source"),
            entry.get("end_ns"),
            entry.get("targets", []),
        )
        self.known.setdefault(segment.seg, segment)
        self.all.append(segment)

    def _op_start(self, entry: Entry) -> None:
        segment = self.of(entry)
        if segment is not None:
            segment.start_ns = entry.time_ns
            segment.starts.append((entry.time_ns, entry.seq))
            if self.rules.role(segment.base) in ("RESET", "RESET_LUN"):
                self.switches.append(entry)

    def _state(self, entry: Entry) -> None:
        segment = self.of(entry)
        if segment is not None:
            before = segment.states[-1] if segment.states else None
            begin = entry.time_ns if before is None else max(before.end_ns, entry.time_ns)
            until = entry.get("until_ns", begin)
            segment.states.append(
                InState(entry.get("state"), begin, until, bool(entry.get("bus")), entry.seq)
            )

    def _op_end(self, entry: Entry) -> None:
        segment = self.of(entry)
        if segment is not None:
            segment.end_ns, segment.ended = entry.time_ns, True

    def _suspend(self, entry: Entry) -> None:
        self.switches.append(entry)

    def _resume(self, entry: Entry) -> None:
        self.switches.append(entry)

    def _cancel(self, entry: Entry) -> None:
        segment = self.of(entry)
        if segment is None:
            return
        if entry.get("event") == "OP_END" and segment.starts and not segment.ended:
            segment.end_ns = entry.time_ns


def _switched(ops: list[int], entry: Entry) -> None:
    """A SUSPEND adds its op; a RESUME takes its op away, or the last one where that is not there."""
    if entry.get("op") is None:
        return
    if entry.kind == "SUSPEND":
        ops.append(entry.get("op"))
    elif not entry.get("ok", True):
        return
    elif entry.get("op") in ops:
        ops.remove(entry.get("op"))
    elif ops:
        ops.pop()


def _told(segment: dict[str, Any]) -> Execution:
    """A segment of a snapshot."""
    found = Execution(
        segment["seg"],
        segment["op"],
        segment["base"],
        segment["source"],
        segment["end_ns"],
        [tuple(target) for target in segment["targets"]],
    )
    if segment.get("started"):
        found.start_ns = segment["start_ns"]
        found.starts = [(segment["start_ns"], -1)]
        begin = segment["start_ns"]
        for name, lasts in segment.get("states", []):
            found.states.append(InState(name, begin, begin + lasts, False, -1))
            begin += lasts
    return found


def segments_by_run(log: Log) -> list[list[Execution]]:
    """Per run, the segments that it knew, as they were in the end."""
    executions = Executions(DeviceRules(log.device))
    runs: list[dict[int, Execution]] = []
    for entry in log.entries:
        executions.step(entry)
        if entry.kind == "RUN_BEGIN":
            runs.append(dict(executions.known))
        elif entry.kind == "COMMIT" and runs:
            runs[-1][entry.get("seg")] = executions.known[entry.get("seg")]
    return [list(run.values()) for run in runs]
