"""The work of `nandtrace record --live`."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from nandtrace.cli.provenance import collect_provenance
from nandtrace.cli.recording import Done, Plan, progress_text
from nandtrace.cli.recording_options import Extras
from nandtrace.cli.recording_report import refuse_same
from nandtrace.cli.status_line import status_line
from nandtrace.errors import UsageError
from nandtrace.live import record_live
from nandtrace.live.display import Show
from nandtrace.live.follower import Judgement
from nandtrace.nand.recording import Progress

_SHOWN_BASES = 3


def record(plan: Plan, extras: Extras, *, fail_fast: bool, graph_trace: Path | None) -> Done:
    """Make a recording that is verified on the way."""
    if graph_trace is not None:
        refuse_same(graph_trace, plan.source, plan.what)
        if graph_trace.resolve() == plan.target.resolve():
            raise UsageError(f"{graph_trace}: both traces would have this name")
    begin = time.perf_counter()
    with _display() as show:
        result = record_live(
            plan.target,
            plan.job,
            show,
            fail_fast=fail_fast,
            compress=extras.compress,
            provenance=collect_provenance() if extras.with_provenance else None,
            graph_trace=graph_trace,
        )
    seconds = time.perf_counter() - begin
    if result.was_stopped:
        click.echo("nandtrace: stopped early: a run is violated", err=True)
    return Done(plan.target, result.summary, seconds, plan.repairs, result.verdict)


@contextmanager
def _display() -> Iterator[Show]:
    """On a terminal a line that says how the recording stands; elsewhere nothing."""
    with status_line("recording") as show:
        yield (lambda *_: None) if show is None else lambda *told: show(_live_text(*told))


def _live_text(progress: Progress, ops: Counter[str], judgement: Judgement) -> str:
    most = ", ".join(f"{base} {count:,}" for base, count in ops.most_common(_SHOWN_BASES))
    violated = ", ".join(judgement.violated) or "no violation"
    return f"{progress_text(progress)} ({most}); verified {judgement.runs} runs: {violated}"
