"""What travels on the edges of a live recording, beside the chunks of its trace."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TraceOver:
    """The last chunk was sent."""


@dataclass(frozen=True, slots=True)
class Written:
    """How far the trace's file is written, in bytes; complete when nothing will follow."""

    size_bytes: int
    is_complete: bool = False


@dataclass(frozen=True, slots=True)
class StopRecording:
    """End with the run that is open."""
