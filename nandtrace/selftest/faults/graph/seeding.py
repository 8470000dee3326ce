"""Faults, seeded into parts of the scheduler: each is one thing done wrong, and still written as it is done.

A part keeps its state and gets other methods: `Scheduler.engine_class` is the seam, and an engine with a
fault makes its own parts, or its nodes, instances of a faulty class.
"""

from __future__ import annotations

from typing import Any

from nandtrace.graph import Scheduler
from nandtrace.graph.bands import Bands
from nandtrace.graph.engine import Engine
from nandtrace.graph.exchange import Exchange
from nandtrace.graph.failures import Failures
from nandtrace.graph.state import NodeRecord
from nandtrace.graph.timers import Timers
from nandtrace.graph.turns import Turns

_PARTS = {
    Bands: "_bands",
    Exchange: "_exchange",
    Timers: "_timers",
    Turns: "_turns",
    Failures: "_failures",
}


def faulty(part: type) -> type[Scheduler]:
    """A scheduler with a faulty part: an engine, one of its parts, or its nodes."""
    if issubclass(part, Engine):
        engine = part
    else:

        class WithFault(Engine):
            def __init__(self, *args: Any) -> None:
                super().__init__(*args)
                if issubclass(part, NodeRecord):
                    for node in self._nodes:
                        node.__class__ = part
                else:
                    attribute = next(
                        name for kind, name in _PARTS.items() if issubclass(part, kind)
                    )
                    getattr(self, attribute).__class__ = part

        engine = WithFault
    return type("FaultyScheduler", (Scheduler,), {"engine_class": engine})
