"""Shrinking: the smallest recording, or excerpt, that violates the same invariant."""

from nandtrace.shrinking.search import Budget
from nandtrace.shrinking.shrink import shrink_recording, shrink_trace
from nandtrace.shrinking.sizes import Size
from nandtrace.shrinking.task import REPLAY, End, Shrunk, Way

__all__ = ["REPLAY", "Budget", "End", "Shrunk", "Size", "Way", "shrink_recording", "shrink_trace"]
