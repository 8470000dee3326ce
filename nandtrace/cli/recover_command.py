"""`nandtrace recover`: save the intact part of a damaged or cut trace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from nandtrace.cli.exits import Exit
from nandtrace.cli.sources import expand_one
from nandtrace.report.plain import json_line
from nandtrace.trace import Damage, Gap, Recovery, TraceReader, recover
from nandtrace.trace.chunk_file import PARTIAL_SUFFIX


@click.command("recover")
@click.argument("trace")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False),
    help="Where to write; by default x.recovered.mpk for x.mpk and x.mpk.partial.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(trace: str, output: str | None, as_json: bool) -> int:
    """Save the intact chunks of TRACE as a new trace, with a mark in the place of each loss.

    Nothing is overwritten, and no bad chunk is sealed anew: what is written says that it was
    recovered, and stays incomplete for every other command.

    Exit codes: 0 nothing is lost but what the missing end held; 3 something inside was damaged, or
    nothing can be saved.
    """
    source = Path(expand_one(trace))
    with TraceReader(source) as reader:
        size_bytes = reader.size_bytes
    target = Path(output) if output else recovered_path(source)
    recovery = recover(source, target)
    with TraceReader(target) as reader:
        gaps = list(reader.index.gaps)
    inner = _inner_losses(recovery, gaps, size_bytes)
    if as_json:
        click.echo(json_line(_to_json(source, target, recovery, gaps, inner)))
    else:
        _print(target, recovery, gaps)
    return Exit.UNREADABLE if inner else Exit.CLEAN


def recovered_path(source: Path) -> Path:
    """x.recovered.mpk beside x.mpk or x.mpk.partial."""
    name = Path(source.name.removesuffix(PARTIAL_SUFFIX))
    return source.with_name(f"{name.stem}.recovered{name.suffix or '.mpk'}")


def _inner_losses(recovery: Recovery, gaps: list[Gap], size_bytes: int) -> int:
    """Losses beside the missing end: damage that does not reach it, gaps of earlier recoveries."""
    damages = recovery.damages
    has_no_end = any(damage.offset == damage.end == size_bytes for damage in damages)
    at_end = sum(1 for damage in damages if has_no_end and damage.end == size_bytes)
    return len(gaps) - at_end


def _print(target: Path, recovery: Recovery, gaps: list[Gap]) -> None:
    click.echo(f"{target}: saved {recovery.chunks} chunks, {recovery.events} events")
    for damage in recovery.damages:
        click.echo(f"  lost {damage}")
    if len(gaps) > len(recovery.damages):
        click.echo(f"  {len(gaps) - len(recovery.damages)} gaps of an earlier recovery stay")
    if not gaps:
        click.echo("  nothing was damaged: this is a copy")


def _to_json(
    source: Path, target: Path, recovery: Recovery, gaps: list[Gap], inner: int
) -> dict[str, Any]:
    return {
        "version": 1,
        "path": str(source),
        "output": str(target),
        "chunks": recovery.chunks,
        "events": recovery.events,
        "damages": [_damage_json(damage) for damage in recovery.damages],
        "gaps": [{"before_chunk": gap.before_chunk, "reason": gap.reason} for gap in gaps],
        "only_end_missing": inner == 0,
    }


def _damage_json(damage: Damage) -> dict[str, Any]:
    return {"offset": damage.offset, "end": damage.end, "reason": damage.reason}
