"""Traces with one thing wrong beside a suspend, a reset or the boundary of a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nandtrace.check import Options, verify_trace
from nandtrace.check.mutation.tape import Tape, TapeEvent

GOLDEN = Path(__file__).parents[2] / "golden"


def found(tape: Tape, folder: Path, rule: str) -> list[tuple[int, str, str]]:
    """Per violation of a rule its event, what was expected and what was found."""
    tape.write(folder / "a.mpk")
    (result,) = verify_trace(folder / "a.mpk", Options(only=(rule,))).invariants
    assert result.evaluated
    return [(item.seq, item.expected, item.actual) for item in result.violations]


def test_an_apply_of_a_segment_that_was_taken_over_is_of_its_cells(tmp_path: Path) -> None:
    tape = Tape.read(GOLDEN / "resume-carried.mpk")
    place = tape.places("APPLY_PGM", seg=4)[0]
    tape = tape.changed(place, cells=[(0, 6, 0)])
    said = [(place, "the cells that segment 4 targets", "other cells")]
    assert found(tape, tmp_path, "apply-pgm-matched") == said


def test_a_program_that_a_reset_ended_has_no_whole_apply(tmp_path: Path) -> None:
    tape = Tape.read(GOLDEN / "reset-in-the-middle.mpk")
    place = next(at for at in tape.places("APPLY_PGM") if tape.events[at].get("aborted"))
    [(seq, expected, _)] = found(tape.changed(place, aborted=False), tmp_path, "apply-pgm-matched")
    assert seq == place
    assert expected == "an APPLY_PGM that is marked aborted, for a reset ended segment 6"


def test_a_chain_segment_does_not_come_first(tmp_path: Path) -> None:
    tape = Tape.read(GOLDEN / "program-suspended-once.mpk")
    place = tape.places("COMMIT", seg=1)[0]
    [(seq, expected, _)] = found(
        tape.changed(place, source="RESUME_CHAIN"), tmp_path, "segment-chain"
    )
    assert seq == place
    assert expected == "a segment before it that a suspend cut in segment 1 of op 1"


@pytest.mark.parametrize("name", ["resume-carried", "erase-resume-across-run-until"])
def test_a_chain_segment_goes_on_with_what_an_earlier_run_began(tmp_path: Path, name: str) -> None:
    assert found(Tape.read(GOLDEN / f"{name}.mpk"), tmp_path, "segment-chain") == []


def test_a_resume_that_finds_nothing_does_not_count_against_the_next(tmp_path: Path) -> None:
    tape = Tape.read(GOLDEN / "program-suspended-twice.mpk")
    place = tape.places("RESUME")[0]
    doubled = tape.inserted(place, tape.events[place])
    assert found(doubled, tmp_path, "excluded-by-suspend") == []


def test_nothing_starts_on_any_die_while_all_are_reset(tmp_path: Path) -> None:
    tape = Tape.read(GOLDEN / "reset-in-the-middle.mpk")
    (reset,) = tape.places("COMMIT", base="RESET")
    place = next(
        at for at in range(reset, len(tape.events)) if _time(tape, at) > _time(tape, reset)
    )
    read = {"seg": 99, "op": 99, "op_name": "Read", "base": "READ", "source": "PROPOSAL"}
    times = {"start_ns": 4_850_000, "end_ns": 4_875_300}
    commit = read | times | {"targets": [(1, 0, 0, 0)]}
    run = tape.events[reset].run
    started = tape.inserted(
        place,
        TapeEvent("COMMIT", 4_850_000, run, commit),
        TapeEvent("OP_START", 4_850_000, run, {"seg": 99}),
    )
    [(seq, expected, _)] = found(started, tmp_path, "excluded-by-op-state")
    assert seq == place + 1
    assert expected == "no READ in CORE_BUSY"


def _time(tape: Tape, place: int) -> int:
    return tape.events[place].time_ns


@pytest.mark.parametrize(("where", "what"), [("plane", 9), ("die", 5)])
def test_no_mark_is_switched_where_the_device_has_no_plane(
    tmp_path: Path, where: str, what: int
) -> None:
    tape = Tape.read(GOLDEN / "multi-plane-and-cache.mpk")
    place = tape.places("LATCH")[0]
    event = tape.events[place]
    more = tape.inserted(place, replace(event, fields={**event.fields, where: what}))
    assert found(more, tmp_path, "marks-follow-ops") == [
        (place, "a plane of the device", "none of it")
    ]
