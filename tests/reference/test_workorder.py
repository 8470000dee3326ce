"""The reference checker of work orders agrees with `nandtrace verify`: goldens, and some mutants of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from nandtrace.check.mutation.tape import Tape
from nandtrace.cli.main import nandtrace
from tests.reference.log import read_log
from tests.reference.workorder.judge import judge

GOLDEN = Path(__file__).parents[2] / "golden" / "workorder"
GOLDENS = sorted(GOLDEN.glob("*.mpk"))


def verdicts(paths: list[Path]) -> list[set[str]]:
    """The invariants that the real checker finds broken in each trace."""
    told = CliRunner().invoke(nandtrace, ["verify", "--json", *map(str, paths)])
    return [
        {row["id"] for row in trace["invariants"] if row["violated"]}
        for trace in json.loads(told.stdout)["traces"]
    ]


@pytest.mark.parametrize("path", GOLDENS, ids=lambda path: path.stem)
def test_goldens_are_right(path: Path) -> None:
    assert judge(read_log(path)) == {}


def doubled(tape: Tape, place: int) -> Tape:
    return tape.inserted(place, tape.events[place])


def without(tape: Tape, place: int) -> Tape:
    return tape.without(place)


def swapped(tape: Tape, place: int) -> Tape:
    return tape.moved(place, place - 1, tape.events[place - 1].time_ns)


def late(tape: Tape, place: int) -> Tape:
    event = tape.events[place]
    return tape.replaced(place, replace(event, time_ns=event.time_ns + 1))


@pytest.mark.parametrize("change", [without, doubled, swapped, late])
@pytest.mark.parametrize(
    "name", ["gates", "recovery", "handler-raises", "stop-with-work-in-flight"]
)
def test_mutants_are_judged_alike(tmp_path: Path, change, name: str) -> None:
    tape = Tape.read(GOLDEN / f"{name}.mpk")
    places = list(range(2, len(tape.events) - 1, len(tape.events) // 8))
    paths = [tmp_path / f"{place}.mpk" for place in places]
    for place, path in zip(places, paths, strict=True):
        change(tape, place).write(path)
    mine = [set(judge(read_log(path))) for path in paths]
    assert dict(zip(places, mine, strict=True)) == dict(zip(places, verdicts(paths), strict=True))
    assert any(mine)


def test_a_mutant_breaks_what_it_should(tmp_path: Path) -> None:
    tape = Tape.read(GOLDEN / "handler-raises.mpk")
    tape.without(tape.places("RELEASE")[0]).write(tmp_path / "a.mpk")
    assert set(judge(read_log(tmp_path / "a.mpk"))) == {"slot-pairing", "work-conserving"}
