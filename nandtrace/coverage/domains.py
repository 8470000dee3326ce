"""The collectors of each domain."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from nandtrace.coverage.collector import Collector, Kinds
from nandtrace.coverage.table import Point
from nandtrace.trace import Header

_COLLECTORS = {
    "nand": (
        ("nand_families", "Families"),
        ("nand_starts", "StartStates"),
        ("nand_suspends", "Suspensions"),
        ("nand_sequences", "OpSequences"),
        ("nand_marks", "Marks"),
        ("nand_boundaries", "Boundaries"),
    ),
    "graph": (
        ("graph_messages", "Messages"),
        ("graph_turns", "Turns"),
        ("graph_life", "Life"),
    ),
    "workorder": (
        ("workorder_orders", "Orders"),
        ("workorder_pump", "Pump"),
        ("workorder_life", "Life"),
    ),
}
"""Modules and classes by name: imported for traces of the domain only. In the order of the report."""

DOMAINS = tuple(_COLLECTORS)

AnyCollector = Collector[Any]
"""Which facts a collector takes is known within a domain only."""


def collectors_of(header: Header) -> list[AnyCollector]:
    """New collectors for a trace of a known domain."""
    named = _COLLECTORS[header.domain]
    made: list[AnyCollector] = [Kinds(header.vocabulary)]
    made += [getattr(_module(module), name)(header) for module, name in named]
    return made


def points_of(domain: str) -> list[Point]:
    """The points of a domain, without `kinds`, in the order of the report."""
    return [point for module, _ in _COLLECTORS[domain] for point in _module(module).POINTS]


def _module(name: str) -> Any:
    return import_module(f"nandtrace.coverage.{name}")
