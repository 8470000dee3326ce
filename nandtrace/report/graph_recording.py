"""What was recorded of a graph: as lines, and as plain JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from nandtrace.units import ns_to_us_text
from nandtrace.vocab.graph import Call, Disposition, Place, ShutdownReason

SHOWN_ERRORS = 5


class RaisedError(Protocol):
    """An exception of a node; as a text it names node and callback."""

    @property
    def node(self) -> str: ...
    @property
    def call(self) -> Call: ...
    @property
    def disposition(self) -> Disposition: ...
    @property
    def time_ns(self) -> int: ...
    @property
    def exception(self) -> Exception: ...
    @property
    def edge(self) -> str | None: ...
    @property
    def attempt(self) -> int | None: ...


class LeftMessages(Protocol):
    """Messages of one edge that nobody read."""

    @property
    def edge(self) -> str: ...
    @property
    def place(self) -> Place: ...
    @property
    def msgs(self) -> Sequence[int]: ...


class GraphReport(Protocol):
    """What a run of a graph came to."""

    @property
    def reason(self) -> ShutdownReason: ...
    @property
    def time_ns(self) -> int: ...
    @property
    def turns(self) -> int: ...
    @property
    def ticks(self) -> int: ...
    @property
    def deliveries(self) -> int: ...
    @property
    def error_count(self) -> int: ...
    @property
    def errors(self) -> Sequence[RaisedError]: ...
    @property
    def leftovers(self) -> Sequence[LeftMessages]: ...
    @property
    def leftover_count(self) -> int: ...
    @property
    def disabled(self) -> Mapping[str, Sequence[str]]: ...


class GraphRecordingSummary(Protocol):
    """What a run of a graph came to, and its trace."""

    @property
    def report(self) -> GraphReport: ...
    @property
    def runs(self) -> int: ...
    @property
    def events(self) -> int: ...
    @property
    def bytes(self) -> int: ...
    @property
    def digest(self) -> str: ...


def graph_summary_lines(trace: str, summary: GraphRecordingSummary, clock: str) -> Iterator[str]:
    """A headline, totals, what is left over edge by edge, and disabled nodes. `clock`: simulated, real."""
    report = summary.report
    yield f"{trace}: {summary.events} events, {summary.runs} run{'' if summary.runs == 1 else 's'}"
    yield f"  shut down: {report.reason.value}"
    yield f"  {clock} time: {ns_to_us_text(report.time_ns)} µs"
    yield f"  turns: {report.turns}"
    yield f"  deliveries: {report.deliveries}"
    yield f"  ticks: {report.ticks}"
    yield f"  errors: {report.error_count}"
    yield f"  bytes: {summary.bytes}"
    yield f"  digest: {summary.digest}"
    yield f"  left over: {report.leftover_count}"
    for edge, places in _left_by_edge(report.leftovers).items():
        yield f"    {edge}: {_enumerated(f'{count} {place.lower()}' for place, count in places.items())}"
    if report.disabled:
        yield f"  disabled: {len(report.disabled)}"
    for node, edges in report.disabled.items():
        yield f"    {node}: {_enumerated(edges) or 'no inputs'}"


def graph_error_lines(report: GraphReport) -> Iterator[str]:
    """How often nodes raised, and the first exceptions."""
    if not report.error_count:
        return
    shown = report.errors[:SHOWN_ERRORS]
    first = f", the first {len(shown)}" if report.error_count > len(shown) else ""
    yield f"{report.error_count} exception{'' if report.error_count == 1 else 's'} in nodes{first}:"
    yield from (f"  {error}" for error in shown)


def graph_summary_json(summary: GraphRecordingSummary) -> dict[str, Any]:
    """The figures, as schemas/record-graph.schema.json names them."""
    report = summary.report
    return {
        "reason": report.reason.value,
        "runs": summary.runs,
        "events": summary.events,
        "turns": report.turns,
        "deliveries": report.deliveries,
        "ticks": report.ticks,
        "errors": report.error_count,
        "first_errors": [_error_json(error) for error in report.errors],
        "left_over": _left_by_edge(report.leftovers),
        "disabled": {node: list(edges) for node, edges in report.disabled.items()},
        "time_ns": report.time_ns,
        "bytes": summary.bytes,
        "digest": summary.digest,
    }


def _error_json(error: RaisedError) -> dict[str, Any]:
    return {
        "node": error.node,
        "call": error.call.value,
        "edge": error.edge,
        "attempt": error.attempt,
        "disposition": error.disposition.value,
        "time_ns": error.time_ns,
        "type": type(error.exception).__name__,
        "text": str(error.exception),
    }


def _left_by_edge(leftovers: Iterable[LeftMessages]) -> dict[str, dict[str, int]]:
    """How many messages are left over at each place of each edge."""
    found: dict[str, dict[str, int]] = {}
    for item in leftovers:
        found.setdefault(item.edge, {})[item.place.value] = len(item.msgs)
    return found


def _enumerated(texts: Iterable[str]) -> str:
    return ", ".join(texts)
