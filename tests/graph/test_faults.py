"""The checker finds each fault that is seeded into the scheduler, under the rule that it breaks."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from nandtrace.check import load_invariants
from nandtrace.graph import Scheduler, SchedulerConfig, VirtualClock, record_graph
from nandtrace.selftest.faults.catching import caught
from nandtrace.selftest.faults.graph import edges, life, serving, turns
from nandtrace.selftest.faults.graph.fault import GraphFault
from nandtrace.selftest.faults.graph.seeding import faulty
from nandtrace.selftest.faults.graph.table import GRAPH_FAULTS
from tests.graph.nodes import echo, sayer
from tests.graph.recordings import busy, idling, verify

FAULTS = {fault.kind: fault for fault in GRAPH_FAULTS}

IN_BUSY_GRAPHS = {
    life.ReshufflesSnapshots: "checkpoint-matches-replay",
    turns.EndlessTicks: "checkpoint-matches-replay",
}
"""What faults violate in larger graphs, where that is something else."""


def _busy_graphs(
    path: Path, scheduler_class: type[Scheduler], checkpoint_events: int
) -> Iterator[list[str]]:
    """The invariants that graphs violate when this scheduler runs them: at ease, overloaded, idle."""
    for scheduler in (
        busy(scheduler_class),
        busy(scheduler_class, source_ms=0.01),
        idling(scheduler_class),
    ):
        record_graph(path, scheduler, until_ms=1, checkpoint_events=checkpoint_events)
        yield verify(path)


@pytest.mark.parametrize("checkpoint_events", [100, 100_000])
def test_without_a_fault_nothing_is_found(tmp_path: Path, checkpoint_events: int) -> None:
    found = list(_busy_graphs(tmp_path / "a.mpk", Scheduler, checkpoint_events))
    assert found == [[], [], []]


def test_without_a_fault_nothing_is_found_in_small_graphs(tmp_path: Path) -> None:
    for fault in {fault.build: fault for fault in GRAPH_FAULTS}.values():
        record_graph(
            tmp_path / "a.mpk",
            fault.build(Scheduler),
            until_ms=fault.until_ms,
            checkpoint_events=fault.checkpoint_events,
        )
        assert verify(tmp_path / "a.mpk") == [], fault.id


@pytest.mark.parametrize("fault", GRAPH_FAULTS, ids=[fault.id for fault in GRAPH_FAULTS])
def test_a_fault_is_found(tmp_path: Path, fault: GraphFault) -> None:
    assert caught(fault, tmp_path) is not None
    invariant = IN_BUSY_GRAPHS.get(fault.kind, fault.invariant)
    graphs = _busy_graphs(tmp_path / "a.mpk", faulty(fault.kind), 100)
    assert any(invariant in found for found in graphs)


def test_the_table_holds_every_fault_once() -> None:
    written = {
        kind
        for module in (edges, life, serving, turns)
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__ == module.__name__ and not name.startswith("_")
    }
    assert set(FAULTS) == written
    assert len(GRAPH_FAULTS) == len(written) == len({fault.id for fault in GRAPH_FAULTS}) == 68
    assert {fault.invariant for fault in GRAPH_FAULTS} <= set(load_invariants("graph"))
    assert all(fault.sentence.endswith(".") for fault in GRAPH_FAULTS)


def test_who_starves_from_one_run_of_the_trace_to_the_next_is_found(tmp_path: Path) -> None:
    """Runs so short that nobody has two turns in one: what counts is who waited before."""
    found = {}
    for engine in (None, life.ReshufflesAtCheckpoints, life.ReshufflesSnapshots):
        settings = SchedulerConfig(shutdown_timeout_s=0.000_02)
        scheduler = (faulty(engine) if engine else Scheduler)(settings, clock=VirtualClock())
        for number in range(40):
            name = f"n{number}"
            scheduler.register(sayer(name, 1, inputs="in", message=echo))
            scheduler.connect(f"{name}:out", f"{name}:in")
        record_graph(tmp_path / "a.mpk", scheduler, until_ms=1, checkpoint_events=1)
        found[engine] = verify(tmp_path / "a.mpk")
    assert found == {
        None: [],
        life.ReshufflesAtCheckpoints: ["round-robin", "checkpoint-matches-replay"],
        life.ReshufflesSnapshots: ["checkpoint-matches-replay"],
    }
