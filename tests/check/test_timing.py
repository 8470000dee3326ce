"""Segments take the time of their op, and go through its states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from nandtrace.check import Options, verify_trace
from nandtrace.check.mutation.tape import Tape, TapeEvent
from nandtrace.nand.options import Options as RecordingOptions
from nandtrace.nand.profiles.loading import load_profile
from nandtrace.nand.recording import record

RULE = "states-as-specified"
_OPTIONS = RecordingOptions(seed=1, runs=2, run_for_ns=(26_000_000,))


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Tape:
    """A recording with suspends and resumes."""
    path = tmp_path_factory.mktemp("timing") / "a.mpk"
    record(path, load_profile("suspends").profile, _OPTIONS)
    return Tape.read(path)


def found(tape: Tape, folder: Path) -> list[tuple[int, str, str]]:
    """Per violation its event, what was expected and what was found."""
    tape.write(folder / "mutant.mpk")
    (result,) = verify_trace(folder / "mutant.mpk", Options(only=(RULE,))).invariants
    assert result.evaluated
    return [(item.seq, item.expected, item.actual) for item in result.violations]


def first(tape: Tape, kind: str, **fields: object) -> int:
    return tape.places(kind, **fields)[0]


def chained_start(tape: Tape) -> int:
    """Where a chain segment is committed."""
    return first(tape, "COMMIT", source="RESUME_CHAIN")


def test_a_recording_keeps_the_times_of_its_header(tape: Tape, tmp_path: Path) -> None:
    assert tape.places("COMMIT", source="RESUME_CHAIN")
    assert found(tape, tmp_path) == []


def _until_longer(tape: Tape, place: int) -> Tape:
    return tape.changed(place, until_ns=tape.events[place].get("until_ns") + 10)


BROKEN: dict[str, tuple[Callable[[Tape, int], Tape], str, str]] = {
    "stretched": (
        _until_longer,
        "ISSUE until {until} µs, with the bus",
        "ISSUE until {longer} µs, with the bus, told at {at} µs",
    ),
    "without the bus": (
        lambda tape, place: tape.changed(place, bus=False),
        "ISSUE until {until} µs, with the bus",
        "ISSUE until {until} µs, without the bus, told at {at} µs",
    ),
    "of another name": (
        lambda tape, place: tape.changed(place, state="CORE_BUSY"),
        "ISSUE until {until} µs, with the bus",
        "CORE_BUSY until {until} µs, with the bus, told at {at} µs",
    ),
    "without an end": (
        lambda tape, place: tape.changed(place, until_ns=None),
        "ISSUE until {until} µs, with the bus",
        "ISSUE until no time, with the bus, told at {at} µs",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_state_is_as_the_header_tells(tape: Tape, tmp_path: Path, what: str) -> None:
    change, expected, actual = BROKEN[what]
    place = first(tape, "STATE", state="ISSUE")
    event = tape.events[place]
    numbers = {
        "until": _us(event.get("until_ns")),
        "longer": _us(event.get("until_ns") + 10),
        "at": _us(event.time_ns),
    }
    assert found(change(tape, place), tmp_path) == [
        (place, expected.format(**numbers), actual.format(**numbers))
    ]


def _us(time_ns: int) -> str:
    return f"{time_ns / 1000:.2f}".rstrip("0").rstrip(".")


def test_a_state_that_is_missing_shows_at_the_next_one(tape: Tape, tmp_path: Path) -> None:
    place = first(tape, "STATE", state="ISSUE")
    assert [seq for seq, *_ in found(tape.without(place), tmp_path)] == [place]


def test_a_last_state_that_is_missing_shows_at_the_start(tape: Tape, tmp_path: Path) -> None:
    start = first(tape, "OP_START")
    segment = tape.events[start].get("seg")
    place = tape.places("STATE", seg=segment)[-1]
    [(seq, _, actual)] = found(tape.without(place), tmp_path)
    assert (seq, actual) == (start, "no STATE of it")


def test_a_state_too_many(tape: Tape, tmp_path: Path) -> None:
    segment = tape.events[first(tape, "OP_START")].get("seg")
    place = tape.places("STATE", seg=segment)[-1]
    [(seq, expected, _)] = found(tape.inserted(place + 1, tape.events[place]), tmp_path)
    assert (seq, expected) == (place + 1, "no more states")


def test_a_commit_is_for_the_time_of_its_op(tape: Tape, tmp_path: Path) -> None:
    place = first(tape, "COMMIT", source="PROPOSAL")
    event = tape.events[place]
    longer = tape.changed(place, end_ns=event.get("end_ns") + 10)
    assert found(longer, tmp_path) == [
        (
            place,
            "the time that the header tells of its op",
            f"committed for {_us(event.get('end_ns') + 10 - event.get('start_ns'))} µs",
        )
    ]


def test_a_chain_segment_goes_on_where_its_op_was_cut(tape: Tape, tmp_path: Path) -> None:
    """Its first state is the rest of one: begun anew it would end too late."""
    segment = tape.events[chained_start(tape)].get("seg")
    place = first(tape, "STATE", seg=segment)
    assert [seq for seq, *_ in found(_until_longer(tape, place), tmp_path)] == [place]


def test_states_may_be_told_when_they_are_entered(tape: Tape, tmp_path: Path) -> None:
    """As some schedulers do."""
    entered: dict[int, int] = {}
    moved: list[TapeEvent] = []
    for event in tape.events:
        if event.kind == "STATE":
            entry_ns = entered.get(event.get("seg"), event.time_ns)
            entered[event.get("seg")] = event.get("until_ns")
            moved.append(replace(event, time_ns=entry_ns))
        else:
            moved.append(event)
    in_time = sorted(moved, key=lambda event: event.time_ns)
    assert in_time != moved
    assert found(replace(tape, events=in_time), tmp_path) == []
