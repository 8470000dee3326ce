"""A batch of a NAND trace."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

import numpy as np

from nandtrace.check.event_batch import EventBatch, Piece
from nandtrace.check.rules import DeviceRules
from nandtrace.check.snapshots import shape_problem
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import Vocabulary


class Batch(EventBatch):
    """Events of a NAND trace, and the rules of its device."""

    def __init__(self, pieces: Iterable[Piece], vocabulary: Vocabulary, rules: DeviceRules) -> None:
        super().__init__(pieces, vocabulary, shape_problem)
        self.rules = rules

    @cached_property
    def first_targets(self) -> Int64s:
        """Per COMMIT the place of its first target in the table of targets."""
        counts = self.items("COMMIT", "targets").counts
        first: Int64s = np.cumsum(counts) - counts
        return first
