"""The second opinion on graph traces: it and the checker find the same invariants violated."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nandtrace.check.mutation.tape import Tape
from tests.reference.graph.judge import judge
from tests.reference.log import read_log
from tests.reference.verdicts import violated

GOLDEN = Path(__file__).parents[2] / "golden" / "graph"
MUTATED = ("kill-switch", "stop-policy", "checkpoints", "node-that-raises", "block-slow-consumer")
FIELDS = ("msg", "node", "edge", "type", "result", "depth", "other", "band", "due_ns", "missed")
FIELDS += ("attempt", "call", "disposition", "reason", "place", "until_ns", "deadline_ns")


def test_the_goldens_are_judged_alike(capsys: pytest.CaptureFixture[str]) -> None:
    paths = sorted(GOLDEN.glob("*.mpk"))
    assert {str(path): _judged(path) for path in paths} == violated(paths, capsys)


def test_random_mutants_are_judged_alike(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tapes = [Tape.read(GOLDEN / f"{name}.mpk") for name in MUTATED]
    rng = random.Random(4)  # noqa: S311 - which mutants are tried is no secret
    paths = []
    for number in range(40):
        path = tmp_path / f"{number}.mpk"
        _mutant(tapes[number % len(tapes)], rng).write(path)
        paths.append(path)
    verdicts = violated(paths, capsys)
    assert {str(path): _judged(path) for path in paths} == verdicts
    assert sum(map(bool, verdicts.values())) >= 30


def _judged(path: Path) -> set[str]:
    return set(judge(read_log(path)))


def _mutant(tape: Tape, rng: random.Random) -> Tape:
    """The tape with one event left out, doubled, delayed or changed in one field."""
    place = rng.randrange(1, len(tape.events) - 1)
    event = tape.events[place]
    if event.snapshot is not None:
        return tape.restated(place, ["next_msg"], event.snapshot["next_msg"] + 1)
    edit = rng.choice(("drop", "double", "delay", "change", "change"))
    if edit == "drop":
        return tape.without(place)
    if edit == "double":
        return tape.inserted(place + 1, event)
    if edit == "delay":
        return tape.replaced(place, replace(event, time_ns=event.time_ns + 1000))
    return _changed(tape, place, rng)


def _changed(tape: Tape, place: int, rng: random.Random) -> Tape:
    """With a field of another event of the kind; a number one higher as often."""
    event = tape.events[place]
    names = [name for name in FIELDS if event.get(name) is not None]
    if not names:
        return tape.without(place)
    name = rng.choice(names)
    others: list[Any] = [tape.events[other].get(name) for other in tape.places(event.kind)]
    if isinstance(event.get(name), int):
        others += [event.get(name) + 1] * len(others)
    return tape.changed(place, **{name: rng.choice(others)})
