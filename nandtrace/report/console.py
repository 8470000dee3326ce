"""Verdicts on a console: one line a trace, then what was violated, earliest first."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nandtrace.check.verdict import InvariantResult, Status, TraceVerdict, Verdict, Violation
from nandtrace.units import ns_to_us_text

_STYLES = {Verdict.OK: "bold green", Verdict.VIOLATED: "bold red", Verdict.UNKNOWN: "bold yellow"}
_STATUS_STYLES = {
    Status.HOLDS: "green",
    Status.VIOLATED: "red",
    Status.NOT_EXERCISED: "yellow",
    Status.NOT_EVALUATED: "dim",
}
_DAMAGES_SHOWN = 5


class VerdictPrinter:
    """Prints verdicts to stdout, progress to stderr where that is a terminal."""

    def __init__(self, *, verbose: bool = False) -> None:
        self._out = Console(highlight=False, soft_wrap=True)
        self._err = Console(stderr=True, highlight=False)
        self._verbose = verbose

    @contextlib.contextmanager
    def progress(self, traces: int) -> Iterator[Callable[[int], None]]:
        """Show how many traces are done, on a terminal only; call what it yields with their number."""
        if not self._err.is_terminal:
            yield lambda _: None
            return
        with self._err.status(f"verifying {traces} traces") as status:
            yield lambda done: status.update(f"verified {done} of {traces} traces")

    def show(self, verdict: TraceVerdict) -> None:
        """Print one verdict."""
        self._out.print(_headline(verdict))
        self._show_damage(verdict)
        for name in verdict.unmet:
            self._out.print(f"  required but not exercised: {name}", style="red")
        violated = [item for item in verdict.invariants if item.violations]
        for item in sorted(violated, key=lambda item: item.violations[0].seq):
            self._show_violated(verdict, item)
        if self._verbose:
            self._out.print(_table(verdict))

    def _show_damage(self, verdict: TraceVerdict) -> None:
        if verdict.error:
            self._out.print(Text(f"  {verdict.error}", style="yellow"))
        for reason in verdict.damages[:_DAMAGES_SHOWN]:
            self._out.print(Text(f"  damaged: {reason}", style="yellow"))
        hidden = len(verdict.damages) - _DAMAGES_SHOWN
        if hidden > 0:
            self._out.print(f"  … and {hidden} more damages", style="yellow")
        if verdict.broken_runs:
            self._out.print(f"  {verdict.broken_runs} damaged runs were not judged", style="yellow")

    def _show_violated(self, verdict: TraceVerdict, item: InvariantResult) -> None:
        self._out.print(
            Text.assemble(
                ("  ✗ ", "red"),
                (item.id, "bold"),
                f"  violated {item.violated} of {item.evaluated}",
            )
        )
        self._out.print(Text(f"    {item.sentence}", style="dim"))
        for place, violation in enumerate(item.violations):
            self._out.print(Text(f"    {_location(violation)}"))
            self._out.print(Text(f"      expected {violation.expected}; actual {violation.actual}"))
            if place == 0:
                for line in verdict.context.get(item.id, []):
                    self._out.print(Text(f"      | {line}", style="dim"))
        hidden = item.violated - len(item.violations)
        if hidden > 0:
            self._out.print(f"    … and {hidden} more")


def _headline(verdict: TraceVerdict) -> Text:
    counts = [status for status in Status for item in verdict.invariants if item.status is status]
    told = ", ".join(
        f"{counts.count(status)} {status.value}" for status in Status if counts.count(status)
    )
    return Text.assemble(
        (verdict.verdict.value, _STYLES[verdict.verdict]),
        f"  {verdict.path}  {verdict.events:,} events in {verdict.runs:,} runs",
        f"; invariants: {told}" if told else "",
    )


def _location(violation: Violation) -> str:
    place = "".join(f", {name} {value}" for name, value in violation.place.items())
    time = ns_to_us_text(violation.time_ns)
    return f"event {violation.seq}, run {violation.run}, {time} µs, {violation.kind}{place}"


def _table(verdict: TraceVerdict) -> Table:
    table = Table(box=None, padding=(0, 2), header_style="bold")
    table.add_column("invariant", no_wrap=True)
    for title in ("evaluated", "exercised", "violated"):
        table.add_column(title, justify="right")
    table.add_column("status", no_wrap=True)
    for item in verdict.invariants:
        counts = (item.evaluated, item.exercised, item.violated)
        status = Text(item.status.value, style=_STATUS_STYLES[item.status])
        table.add_row(item.id, *(f"{count:,}" for count in counts), status)
    return table
