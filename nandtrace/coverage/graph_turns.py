"""Turns: what nodes of each band took in them, and how late ticks were."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nandtrace.check.event_batch import EventBatch
from nandtrace.check.graph.facts import GraphFacts
from nandtrace.check.graph.plan import GraphPlan, PlanNode, plan_from_device
from nandtrace.coverage.collector import Collector, tally
from nandtrace.coverage.table import Bin, Point, Table
from nandtrace.trace import Header
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL
from nandtrace.vocab.graph import Band

TURNS = Point("turns", ("band", "took"), "What turns of each band took.")
TICKS = Point(
    "ticks", ("missed",), "Ticks that came for themselves, and those merged with others missed."
)
POINTS = (TURNS, TICKS)

_TICK, _MESSAGES, _BOTH, _NOTHING = "tick", "messages", "tick and messages", "nothing"
_TOOK = {(1, 0): _TICK, (0, 1): _MESSAGES, (1, 1): _BOTH, (0, 0): _NOTHING}
_MISSED = ("0", "1", "2 or more")
_BANDS = {band.value: band.name for band in Band}


class Turns(Collector[GraphFacts]):
    """Counts turns and ticks."""

    def __init__(self, header: Header) -> None:
        plan = plan_from_device(header.device)
        ticks = any(node.interval_ns is not None for node in plan.nodes)
        self._turns = Table(TURNS, frozenset(_possible(plan)))
        self._ticks = Table(TICKS, frozenset((text,) for text in _MISSED) if ticks else frozenset())
        self.tables = (self._turns, self._ticks)

    def take(self, facts: GraphFacts, *, follows: bool) -> None:  # noqa: ARG002, the seam has it
        batch = facts.batch
        if not len(batch):
            return
        bands = batch.column("TURN", "band")
        for (band, tick, messages), count in tally(
            bands, *(_has(batch, kind) for kind in ("TICK", "DELIVER"))
        ):
            self._turns.counts[_BANDS.get(band, str(band)), _TOOK[tick, messages]] += count
        missed = batch.column("TICK", "missed")
        for (merged,), count in tally(np.clip(missed[missed != NULL], 0, 2)):
            self._ticks.counts[(_MISSED[merged],)] += count


def _has(batch: EventBatch, kind: str) -> Int64s:
    """Per TURN 1 where events of a kind lie between it and the next one."""
    positions = batch.rows(kind)
    turns = batch.rows("TURN")
    until = np.append(turns[1:], len(batch))[: len(turns)]
    inside = np.searchsorted(positions, until) - np.searchsorted(positions, turns)
    return (inside > 0).astype(np.int64)


def _possible(plan: GraphPlan) -> Iterator[Bin]:
    """By the priorities of the inputs, the overrides and the ticks of the header's nodes."""
    for place, node in enumerate(plan.nodes):
        priorities = {edge.priority for edge in plan.edges if edge.target == place}
        yield from _of_node(node, priorities)


def _of_node(node: PlanNode, priorities: set[int]) -> Iterator[Bin]:
    bands = {node.override or priority for priority in priorities}
    ticks = node.interval_ns is not None
    if ticks:
        yield _BANDS[node.override or Band.NORMAL], _TICK
    for band in bands:
        yield _BANDS[band], _MESSAGES
        if ticks:
            yield _BANDS[band], _BOTH
