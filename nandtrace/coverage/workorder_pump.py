"""The pump: which gates held it, and what the memory was."""

from __future__ import annotations

import numpy as np

from nandtrace.check.workorder.facts import WorkOrderFacts
from nandtrace.check.workorder.limits import limits_from_device
from nandtrace.coverage.collector import NOTHING, Collector, count_words
from nandtrace.coverage.table import Point, Table, words
from nandtrace.trace import Header
from nandtrace.vocab.workorder import MEMORY_GATES, Gate, Pressure

GATES = Point(
    "gates", ("gate",), "The first closed gate of decisions; all open where an order was claimed."
)
PRESSURES = Point("pressures", ("from", "to"), "Changes of the level of pressure.")
HEALTH = Point("health", ("healthy",), "Changes of health.")
POINTS = (GATES, PRESSURES, HEALTH)

_OPEN = "all open"
_HEALTHY = {"0": "no", "1": "yes"}


class Pump(Collector[WorkOrderFacts]):
    """Counts decisions and levels. Carries the level told last."""

    def __init__(self, header: Header) -> None:
        limits = limits_from_device(header.device)
        gates = [gate.value for gate in Gate if limits.memory_gating or gate not in MEMORY_GATES]
        self._gates = Table(GATES, words([*gates, _OPEN]))
        levels = {
            (one.value, other.value) for one in Pressure for other in Pressure if one is not other
        }
        self._pressures = Table(PRESSURES, frozenset(levels))
        self._health = Table(HEALTH, words(_HEALTHY.values()))
        self._level = NOTHING
        self.tables = (self._gates, self._pressures, self._health)

    def take(self, facts: WorkOrderFacts, *, follows: bool) -> None:
        batch = facts.batch
        self._gates.add(count_words(batch, "HOLD", "gate"))
        claims = len(batch.rows("CLAIM"))
        self._gates.add({(_OPEN,): claims} if claims else {})
        for (healthy,), count in count_words(batch, "HEALTH", "healthy").items():
            self._health.counts[(_HEALTHY.get(healthy, healthy),)] += count
        if not follows or self._level == NOTHING:
            state = batch.edge_states()[0]
            self._level = state["pressure"] if state is not None else NOTHING
        self._follow_levels(facts)

    def _follow_levels(self, facts: WorkOrderFacts) -> None:
        batch = facts.batch
        restarts = batch.rows("RESTART")
        positions = np.concatenate([batch.rows("PRESSURE"), restarts])
        codes = batch.column("PRESSURE", "level").tolist()
        levels = [*(batch.name(code) or NOTHING for code in codes), *[""] * len(restarts)]
        for place in np.argsort(positions, kind="stable").tolist():
            level = levels[place]
            if level:
                self._pressures.counts[self._level, level] += 1
            # A new life begins with no pressure.
            self._level = level or Pressure.NONE.value
