"""What a trace holds, from its header and index: gathered, as lines, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nandtrace.diff.side import problem_text
from nandtrace.report.event_text import header_lines, map_lines, short_header_lines, time_text
from nandtrace.report.plain import json_safe
from nandtrace.trace import Chunk, Damage, Gap, Header, Index, TraceReader
from nandtrace.trace.frames import Frame, FrameType, read_frame, unpack
from nandtrace.trace.header import FORMAT_VERSION


@dataclass(frozen=True, slots=True)
class TraceFacts:
    """What one trace holds. `problems` are what is missing or damaged, in file order."""

    path: str
    format: int
    header: Header
    provenance: dict[str, Any]
    index: Index
    size_bytes: int
    from_footer: bool
    problems: list[Damage | Gap]

    @property
    def complete(self) -> bool:
        return not self.problems

    @property
    def time_range_ns(self) -> tuple[int, int] | None:
        """The earliest and the latest time of an event."""
        chunks = self.index.chunks
        if not chunks:
            return None
        return min(entry.min_time_ns for entry in chunks), max(
            entry.max_time_ns for entry in chunks
        )


def trace_facts(path: Path, check: bool = False) -> TraceFacts:
    """Read header and footer; where there is no sound footer, or with `check`, scan every chunk.

    Raises TraceError when the file is no trace.
    """
    with TraceReader(path) as reader:
        has_footer = reader.has_footer
        problems: list[Damage | Gap]
        if check or not has_footer:
            problems = [item for item in reader.walk() if not isinstance(item, Chunk)]
        else:
            problems = list(reader.index.gaps)
        version, provenance = _preamble(path, reader.size_bytes)
        return TraceFacts(
            path=str(path),
            format=version,
            header=reader.header,
            provenance=provenance,
            index=reader.index,
            size_bytes=reader.size_bytes,
            from_footer=has_footer,
            problems=problems,
        )


def info_lines(facts: TraceFacts, full_header: bool = False) -> Iterator[str]:
    """The facts as `name: value` lines; large parts of the header are counted unless it is wanted whole."""
    index = facts.index
    yield facts.path
    yield f"  format: {facts.format}"
    header = header_lines if full_header else short_header_lines
    for line in header(facts.header):
        yield f"  {line}"
    for line in map_lines("provenance", facts.provenance):
        yield f"  {line}"
    yield f"  runs: {index.runs}"
    yield f"  events: {index.events}"
    for kind, count in sorted(index.counts().items()):
        yield f"    {kind}: {count}"
    yield f"  time: {_time_range(facts)}"
    yield f"  chunks: {len(index.chunks)}"
    yield f"  bytes: {facts.size_bytes}{_bytes_per_event(facts)}"
    yield f"  digest: {index.digest().hex()}"
    source = "its footer" if facts.from_footer else "a scan, for it has no sound footer"
    yield f"  index: from {source}"
    yield f"  complete: {'yes' if facts.complete else 'no'}"
    for problem in facts.problems:
        yield f"    {problem_text(problem)}"


def info_json(facts: TraceFacts) -> dict[str, Any]:
    """One entry of `traces` in schemas/info.schema.json."""
    index = facts.index
    times = facts.time_range_ns
    return {
        "path": facts.path,
        "format": facts.format,
        "domain": facts.header.domain,
        "identity": json_safe(facts.header.identity),
        "device": json_safe(facts.header.device),
        "provenance": json_safe(facts.provenance),
        "runs": index.runs,
        "events": index.events,
        "kinds": index.counts(),
        "chunks": len(index.chunks),
        "bytes": facts.size_bytes,
        "bytes_per_event": facts.size_bytes / index.events if index.events else None,
        "time_ns": {"first": times[0], "last": times[1]} if times else None,
        "digest": index.digest().hex(),
        "index": "footer" if facts.from_footer else "scan",
        "complete": facts.complete,
        "problems": [_problem_json(problem) for problem in facts.problems],
    }


def _preamble(path: Path, size_bytes: int) -> tuple[int, dict[str, Any]]:
    """The format version, and the provenance where the frame after the header holds one."""
    with path.open("rb") as file:
        header = read_frame(file, 0, size_bytes)
        assert isinstance(header, Frame)
        version = unpack(header.head)["format"]
        item = read_frame(file, header.end, size_bytes)
    provenance = {}
    if isinstance(item, Frame) and item.type == FrameType.PROVENANCE:
        provenance = _provenance(item)
    return version if isinstance(version, int) else FORMAT_VERSION, provenance


def _provenance(frame: Frame) -> dict[str, Any]:
    try:
        return dict(unpack(frame.head))
    except (ValueError, TypeError):
        return {}


def _time_range(facts: TraceFacts) -> str:
    times = facts.time_range_ns
    return f"{time_text(times[0])} to {time_text(times[1])} µs" if times else "no events"


def _bytes_per_event(facts: TraceFacts) -> str:
    events = facts.index.events
    return f" ({facts.size_bytes / events:.2f} per event)" if events else ""


def _problem_json(problem: Damage | Gap) -> dict[str, Any]:
    if isinstance(problem, Gap):
        return {"before_chunk": problem.before_chunk, "reason": problem.reason}
    return {"offset": problem.offset, "end": problem.end, "reason": problem.reason}
