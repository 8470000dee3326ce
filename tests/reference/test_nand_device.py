"""The second opinion on addresses and resources of NAND: what it finds of one fault."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nandtrace.check.mutation.tape import Tape
from tests.reference.log import read_log
from tests.reference.nand.device import judge_device

GOLDEN = Path(__file__).parents[2] / "golden"

Edit = Callable[[Tape], Tape]


def _place(tape: Tape, kind: str, **fields: object) -> int:
    """The first event of a kind with these fields."""
    for place in tape.places(kind):
        if all(tape.events[place].get(name) == value for name, value in fields.items()):
            return place
    raise LookupError(f"no {kind} with {fields}")


def _without(kind: str, **fields: object) -> Edit:
    return lambda tape: tape.without(_place(tape, kind, **fields))


def _changed(kind: str, seg: int, **fields: object) -> Edit:
    return lambda tape: tape.changed(_place(tape, kind, seg=seg), **fields)


@pytest.mark.parametrize(
    ("golden", "edit", "expected"),
    [
        (
            "recovery-read",
            _without("APPLY_PGM", seg=1),
            {"apply-pgm-matched", "page-ascending"},
        ),
        (
            "recovery-read",
            _without("APPLY_ERASE", seg=0),
            {"apply-erase-matched", "program-after-erase"},
        ),
        ("recovery-read", _changed("APPLY_PGM", 1, celltype="TLC"), {"celltype-match"}),
        (
            "recovery-read",
            _changed("COMMIT", 4, source="PROPOSAL"),
            {"read-programmed-page"},
        ),
        (
            "multi-plane-and-cache",
            _changed("COMMIT", 26, targets=[(0, 1, 5, 0)]),
            {"bad-block-untouched", "read-programmed-page", "dout-matches-read"},
        ),
        ("multi-plane-and-cache", _changed("COMMIT", 26, base="READ"), {"multi-plane-exclusive"}),
        (
            "multi-plane-and-cache",
            _without("OP_START", seg=6),
            {"read-has-dout"},
        ),
        (
            "multi-plane-and-cache",
            _without("CACHE", seg=4),
            {"excluded-by-cache", "marks-follow-ops"},
        ),
        (
            "reset-in-the-middle",
            _without("LATCH", seg=17),
            {"excluded-by-latch", "marks-follow-ops"},
        ),
        (
            "one-shot-program",
            _without("ODT", on=True),
            {"excluded-by-odt", "marks-follow-ops"},
        ),
        (
            "recovery-read",
            _without("SUSPEND", op=2),
            {"read-programmed-page", "excluded-by-suspend"},
        ),
    ],
)
def test_an_edit_breaks_just_these(
    golden: str, edit: Edit, expected: set[str], tmp_path: Path
) -> None:
    edit(Tape.read(GOLDEN / f"{golden}.mpk")).write(tmp_path / "edited.mpk")
    assert set(judge_device(read_log(tmp_path / "edited.mpk"))) == expected
