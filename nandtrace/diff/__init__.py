"""First divergence and summary between two traces."""

from nandtrace.diff.compare import CONTEXT_EVENTS, compare
from nandtrace.diff.model import (
    ABSENT,
    Absent,
    Aftermath,
    Change,
    Divergence,
    Realignment,
    Result,
    SideFacts,
    TraceDiff,
)

__all__ = [
    "ABSENT",
    "CONTEXT_EVENTS",
    "Absent",
    "Aftermath",
    "Change",
    "Divergence",
    "Realignment",
    "Result",
    "SideFacts",
    "TraceDiff",
    "compare",
]
