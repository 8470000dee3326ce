"""What is asked of a trace that a measurement recorded."""

from __future__ import annotations

from pathlib import Path

from nandtrace.check import Verdict, verify_trace
from nandtrace.trace import TraceReader


def verify_recording(path: Path) -> None:
    """Verify a trace in this process. Raises RuntimeError where it is not right."""
    verdict = verify_trace(path)
    if verdict.verdict is not Verdict.OK:
        raise RuntimeError(f"the recording is not right: {verdict}")


def events_of(path: Path) -> int:
    """How many events a trace has."""
    with TraceReader(path) as reader:
        return reader.index.events
