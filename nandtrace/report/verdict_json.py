"""Verdicts as one JSON object. See schemas/verdict.schema.json."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nandtrace.check.verdict import InvariantResult, TraceVerdict, Violation

VERSION = 1


def verdict_document(verdicts: Iterable[TraceVerdict]) -> dict[str, Any]:
    """All verdicts of one call."""
    return {"version": VERSION, "traces": [_trace(verdict) for verdict in verdicts]}


def _trace(verdict: TraceVerdict) -> dict[str, Any]:
    return {
        "path": verdict.path,
        "verdict": verdict.verdict.value,
        "events": verdict.events,
        "runs": verdict.runs,
        "broken_runs": verdict.broken_runs,
        "digest": verdict.digest,
        "error": verdict.error,
        "damages": verdict.damages,
        "unmet": verdict.unmet,
        "invariants": [_invariant(verdict, item) for item in verdict.invariants],
    }


def _invariant(verdict: TraceVerdict, item: InvariantResult) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "id": item.id,
        "status": item.status.value,
        "evaluated": item.evaluated,
        "exercised": item.exercised,
        "violated": item.violated,
    }
    if item.violations:
        first = item.violations[0]
        plain["first"] = violation_json(first) | {"around": verdict.context.get(item.id, [])}
        plain["violations"] = [violation_json(violation) for violation in item.violations]
    return plain


def violation_json(violation: Violation) -> dict[str, Any]:
    """A violation as plain JSON, its place in the same object."""
    return {
        "seq": violation.seq,
        "time_ns": violation.time_ns,
        "run": violation.run,
        "kind": violation.kind,
        **violation.place,
        "expected": violation.expected,
        "actual": violation.actual,
    }
