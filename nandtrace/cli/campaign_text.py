"""What a campaign did and found, as lines for a person."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from nandtrace.campaign.status import CampaignStatus, CellStatus, SessionStatus

_SHOWN_AT_END = 10
"""Cells that are listed when a campaign ends; `report` lists all."""


def outcome_lines(status: CampaignStatus) -> Iterator[str]:
    """What is printed when a campaign ends: the same for the same results, however long it took."""
    yield from _totals(status)
    yield from _violations(status)
    shown = status.troubled[:_SHOWN_AT_END]
    yield from _troubled(shown)
    hidden = _wrong(status) - len(shown)
    if hidden:
        yield f"… and {hidden:,} more: {command_text('report', [], status.folder)}"


def status_lines(status: CampaignStatus) -> Iterator[str]:
    """How far a campaign is, who works on it, and who did."""
    yield from _totals(status)
    yield from _violations(status)
    by = f", process {status.pid}" if status.pid else ""
    yield f"  running: {'yes' if status.is_running else 'no'}{by}"
    yield from _sessions(status)


def report_lines(status: CampaignStatus) -> Iterator[str]:
    """All that a campaign found."""
    yield from _totals(status)
    yield f"  time in cells: {duration_text(status.cell_seconds)}"
    yield from _sessions(status)
    yield from _repairs(status)
    yield from _slowest(status.slowest)
    yield from _violations(status)
    yield from _troubled(status.troubled)
    hidden = _wrong(status) - len(status.troubled)
    if hidden:
        yield f"… and {hidden:,} more"


def command_text(verb: str, options: Iterable[str], folder: Path) -> str:
    """A command on the campaign in a folder, to be pasted into a shell."""
    place = str(folder)
    ending = ["--", place] if place.startswith("-") else [place]
    return shlex.join(["nandtrace", "campaign", verb, *options, *ending])


def counts_text(ok: int, violated: int, unknown: int, failed: int) -> str:
    """How many cells are in each settled state, but for those that none is in: 97 ok, 2 violated."""
    counts = {"ok": ok, "violated": violated, "unknown": unknown, "failed": failed}
    return ", ".join(f"{count:,} {state}" for state, count in counts.items() if count)


def counted(count: int, word: str) -> str:
    """A count with its word: 1 cell, 2 cells."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def duration_text(seconds: float) -> str:
    """A duration as hours, minutes and seconds: 0:00:07."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


def rate_text(cells: int, seconds: float) -> str:
    """How fast cells are done, by the second or, where that is slow, by the minute."""
    rate = cells / max(seconds, 1e-3)
    return f"{rate:.1f} cells/s" if rate >= 1 else f"{rate * 60:.1f} cells/min"


def _totals(status: CampaignStatus) -> Iterator[str]:
    done = status.cells - status.pending
    counts = counts_text(status.ok, status.violated, status.unknown, status.failed)
    how = f": {counts}" if counts else ""
    yield f"{status.name}: {done:,} of {counted(status.cells, 'cell')} done{how}"
    yield f"  events: {status.events:,}"
    yield f"  bytes: {status.bytes:,}"


def _wrong(status: CampaignStatus) -> int:
    return status.violated + status.unknown + status.failed


def _violations(status: CampaignStatus) -> Iterator[str]:
    if status.violations:
        yield "  violations:"
    for invariant, found in status.violations.items():
        cells = counted(found.cells, "cell")
        yield f"    {invariant}: {found.count:,} in {cells}, the first is {found.first}"


def _sessions(status: CampaignStatus) -> Iterator[str]:
    yield "  sessions:"
    for session in status.sessions:
        yield f"    {_session(session)}"


def _session(session: SessionStatus) -> str:
    ended = f" to {session.ended}" if session.ended else ""
    cells = counted(session.settled, "cell")
    return f"{session.number}: {session.outcome}, {cells}, {session.engine}, {session.begun}{ended}"


def _repairs(status: CampaignStatus) -> Iterator[str]:
    for profile, repairs in status.repairs.items():
        yield f"  repairs of {profile}:"
        for repair in repairs:
            yield f"    {repair}"


def _slowest(cells: Sequence[CellStatus]) -> Iterator[str]:
    if cells:
        yield "  slowest cells:"
    for cell in cells:
        yield f"    {cell.seconds or 0:.2f} s  {cell.id}"


def _troubled(cells: Sequence[CellStatus]) -> Iterator[str]:
    """Each cell that is not OK: what is wrong, and the command that records it again."""
    for cell in cells:
        attempts = f" after {cell.attempts} attempts" if cell.attempts > 1 else ""
        yield f"✗ {cell.id}: {cell.state}{attempts}"
        for invariant, count in cell.violations.items():
            yield f"    {invariant}: {counted(count, 'violation')}"
        for line in (cell.error or "").splitlines():
            yield f"    {line}"
        yield f"    {cell.command}"
