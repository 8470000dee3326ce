"""Export of a NAND trace to CSV: the sequence of its operations, or their timeline.

Times are in µs, exact. Memory is bounded by a chunk and the segments that are open.

The sequence has one row per op that started, in the order of the starts. Its payload is the JSON list
of the op's targets; a target has a cell type where the trace tells one: that of the op in the recorded
profile, else the mode of the block at that time. A block or page that the op does not address is null.

The timeline has one row per state of a segment and target, in the order in which segments end. States
end when they really did: a suspend or reset cuts them. A segment without states, as in imported logs,
has one row with an empty state. One that the trace leaves open is shown up to the trace's last event,
or to its reserved end where that is earlier.
"""

from __future__ import annotations

import contextlib
import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, TextIO

from nandtrace.errors import StorageError, UsageError
from nandtrace.trace import ChunkError, Damage, Gap, Header, TraceReader
from nandtrace.trace.chunk_file import check_replaceable, partial_path
from nandtrace.trace.event import Event, events_of
from nandtrace.units import ns_to_us_text
from nandtrace.vocab import NAND
from nandtrace.vocab.nand import DEFAULT_ERASE_BASES, Source

Row = list[Any]
_ANY_CELLTYPE = "NONE"
_NO_SEGMENT = -1


class What(StrEnum):
    """What to export."""

    SEQUENCE = "sequence"
    TIMELINE = "timeline"


@dataclass(frozen=True, slots=True)
class ExportResult:
    """How many rows were written, and what of the trace could not be read."""

    rows: int
    problems: list[str]


def export_csv(reader: TraceReader, what: What, out: TextIO) -> ExportResult:
    """Write a trace as CSV, its first row the names of the columns.

    What can't be read is left out and listed. Raises UsageError for a trace of another domain.
    """
    header = reader.header
    if header.domain != NAND.domain:
        raise UsageError(f"{reader.path}: of the domain {header.domain}; export is for nand")
    rows: _Rows = _Sequence(header) if what is What.SEQUENCE else _Timeline()
    problems: list[str] = []
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(rows.columns)
    count = 0
    for event, state in _events(reader, problems):
        for row in rows.take(event, state):
            writer.writerow(row)
            count += 1
    for row in rows.left():
        writer.writerow(row)
        count += 1
    return ExportResult(count, problems)


def export_file(reader: TraceReader, what: What, target: Path) -> ExportResult:
    """Write a trace as a CSV file, which has its name once it is complete.

    Raises UsageError like `export_csv` and where the file is the trace, StorageError where it can't
    be written; then nothing is left of it.
    """
    with contextlib.suppress(OSError):
        if target.samefile(reader.path):
            raise UsageError(f"{target}: the export would replace the trace")
    check_replaceable(target)
    partial = partial_path(target)
    try:
        with _removed_on_error(partial):
            with partial.open("w", encoding="utf-8", errors="backslashreplace", newline="") as out:
                result = export_csv(reader, what, out)
            partial.replace(target)
    except OSError as error:
        raise StorageError(str(partial), error) from error
    return result


