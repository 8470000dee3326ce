"""`nandtrace cat`: a trace as text, one event a line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TextIO

import click

from nandtrace.cli.exits import Exit
from nandtrace.cli.sources import expand_one
from nandtrace.diff.side import problem_text
from nandtrace.errors import TraceError, UsageError
from nandtrace.report.event_text import (
    EventText,
    header_lines,
    short_header_lines,
    snapshot_lines,
)
from nandtrace.report.plain import json_line, json_safe
from nandtrace.trace import Chunk, ChunkError, Damage, Gap, Header, TraceReader
from nandtrace.trace.event import Event, events_of
from nandtrace.vocab import vocabulary_to_map

_LINES_A_WRITE = 1_024


@dataclass(frozen=True, slots=True)
class Selection:
    """Which events to print; None and an empty set let all pass."""

    run: int | None
    first_seq: int
    kinds: frozenset[str]

    def may_hold(self, chunk: Chunk) -> bool:
        """Whether a chunk can hold an event that passes."""
        meta = chunk.meta
        return (
            meta.end_seq > self.first_seq
            and (self.run is None or meta.first_run <= self.run <= meta.last_run)
            and (not self.kinds or not self.kinds.isdisjoint(meta.counts))
        )

    def passes(self, event: Event) -> bool:
        return (
            event.seq >= self.first_seq
            and (self.run is None or event.run == self.run)
            and (not self.kinds or event.kind in self.kinds)
        )


@click.command("cat")
@click.argument("trace")
@click.option("--run", type=click.IntRange(0), help="Only the events of this run.")
@click.option("--kind", "kinds", metavar="KIND", multiple=True, help="Only this kind; repeatable.")
@click.option("--from", "first_seq", metavar="SEQ", type=click.IntRange(0), default=0)
@click.option("--limit", type=click.IntRange(0), help="At most so many events.")
@click.option("--no-seq", is_flag=True, help="Leave out sequence numbers, as for git's textconv.")
@click.option(
    "--header", "full_header", is_flag=True, help="Print the whole header, profile and all."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines: the header, then events.")
def command(
    *,
    trace: str,
    run: int | None,
    kinds: tuple[str, ...],
    first_seq: int,
    limit: int | None,
    no_seq: bool,
    full_header: bool,
    as_json: bool,
) -> int:
    """Print TRACE as text: its header, then one event a line, and snapshots where runs begin and end.

    Columns: sequence number, run, time in µs, kind, fields. Without sequence numbers (--no-seq) an
    event that is new changes one line only, so git's textconv wants that.

    Exit codes: 0 complete; 3 unreadable, or damaged in what was read (told on stderr in place).
    """
    with TraceReader(expand_one(trace)) as reader:
        _check_kinds(kinds, reader.header)
        selection = Selection(run, first_seq, frozenset(kinds))
        printer = _JsonPrinter(sys.stdout, reader.header)
        if not as_json:
            head = header_lines if full_header else short_header_lines
            printer = _TextPrinter(sys.stdout, reader.header, head, with_seq=not no_seq)
        return _Cat(reader, selection, printer, limit).run()


def _check_kinds(kinds: tuple[str, ...], header: Header) -> None:
    known = header.vocabulary.by_name
    for kind in kinds:
        if kind not in known:
            raise UsageError(f"--kind {kind}: not one of {', '.join(known)}")


class _JsonPrinter:
    """JSON lines. Also the base of the text printer: both collect lines and write many at once."""

    def __init__(self, out: TextIO, header: Header) -> None:
        self._out = out
        self._lines: list[str] = []
        self._text = EventText(header.vocabulary)

    def header(self, header: Header) -> None:
        self._add(json_line(_header_json(header)))

    def event(self, event: Event, state: dict[str, object] | None) -> None:
        plain = self._text.json_object(event)
        if state is not None:
            plain["snapshot"] = json_safe(state)
        self._add(json_line(plain))

    def _add(self, line: str) -> None:
        self._lines.append(line)
        if len(self._lines) >= _LINES_A_WRITE:
            self.flush()

    def flush(self) -> None:
        """Write what is collected, so that what comes on stderr next comes after it."""
        if self._lines:
            self._out.write("\n".join(self._lines) + "\n")
            self._out.flush()
            self._lines.clear()


class _TextPrinter(_JsonPrinter):
    """Lines for a person: the header behind `#`, then events, snapshots indented below theirs."""

    def __init__(
        self,
        out: TextIO,
        header: Header,
        head: Callable[[Header], Iterator[str]],
        *,
        with_seq: bool,
    ) -> None:
        super().__init__(out, header)
        self._head = head
        self._with_seq = with_seq

    def header(self, header: Header) -> None:
        for line in self._head(header):
            self._add(f"# {line}")

    def event(self, event: Event, state: dict[str, object] | None) -> None:
        self._add(self._text.line(event, self._with_seq))
        for line in snapshot_lines(state) if state is not None else ():
            self._add(f"{'':>10}snapshot {line}")


class _Cat:
    """One printing of a trace; counts what it printed and what it could not read."""

    def __init__(
        self, reader: TraceReader, selection: Selection, printer: _JsonPrinter, limit: int | None
    ) -> None:
        self._reader = reader
        self._selection = selection
        self._printer = printer
        self._left = limit
        self._has_problem = False

    def run(self) -> int:
        self._printer.header(self._reader.header)
        for item in self._items():
            if self._left == 0:
                break
            if isinstance(item, Chunk):
                self._print_chunk(item)
            else:
                self._report(problem_text(item))
        self._printer.flush()
        if not self._has_problem and not self._reader.has_footer:
            self._report("the trace has no end: it was cut or is still written")
        return Exit.UNREADABLE if self._has_problem else Exit.CLEAN

    def _items(self) -> Iterator[Chunk | Damage | Gap]:
        """Chunks that can hold what is wanted, and every problem in its place."""
        selection = self._selection
        if (selection.run is None and selection.first_seq == 0) or not self._reader.has_footer:
            for item in self._reader.walk():
                if not isinstance(item, Chunk) or selection.may_hold(item):
                    yield item
        else:
            yield from self._indexed_items()

    def _indexed_items(self) -> Iterator[Chunk | Damage | Gap]:
        selection, index = self._selection, self._reader.index
        gaps = {gap.before_chunk: gap for gap in index.gaps}
        for ordinal, entry in enumerate(index.chunks):
            if ordinal in gaps:
                yield gaps[ordinal]
            if entry.first_seq + entry.events <= selection.first_seq:
                continue
            if selection.run is None or entry.first_run <= selection.run <= entry.last_run:
                yield from self._chunk(ordinal)
        if len(index.chunks) in gaps:
            yield gaps[len(index.chunks)]

    def _chunk(self, ordinal: int) -> Iterator[Chunk | Damage]:
        entry = self._reader.index.chunks[ordinal]
        try:
            chunk = self._reader.chunk(ordinal)
        except TraceError as error:
            yield Damage(entry.offset, entry.offset + entry.size_bytes, error.reason)
            return
        if self._selection.may_hold(chunk):
            yield chunk

    def _print_chunk(self, chunk: Chunk) -> None:
        meta = chunk.meta
        try:
            states = {item.seq: item.state for item in chunk.snapshots}
            first = max(self._selection.first_seq - meta.first_seq, 0)
            for event in events_of(chunk, self._reader.header.vocabulary, first):
                if self._left == 0:
                    return
                if self._selection.passes(event):
                    self._printer.event(event, states.get(event.seq))
                    self._left = None if self._left is None else self._left - 1
        except ChunkError as error:
            self._report(str(error))

    def _report(self, problem: str) -> None:
        self._printer.flush()
        self._has_problem = True
        click.echo(f"nandtrace: {self._reader.path}: {problem}", err=True)


def _header_json(header: Header) -> dict[str, object]:
    return {
        "version": 1,
        "domain": header.domain,
        "identity": header.identity,
        "device": header.device,
        "vocabulary": vocabulary_to_map(header.vocabulary),
    }
