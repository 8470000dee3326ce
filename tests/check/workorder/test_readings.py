"""PRESSURE tells the reading that the decision right after it was made with."""

from __future__ import annotations

from pathlib import Path

from nandtrace.check import Options, verify_trace
from nandtrace.check.mutation.tape import Tape, TapeEvent

GOLDEN = Path(__file__).parents[3] / "golden" / "workorder" / "critical-pressure.mpk"


def found(tape: Tape, folder: Path) -> list[tuple[int, str, str]]:
    tape.write(folder / "a.mpk")
    (result,) = verify_trace(folder / "a.mpk", Options(only=("pressure-edge",))).invariants
    return [(item.seq, item.expected, item.actual) for item in result.violations]


def told() -> tuple[Tape, int]:
    """A trace, and where a PRESSURE stands before the CLAIM that it was read for."""
    tape = Tape.read(GOLDEN)
    places = [at for at in tape.places("PRESSURE") if (tape.events[at].time_ns // 10**9) % 5]
    assert [tape.events[at + 1].kind for at in places] == ["CLAIM"]
    return tape, places[0]


def test_a_claim_of_another_reading(tmp_path: Path) -> None:
    tape, place = told()
    assert found(tape, tmp_path) == []
    available = tape.events[place].get("available_bytes")
    assert found(tape.changed(place + 1, available_bytes=available + 1), tmp_path) == [
        (
            place + 1,
            "the reading of the PRESSURE before it, 1049624576 of 10485760000 bytes available",
            "1049624577 of 10485760000 bytes available",
        )
    ]


def test_a_hold_that_reads_nothing(tmp_path: Path) -> None:
    tape, place = told()
    event = tape.events[place]
    hold = TapeEvent("HOLD", event.time_ns, event.run, {"gate": "QUEUE"})
    assert found(tape.replaced(place + 1, hold), tmp_path)[0] == (
        place + 1,
        "the reading of the PRESSURE before it, 1049624576 of 10485760000 bytes available",
        "none",
    )
