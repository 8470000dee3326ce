"""Reference checker, NAND: the runs of a trace, and what each says of its segments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.reference.log import Entry, Log
from tests.reference.runs import whole_runs

Target = tuple[int | None, ...]


@dataclass
class Segment:
    """A segment as it was committed, and every event about it in its run."""

    seg: int
    op: int | None
    op_name: str | None
    base: str | None
    source: str | None
    start_ns: int | None
    end_ns: int | None
    targets: list[Target]
    commit: Entry
    """Its COMMIT, or the RUN_BEGIN of the run that took it over."""

    taken_over: bool = False
    started_before: bool = False
    carried: frozenset[str] = frozenset()
    """What of it, OP_START or OP_END, the next run finds queued."""

    is_known: bool = True
    """Whether a COMMIT or the trace's first snapshot says more of it than its id."""

    starts: list[Entry] = field(default_factory=list)
    ends: list[Entry] = field(default_factory=list)
    states: list[Entry] = field(default_factory=list)
    cancels: list[Entry] = field(default_factory=list)
    cuts: list[Entry] = field(default_factory=list)
    """The SUSPENDs that found it running; filled by a replay."""

    applies: list[Entry] = field(default_factory=list)

    @property
    def die(self) -> int | None:
        return self.targets[0][0] if self.targets else None

    def withdrawn(self, event: str, reason: str) -> list[Entry]:
        """The CANCELs of one of its queued events for a reason."""
        return [
            cancel
            for cancel in self.cancels
            if cancel.get("event") == event and cancel.get("reason") == reason
        ]

    @property
    def closings(self) -> list[Entry]:
        """Its OP_ENDs, and the CANCELs of one."""
        return [*self.ends, *(one for one in self.cancels if one.get("event") == "OP_END")]

    def closed_before(self, seq: int) -> bool:
        """Whether an event closed it before another one."""
        return any(entry.seq < seq for entry in self.closings)

    def remaining_ns(self, cut_ns: int) -> int | None:
        """How much of its time lies behind a cut; None where it was not committed for a time."""
        if self.start_ns is None or self.end_ns is None:
            return None
        return max(0, self.end_ns - max(cut_ns, self.start_ns))

    def open_at(self, time_ns: int, seq: int) -> bool:
        """Whether it was committed before an event, and not closed before a time."""
        closings = [*self.ends, *self.withdrawn("OP_END", "RESET")]
        begun = self.commit.seq < seq and self.commit.time_ns <= time_ns
        return begun and all(entry.time_ns >= time_ns for entry in closings)


@dataclass
class Run:
    """The events of a run and its segments in order, those taken over first.

    A stretch of events outside any run is a run, too, without `begun` or without `ended`.
    """

    entries: list[Entry]
    device: dict[str, Any]
    is_last: bool
    segments: list[Segment] = field(default_factory=list)
    owners: dict[int, Segment] = field(default_factory=dict)
    """By the number of an event, the segment that its column `seg` names."""

    by: dict[int, Segment] = field(default_factory=dict)
    """By the number of an event, the segment that its column `by_seg` names."""

    @property
    def begin(self) -> Entry:
        return self.entries[0]

    @property
    def end(self) -> Entry:
        return self.entries[-1]

    @property
    def begun(self) -> bool:
        return self.begin.kind == "RUN_BEGIN"

    @property
    def ended(self) -> bool:
        return self.end.kind == "RUN_END"

    @property
    def carried(self) -> bool:
        return bool(self.end.get("end") == "CARRIED")

    def queued(self) -> dict[int, set[str]]:
        """By segment, the OP_START and OP_END that the run finds queued at its begin."""
        queued: dict[int, set[str]] = {}
        for _, kind, seg in self.before("pending", []):
            if kind in ("OP_START", "OP_END"):
                queued.setdefault(seg, set()).add(kind)
        return queued

    def before(self, name: str, default: Any = None) -> Any:
        """A field of the snapshot at the run's begin."""
        value = (self.begin.snapshot or {}).get(name) if self.begun else None
        return default if value is None else value

    def after(self, name: str, default: Any = None) -> Any:
        """A field of the snapshot at the run's end."""
        value = (self.end.snapshot or {}).get(name) if self.ended else None
        return default if value is None else value

    def of_kind(self, *kinds: str) -> Iterator[Entry]:
        return (entry for entry in self.entries if entry.kind in kinds)

    def ops(self) -> dict[int, list[Segment]]:
        """The segments of each op, in the order in which they were committed."""
        ops: dict[int, list[Segment]] = {}
        for segment in self.segments:
            if segment.op is not None:
                ops.setdefault(segment.op, []).append(segment)
        return ops


def runs_of(log: Log) -> list[Run]:
    """The runs of a trace, each with what the snapshot at its begin hands over to it."""
    whole = whole_runs(log.entries)
    runs: list[Run] = []
    commits = _commits(log)
    for number, entries in enumerate(whole):
        run = Run(entries, log.device, number == len(whole) - 1)
        _take_over(run, commits)
        if runs:
            _hand_over(runs[-1], run)
        named = {segment.seg: segment for segment in run.segments}
        for entry in entries:
            _note(run, entry, named)
        runs.append(run)
    return runs


def _commits(log: Log) -> dict[int, dict[str, Any]]:
    """By segment how it was committed, in the trace or before it, as its first snapshot says."""
    first = (log.entries[0].snapshot or {}) if log.entries else {}
    plain = [*first.get("suspended", []), *first.get("segments", [])]
    plain += [entry.fields for entry in log.entries if entry.kind == "COMMIT"]
    return {fields["seg"]: fields for fields in reversed(plain) if "seg" in fields}


def _take_over(run: Run, commits: dict[int, dict[str, Any]]) -> None:
    """Segments whose start or end is queued when the run begins, as they were committed."""
    for seg, kinds in run.queued().items():
        plain = commits.get(seg, {"seg": seg})
        segment = _segment(plain, run.begin)
        segment.targets = [tuple(target) for target in segment.targets]
        segment.taken_over = True
        segment.is_known = seg in commits
        segment.started_before = "OP_START" not in kinds
        run.segments.append(segment)


def _hand_over(run: Run, following: Run) -> None:
    for segment in run.segments:
        segment.carried = frozenset(following.queued().get(segment.seg, ()))


def _segment(plain: dict[str, Any], entry: Entry) -> Segment:
    names = ("seg", "op", "op_name", "base", "source", "start_ns", "end_ns")
    told: dict[str, Any] = {name: plain.get(name) for name in names}
    return Segment(**told, targets=plain.get("targets", []), commit=entry)


def _note(run: Run, entry: Entry, named: dict[int, Segment]) -> None:
    """Write one event down with the segment that it is about: the first one of its id."""
    seg = entry.get("seg")
    if entry.kind == "COMMIT":
        run.segments.append(_segment(entry.fields, entry))
        named.setdefault(seg, run.segments[-1])
    if seg in named:
        run.owners[entry.seq] = named[seg]
        _file(entry, named[seg])
    if entry.get("by_seg") in named:
        run.by[entry.seq] = named[entry.get("by_seg")]


def _file(entry: Entry, segment: Segment) -> None:
    places = {
        "OP_START": segment.starts,
        "OP_END": segment.ends,
        "STATE": segment.states,
        "CANCEL": segment.cancels,
        "APPLY_PGM": segment.applies,
        "APPLY_ERASE": segment.applies,
    }
    if entry.kind in places:
        places[entry.kind].append(entry)
