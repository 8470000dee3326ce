"""nandtrace import: a scheduler's JSON-lines log becomes a trace."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from nandtrace.cli.exits import Exit
from nandtrace.convert.jsonl import ImportResult, import_jsonl
from nandtrace.convert.log_lines import Progress
from nandtrace.errors import UsageError
from nandtrace.trace import CHUNK_EVENTS

JSON_VERSION = 1
_PATH = click.Path(path_type=Path)


@click.command("import")
@click.argument("log", type=_PATH)
@click.option(
    "-o", "--output", "trace", type=_PATH, help="The trace to write.  [default: LOG with .mpk]"
)
@click.option("--compress/--no-compress", default=False, help="Compress the trace with zstd.")
@click.option(
    "--chunk-events",
    type=click.IntRange(1, CHUNK_EVENTS),
    default=CHUNK_EVENTS,
    show_default=True,
    help="Events in a chunk, at most.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def command(log: Path, trace: Path | None, compress: bool, chunk_events: int, as_json: bool) -> int:
    """Turn the JSON-lines log of a scheduler into a trace.

    A trace that is there already is replaced. A bad line is an error that names line and field, and
    then no trace is written.
    """
    target = trace or _default_trace(log)
    with _progress(log) as progress:
        result = import_jsonl(
            log, target, compress=compress, chunk_events=chunk_events, progress=progress
        )
    for note in result.notes:
        print(
            f"nandtrace: {log}: {note.kind}.{note.field} is not kept; lines with it: {note.lines}",
            file=sys.stderr,
        )
    if as_json:
        print(json.dumps(_to_map(log, target, result)))
    else:
        print(f"{target}: {result.events} events, {result.runs} runs")
    return Exit.CLEAN


def _default_trace(log: Path) -> Path:
    if not log.name:
        raise UsageError(f"{log} is no file")
    return log.with_suffix(".mpk")


def _to_map(log: Path, trace: Path, result: ImportResult) -> dict[str, object]:
    return {
        "version": JSON_VERSION,
        "source": str(log),
        "trace": str(trace),
        "events": result.events,
        "runs": result.runs,
        "notes": [
            {"kind": note.kind, "field": note.field, "lines": note.lines} for note in result.notes
        ],
    }


@contextlib.contextmanager
def _progress(log: Path) -> Iterator[Progress | None]:
    """On a terminal, a bar of the bytes read."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415 (a terminal alone needs it)
    from rich.progress import Progress as Bar  # noqa: PLC0415

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(log.name, total=_size_bytes(log))
        yield lambda read_bytes: bar.advance(task, read_bytes)


def _size_bytes(log: Path) -> int | None:
    try:
        return log.stat().st_size or None
    except OSError:
        return None
