"""The verifier: replays a trace and proves its invariants, from the trace alone."""

from nandtrace.check.registry import Invariant, invariant, load_invariants
from nandtrace.check.replay import DeviceState, state_at
from nandtrace.check.tables import Finding, finding
from nandtrace.check.verdict import (
    InvariantResult,
    Status,
    TraceVerdict,
    Verdict,
    Violation,
)
from nandtrace.check.verify import Options, verify_trace

__all__ = [
    "DeviceState",
    "Finding",
    "Invariant",
    "InvariantResult",
    "Options",
    "Status",
    "TraceVerdict",
    "Verdict",
    "Violation",
    "finding",
    "invariant",
    "load_invariants",
    "state_at",
    "verify_trace",
]
