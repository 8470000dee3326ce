"""Coverage: what a set of traces exercised, merged over them. Knows no scheduler."""

from nandtrace.coverage.measuring import Coverage, DomainCoverage, InvariantCount, measure_traces
from nandtrace.coverage.requirement import (
    Requirement,
    Shortfall,
    requirement_of,
    shortfalls,
    table_names,
)
from nandtrace.coverage.table import Point, Table

__all__ = [
    "Coverage",
    "DomainCoverage",
    "InvariantCount",
    "Point",
    "Requirement",
    "Shortfall",
    "Table",
    "measure_traces",
    "requirement_of",
    "shortfalls",
    "table_names",
]
