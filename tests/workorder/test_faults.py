"""The checker finds each fault that is seeded into the scheduler, under the rule that it breaks."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from nandtrace.check import load_invariants
from nandtrace.selftest.faults.catching import caught
from nandtrace.selftest.faults.workorder import deciding, ending, working
from nandtrace.selftest.faults.workorder.fault import OrderFault
from nandtrace.selftest.faults.workorder.seeding import faulty
from nandtrace.selftest.faults.workorder.table import WORKORDER_FAULTS
from nandtrace.workorder import Scheduler
from nandtrace.workorder.scenario_recording import record_scenario
from tests.workorder.lives import (
    CROWD,
    SETTINGS,
    SQUEEZE,
    crowd,
    crowd_hands,
    everything,
    hands,
    interrupted,
    squeeze,
    squeeze_hands,
)
from tests.workorder.orders import die, record, revive, violated


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What a process left that died in the middle of everything."""

    return die(tmp_path_factory.mktemp("left") / "a.mpk", interrupted, hands(), **SETTINGS)


def _lives(
    path: Path, left: bytes, scheduler_class: type[Scheduler], checkpoint_events: int
) -> Iterator[list[str]]:
    """The invariants that each life violates which this scheduler leads."""
    for body, handler, settings in (
        (everything, hands(), SETTINGS),
        (crowd, crowd_hands(), CROWD),
        (squeeze, squeeze_hands(), SQUEEZE),
    ):
        record(
            *(path, body, handler),
            scheduler_class=scheduler_class,
            checkpoint_events=checkpoint_events,
            **settings,
        )
        yield violated(path)
    path.unlink()
    revive(path, crowd, hands(), left=left, scheduler_class=scheduler_class, **SETTINGS)
    yield violated(path)


@pytest.mark.parametrize("checkpoint_events", [20, 100_000])
def test_without_a_fault_nothing_is_found(
    tmp_path: Path, left: bytes, checkpoint_events: int
) -> None:
    found = list(_lives(tmp_path / "a.mpk", left, Scheduler, checkpoint_events))
    assert found == [[], [], [], []]


def test_without_a_fault_nothing_is_found_in_small_scenarios(tmp_path: Path) -> None:
    scenarios = {(fault.name, fault.checkpoint_events): fault for fault in WORKORDER_FAULTS}
    for (_, checkpoint_events), fault in scenarios.items():
        path, scenario = tmp_path / "a.mpk", fault.scenario()
        record_scenario(path, scenario, checkpoint_events=checkpoint_events)
        assert violated(path) == [], fault.name


@pytest.mark.parametrize("fault", WORKORDER_FAULTS, ids=[fault.id for fault in WORKORDER_FAULTS])
def test_a_fault_is_found(tmp_path: Path, left: bytes, fault: OrderFault) -> None:
    assert caught(fault, tmp_path) is not None
    lives = _lives(tmp_path / "a.mpk", left, faulty(fault.kind), 20)
    assert any(fault.invariant in found for found in lives)


def test_the_table_holds_every_fault_once() -> None:
    written = {
        kind
        for module in (deciding, ending, working)
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__ == module.__name__ and not name.startswith("_")
    }
    faults = WORKORDER_FAULTS
    assert {fault.kind for fault in faults} == written
    assert len(faults) == len(written) == len({fault.id for fault in faults}) == 80
    assert {fault.invariant for fault in faults} <= set(load_invariants("workorder"))
    assert all(fault.sentence.endswith(".") for fault in faults)
