"""What was recorded of a work-order scheduler: as lines, and as plain JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from nandtrace.units import ns_to_us_text

_TOTALS = ("enqueued", "refused", "claimed", "retried", "completed", "failed", "cancelled")


class WorkOrderSummary(Protocol):
    """The figures of a recording."""

    @property
    def runs(self) -> int: ...
    @property
    def events(self) -> int: ...
    @property
    def time_ns(self) -> int: ...
    @property
    def bytes(self) -> int: ...
    @property
    def digest(self) -> str: ...

    @property
    def totals(self) -> Mapping[str, int]:
        """How many orders were enqueued, refused, claimed, retried, completed, failed and cancelled."""
        ...

    @property
    def left(self) -> Mapping[str, int]:
        """How many orders have not ended, by state."""
        ...


def workorder_summary_lines(trace: str, summary: WorkOrderSummary) -> Iterator[str]:
    """A headline, totals, and what is left over."""
    yield f"{trace}: {summary.events} events, {summary.runs} run{'' if summary.runs == 1 else 's'}"
    yield f"  simulated time: {ns_to_us_text(summary.time_ns)} µs"
    yield f"  bytes: {summary.bytes}"
    yield f"  digest: {summary.digest}"
    yield f"  orders: {summary.totals['enqueued']}"
    for name in _TOTALS[1:]:
        yield f"    {name}: {summary.totals[name]}"
    yield f"  left over: {sum(summary.left.values())}"
    for state, count in summary.left.items():
        yield f"    {state}: {count}"


def workorder_summary_json(summary: WorkOrderSummary) -> dict[str, Any]:
    """The figures, as schemas/record-workorder.schema.json names them."""
    return {
        "runs": summary.runs,
        "events": summary.events,
        **{name: summary.totals[name] for name in _TOTALS},
        "left_over": dict(summary.left),
        "time_ns": summary.time_ns,
        "bytes": summary.bytes,
        "digest": summary.digest,
    }
