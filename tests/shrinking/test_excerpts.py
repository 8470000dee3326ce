"""Excerpts of traces that nobody can record again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nandtrace.check import verify_trace
from nandtrace.check.mutation.tape import Tape
from nandtrace.shrinking import Budget, Shrunk, Way, shrink_trace
from nandtrace.shrinking.cut import Cut
from nandtrace.shrinking.excerpts import material_of

GOLDEN = Path(__file__).parents[2] / "golden"


def _violated(path: Path) -> set[str]:
    return {item.id for item in verify_trace(path).invariants if item.violated}


def _shrunk(tape: Tape, folder: Path, invariant: str, most: int = 40) -> Shrunk:
    """An excerpt, in which nothing is violated that was not before."""
    path = folder / "big.mpk"
    tape.write(path)
    before = _violated(path)
    assert invariant in before
    budget = Budget(most)
    shrunk = shrink_trace(path, folder / "small", invariant=invariant, budget=budget, record=False)
    assert shrunk.way is Way.EXCERPT
    after = _violated(shrunk.trace)
    assert invariant in after
    assert after <= before
    return shrunk


def _kinds(path: Path) -> list[str]:
    return [event.kind for event in Tape.read(path).events]


def test_of_a_device_few_ops_are_left(tmp_path: Path) -> None:
    tape = Tape.read(GOLDEN / "three-runs.mpk")
    place = tape.places("OP_END")[-3]
    wrong = tape.changed(place, outcome="SUSPENDED")
    shrunk = _shrunk(wrong, tmp_path, "op-closed", most=5)
    assert shrunk.after.counted < shrunk.before.counted
    events = Tape.read(shrunk.trace).events
    assert {event.run for event in events} == {tape.events[place].run}


def test_a_whole_trace_that_its_recipe_does_not_give_is_cut(tmp_path: Path) -> None:
    tape = Tape.read(GOLDEN / "nothing-to-drain.mpk")
    path = tmp_path / "big.mpk"
    tape.without(tape.places("APPLY_ERASE")[0]).write(path)
    shrunk = shrink_trace(path, tmp_path / "small", budget=Budget(6))
    assert (shrunk.way, shrunk.source, shrunk.commands) == (Way.EXCERPT, None, ())
    assert "apply-erase-matched" in _violated(shrunk.trace)


def test_of_a_graph_a_prefix_is_left(tmp_path: Path) -> None:
    tape = Tape.read(GOLDEN / "graph/mixed-policies-under-burst.mpk")
    place = tape.places("GET")[5]
    wrong = tape.changed(place, depth=tape.events[place].get("depth") + 1)
    shrunk = _shrunk(wrong, tmp_path, "edge-capacity", most=8)
    assert shrunk.after.events <= place + 20
    assert _kinds(shrunk.trace)[-1] == "RUN_END"
    assert Tape.read(shrunk.trace).events[-1].snapshot is not None


def test_of_work_orders_a_prefix_is_left(tmp_path: Path) -> None:
    tape = Tape.read(GOLDEN / "workorder/gates.mpk")
    place = tape.places("RELEASE")[0]
    wrong = tape.without(place)
    shrunk = _shrunk(wrong, tmp_path, "slot-pairing", most=20)
    assert shrunk.after.events < shrunk.before.events
    assert Tape.read(shrunk.trace).events[-1].snapshot is not None


def test_of_any_other_log_single_events_can_be_left_out() -> None:
    tape = Tape.read(GOLDEN / "nothing-to-drain.mpk")
    header = replace(tape.header, vocabulary=replace(tape.header.vocabulary, domain="lift"))
    material = material_of(replace(tape, header=header))
    excerpt = material.made(Cut(0, 0, stop=6, without=("event 1", "event 3")))
    assert excerpt is not None
    kinds = [event.kind for event in tape.events]
    assert [event.kind for event in excerpt.events] == [kinds[0], kinds[2], *kinds[4:6], "RUN_END"]


@pytest.mark.soak
def test_an_excerpt_begins_when_nothing_goes_on(tmp_path: Path) -> None:
    """The snapshot at its begin says what came before: the erase of the block."""
    tape = Tape.read(GOLDEN / "violations/per-segment.mpk")
    shrunk = _shrunk(tape, tmp_path, "page-ascending", most=200)
    events = Tape.read(shrunk.trace).events
    assert "APPLY_ERASE" not in [event.kind for event in events]
    assert events[0].snapshot is not None
    assert -1 in events[0].snapshot["addr_state"]
    assert shrunk.after.counted <= 30
