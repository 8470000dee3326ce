"""Faulty schedulers, run until they are caught."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from nandtrace.selftest.faults.catching import caught
from nandtrace.selftest.faults.fault import Fault
from nandtrace.selftest.faults.graph.table import GRAPH_FAULTS
from nandtrace.selftest.faults.table import NAND_FAULTS
from nandtrace.selftest.faults.workorder.table import WORKORDER_FAULTS

FAULTS: dict[str, tuple[Fault, ...]] = {
    "nand": NAND_FAULTS,
    "graph": GRAPH_FAULTS,
    "workorder": WORKORDER_FAULTS,
}

BY_REPLAY = "replay"
"""Stands for an invariant where a trace alone shows nothing, and executing a run again does."""


@dataclass(frozen=True, slots=True)
class FaultProof:
    """What became of a faulty scheduler: with which seed it was caught (None: with none), and how."""

    id: str
    domain: str
    sentence: str
    expected: str
    seed: int | None
    violated: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether it was caught, and for what it does wrong."""
        return self.seed is not None and (
            self.expected == BY_REPLAY or self.expected in self.violated
        )


def prove_faults(
    domains: Iterable[str], pool: ProcessPoolExecutor | None, *, search: bool
) -> Iterator[FaultProof]:
    """Let every faulty scheduler of these domains run: with the seed that is known to show it, or with
    `search` from the first seed on."""
    places = [(domain, place) for domain in domains for place in range(len(FAULTS[domain]))]
    judge = partial(_prove, search=search)
    yield from map(judge, places) if pool is None else pool.map(judge, places)


def _prove(place: tuple[str, int], *, search: bool) -> FaultProof:
    domain, number = place
    fault = FAULTS[domain][number]
    seeds = range(fault.seeds) if search else range(fault.seed, fault.seed + 1)
    with tempfile.TemporaryDirectory(prefix="nandtrace-") as folder:
        found = caught(fault, Path(folder), seeds)
    return FaultProof(
        fault.id,
        domain,
        fault.sentence,
        fault.invariant or BY_REPLAY,
        None if found is None else found.seed,
        () if found is None else found.invariants,
    )
