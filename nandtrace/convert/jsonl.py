"""Import of a scheduler's JSON-lines log ("nandtrace-jsonl"): one line in, one event out.

What the log says is kept, not judged: a log without its last RUN_END, events of a wrong run and a
clock that goes back are imported as they are, for the checker to find. How the lines map:

- HEADER: topology, bases, cell types and policies become the trace's device; every other field but
  domain and time unit its identity. The device's `suspend_closes` is "cancel".
- RUN_BEGIN and RUN_END carry their snapshot, `pending` times in ns, ops renumbered; fields of the
  scheduler's own are kept in it.
- SUSPENDED becomes SUSPEND, RESUMED becomes RESUME, the other kinds keep their names. Times become
  ns; an absent or null field is NULL, but for `drained`, which is then false. Columns that the log
  does not know (`outcome`, `reason`, `by_seg`, …) are NULL.
- `op` ids restart in every run and are renumbered (see nandtrace.convert.op_ids); `seg` is unique
  in a log and is kept, as is each line's own `run`.

A line that is not what schemas/import-jsonl.schema.json says is an error, and no trace is written.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nandtrace.convert.jsonl_events import EventLines
from nandtrace.convert.jsonl_header import read_header
from nandtrace.convert.line_schema import LineError, kind_of
from nandtrace.convert.log_lines import Progress, open_log, read_lines
from nandtrace.errors import LogError, StorageError, UsageError
from nandtrace.trace import CHUNK_EVENTS, Header, TraceWriter
from nandtrace.trace.chunk_file import partial_path


@dataclass(frozen=True, slots=True)
class Note:
    """A field of the log that the trace does not carry, with the number of lines that have it."""

    kind: str
    field: str
    lines: int


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What was imported; `runs` counts their beginnings."""

    events: int
    runs: int
    notes: tuple[Note, ...]


def import_jsonl(
    source: Path,
    target: Path,
    *,
    compress: bool = False,
    chunk_events: int = CHUNK_EVENTS,
    progress: Progress | None = None,
) -> ImportResult:
    """Turn the log at `source` into a trace at `target`, replacing one that is there.

    Raises LogError for a bad log, with line and field; StorageError when the trace can't be
    written; UsageError when both are the same file. Then nothing is left of the new trace.
    """
    with open_log(source) as file:
        _refuse_same(source, target)
        lines = read_lines(source, file, progress)
        header = _first_line(source, lines)
        with _writing(target, header, compress, chunk_events) as writer:
            events = _add_lines(source, lines, writer)
            count = writer.next_seq
    notes = [Note(*key, lines) for key, lines in sorted(events.unknown_fields.items())]
    return ImportResult(count, events.runs, tuple(notes))


def _refuse_same(source: Path, target: Path) -> None:
    with contextlib.suppress(OSError):
        if target.samefile(source):
            raise UsageError(f"{target}: the trace would replace the log")


def _first_line(source: Path, lines: Iterator[tuple[int, int, dict[str, Any]]]) -> Header:
    for number, _, line in lines:
        try:
            return read_header(line)
        except LineError as error:
            raise _log_error(source, number, error) from error
    raise LogError(str(source), "the log is empty")


def _add_lines(
    source: Path, lines: Iterator[tuple[int, int, dict[str, Any]]], writer: TraceWriter
) -> EventLines:
    events = EventLines(writer)
    for number, size_bytes, line in lines:
        try:
            events.add(kind_of(line), line, size_bytes)
        except LineError as error:
            raise _log_error(source, number, error) from error
    return events


def _log_error(source: Path, number: int, error: LineError) -> LogError:
    return LogError(str(source), error.reason, f"line {number}, field {error.field}")


@contextlib.contextmanager
def _writing(
    target: Path, header: Header, compress: bool, chunk_events: int
) -> Iterator[TraceWriter]:
    """A writer that seals its trace at the end, or leaves nothing of it."""
    try:
        writer = TraceWriter(target, header, compress=compress, chunk_events=chunk_events)
    except StorageError as error:
        if not isinstance(error.__cause__, FileExistsError):
            _remove(partial_path(target))
        raise
    try:
        yield writer
        writer.close()
    except BaseException:
        with contextlib.suppress(StorageError):
            writer.discard()
        _remove(partial_path(target))
        raise


def _remove(partial: Path) -> None:
    with contextlib.suppress(OSError):
        partial.unlink()