@contextlib.contextmanager
def _removed_on_error(partial: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise


def _events(
    reader: TraceReader, problems: list[str]
) -> Iterator[tuple[Event, dict[str, Any] | None]]:
    """Events that can be read, each with its snapshot; problems are added as they are met."""
    for item in reader.walk():
        if isinstance(item, Gap):
            problems.append(f"a gap before chunk {item.before_chunk}: {item.reason}")
            continue
        if isinstance(item, Damage):
            problems.append(str(item))
            continue
        try:
            states = {snapshot.seq: snapshot.state for snapshot in item.snapshots}
            for event in events_of(item, reader.header.vocabulary):
                yield event, states.get(event.seq)
        except ChunkError as error:
            problems.append(str(error))


class _Rows(Protocol):
    columns: tuple[str, ...]

    def take(self, event: Event, state: dict[str, Any] | None) -> Iterator[Row]:
        """The rows that are complete with an event."""

    def left(self) -> Iterator[Row]:
        """The rows that wait for an event that never came."""


# ---- the sequence


class _Sequence:
    """One row per op that starts."""

    columns: tuple[str, ...] = ("seq", "time", "op_id", "op_name", "op_uid", "payload")

    def __init__(self, header: Header) -> None:
        self._modes = _CellModes(header)
        self._commits: dict[int, dict[str, Any]] = {}
        self._count = 0

    def take(self, event: Event, state: dict[str, Any] | None) -> Iterator[Row]:
        fields = event.fields
        seg = fields.get("seg", _NO_SEGMENT)
        if event.kind == "COMMIT":
            self._commits[seg] = fields
        elif event.kind == "OP_START":
            yield from self._row(event, self._commits.get(seg, {}) | fields)
        elif event.kind == "OP_END" or fields.get("event") == "OP_END":
            self._commits.pop(seg, None)
        else:
            self._modes.take(event, state)

    def left(self) -> Iterator[Row]:
        return iter(())

    def _row(self, event: Event, op: dict[str, Any]) -> Iterator[Row]:
        if op.get("source") == Source.RESUME_CHAIN:
            return
        targets = [self._target(op, target) for target in op.get("targets", ())]
        payload = json.dumps(targets, separators=(",", ":"))
        time = ns_to_us_text(event.time_ns)
        yield [self._count, time, op.get("op"), op.get("op_name"), op.get("seg"), payload]
        self._count += 1

    def _target(self, op: dict[str, Any], target: tuple[Any, ...]) -> dict[str, Any]:
        die, plane, block, page = _addressed(target)
        plain = {"die": die, "plane": plane, "block": block, "page": page}
        celltype = None if block is None else self._modes.celltype(op, die, block)
        return plain | ({} if celltype is None else {"celltype": celltype})


class _CellModes:
    """The cell type of ops: what the profile says of the op, else the mode of its block."""

    def __init__(self, header: Header) -> None:
        erases = header.device.get("erase_bases")
        self._erases = erases if isinstance(erases, list) else DEFAULT_ERASE_BASES
        self._of_names = _celltypes_of_names(header.identity)
        topology = header.device.get("topology")
        blocks = topology.get("blocks_per_die") if isinstance(topology, dict) else None
        self._blocks_per_die = blocks if isinstance(blocks, int) and blocks > 0 else None
        self._modes: dict[tuple[int, int], str] = {}

    def take(self, event: Event, state: dict[str, Any] | None) -> None:
        if event.kind == "APPLY_ERASE":
            for die, block, *_ in event.fields.get("cells", ()):
                self._modes[die, block] = event.fields.get("celltype", "")
        elif event.kind == "RUN_BEGIN" and state is not None:
            self._restart(state.get("cell_modes"))

    def _restart(self, modes: Any) -> None:
        """Take over the modes of a snapshot: one per block, die by die."""
        if isinstance(modes, list) and self._blocks_per_die:
            self._modes = {
                divmod(place, self._blocks_per_die): mode
                for place, mode in enumerate(modes)
                if isinstance(mode, str)
            }

    def celltype(self, op: dict[str, Any], die: int, block: int) -> str | None:
        own = self._of_names.get(op.get("op_name", ""))
        if own is not None:
            return own
        return None if op.get("base") in self._erases else self._modes.get((die, block)) or None


def _celltypes_of_names(identity: dict[str, Any]) -> dict[str, str]:
    """Cell types by op name, where the header has the profile; a forged one tells nothing."""
    profile = identity.get("profile")
    entries = profile.get("op_names") if isinstance(profile, dict) else None
    found: dict[str, str] = {}
    for entry in entries if isinstance(entries, list) else ():
        name, celltype = _name_and_celltype(entry)
        if celltype not in (None, _ANY_CELLTYPE):
            found[str(name)] = str(celltype)
    return found


def _name_and_celltype(entry: Any) -> tuple[Any, Any]:
    return (entry.get("name"), entry.get("celltype")) if isinstance(entry, dict) else (None, None)


# ---- the timeline


@dataclass(slots=True)
class _Segment:
    """An open segment: its COMMIT, when it started, and its states with their ends."""

    commit: dict[str, Any]
    start_ns: int | None = None
    states: list[tuple[str, int, int]] = field(default_factory=list)

    def begin_ns(self) -> int | None:
        """When it started; chain segments of some logs have no OP_START, and start as committed."""
        return self.commit.get("start_ns") if self.start_ns is None else self.start_ns

    def add_state(self, time_ns: int, state: str, until_ns: int) -> None:
        entry_ns = max(time_ns, self.states[-1][2]) if self.states else time_ns
        self.states.append((state, entry_ns, until_ns))

    def spans(self, end_ns: int) -> Iterator[tuple[str, int, int]]:
        """State, start and end of what really ran, when the segment ended at `end_ns`."""
        begin_ns = self.begin_ns()
        if begin_ns is None or begin_ns > end_ns:
            return
        if not self.states:
            yield "", begin_ns, end_ns
        for state, entry_ns, until_ns in self.states:
            if entry_ns < min(until_ns, end_ns):
                yield state, entry_ns, min(until_ns, end_ns)


class _Timeline:
    """One row per state and target of a segment that ended."""

    columns: tuple[str, ...] = (
        "start", "end", "die", "plane", "block", "page", "op_name", "op_base", "source", "op_uid", "op_state"
    )  # fmt: skip

    def __init__(self) -> None:
        self._open: dict[int, _Segment] = {}
        self._last_ns = 0

    def take(self, event: Event, state: dict[str, Any] | None) -> Iterator[Row]:  # noqa: ARG002 - one signature for both exports
        self._last_ns = event.time_ns
        seg = event.fields.get("seg")
        if seg is None:
            return
        if event.kind == "COMMIT":
            self._open[seg] = _Segment(event.fields)
        elif event.kind == "OP_START":
            self._segment(seg, event).start_ns = event.time_ns
        elif event.kind == "STATE":
            fields = event.fields
            until_ns = fields.get("until_ns", event.time_ns)
            self._segment(seg, event).add_state(event.time_ns, fields.get("state", ""), until_ns)
        elif event.kind == "OP_END":
            yield from self._close(seg, event.time_ns)
        elif event.kind == "CANCEL":
            yield from self._cancel(seg, event)

    def left(self) -> Iterator[Row]:
        for seg, segment in list(self._open.items()):
            end_ns = segment.commit.get("end_ns", self._last_ns)
            yield from self._close(seg, min(end_ns, self._last_ns))

    def _segment(self, seg: int, event: Event) -> _Segment:
        """The open segment; one whose COMMIT was lost is known from here on."""
        if seg not in self._open:
            self._open[seg] = _Segment(event.fields)
        return self._open[seg]

    def _cancel(self, seg: int, event: Event) -> Iterator[Row]:
        if event.fields.get("event") == "OP_START":
            self._open.pop(seg, None)
        elif event.fields.get("event") == "OP_END":
            yield from self._close(seg, event.time_ns)

    def _close(self, seg: int, end_ns: int) -> Iterator[Row]:
        segment = self._open.pop(seg, None)
        if segment is None:
            return
        op = segment.commit
        targets = [_addressed(target) for target in op.get("targets", ())]
        names = (op.get("op_name"), op.get("base"), op.get("source"), seg)
        for state, start, end in segment.spans(end_ns):
            times = (ns_to_us_text(start), ns_to_us_text(end))
            for target in targets or [(None, None, None, None)]:
                yield [*times, *target, *names, state]


def _addressed(target: tuple[Any, ...]) -> tuple[Any, ...]:
    """A target without the block that fills its place where the op addresses no page."""
    die, plane, block, page = target
    return (die, plane, None, None) if page is None else (die, plane, block, page)
