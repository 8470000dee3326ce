"""The line on a terminal that says how far a campaign is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import click

from nandtrace.campaign import Progress
from nandtrace.cli.campaign_text import counted, counts_text, duration_text, rate_text


@contextmanager
def campaign_progress() -> Iterator[Callable[[Progress], None]]:
    """On a terminal a bar with the state of the cells; elsewhere only why a campaign stands still."""
    if not sys.stderr.isatty():
        yield _Patience().show
        return
    # A terminal alone needs it.
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, TextColumn  # noqa: PLC0415
    from rich.progress import Progress as Bar  # noqa: PLC0415

    with Bar(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[state]}", markup=False),
        console=Console(stderr=True, highlight=False),
        transient=True,
    ) as bar:
        task = bar.add_task("campaign", total=None, state="is planned")

        def show(progress: Progress) -> None:
            bar.update(
                task,
                description=progress.name,
                total=progress.cells,
                completed=progress.done,
                state=progress_text(progress),
            )

        yield show


class _Patience:
    """Says once, in a line, that a campaign waits while nothing of it runs."""

    def __init__(self) -> None:
        self._has_said = False

    def show(self, progress: Progress) -> None:
        if progress.waiting and not progress.running and not self._has_said:
            self._has_said = True
            with suppress(OSError):
                click.echo(f"nandtrace: {progress.name} {progress.waiting}", err=True)


def progress_text(progress: Progress) -> str:
    """How far a campaign is, in a line: cells done, running, wrong ones, rate and time left."""
    parts = [f"{progress.done:,}/{progress.cells:,}", f"{len(progress.running)} running"]
    wrong = counts_text(0, progress.violated, progress.unknown, progress.failed)
    if wrong:
        parts.append(wrong)
    if progress.is_stopping:
        left = counted(len(progress.running), "cell")
        parts.append(f"stopping, waits for {left} (interrupt again to end at once)")
    elif progress.waiting:
        parts.append(progress.waiting)
    elif progress.settled_now and progress.seconds > 0:
        left_s = progress.pending * progress.seconds / progress.settled_now
        parts.append(rate_text(progress.settled_now, progress.seconds))
        parts.append(f"ETA {duration_text(left_s)}")
    return ", ".join(parts)
