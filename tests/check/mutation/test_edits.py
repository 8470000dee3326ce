"""Edits of single events of a tape."""

from __future__ import annotations

from random import Random

import pytest

from nandtrace.check.mutation import edits
from nandtrace.check.mutation.tape import Tape
from nandtrace.check.mutation.tape_event import TapeEvent
from nandtrace.trace import Header
from nandtrace.vocab.graph import GRAPH


def seeded(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - nothing secret


@pytest.fixture
def tape() -> Tape:
    """Two turns, the second of which is later."""
    events = [
        TapeEvent("TURN", 10, 0, {"node": "a", "band": 1}),
        TapeEvent("LEFTOVER", 10, 0, {"msg": 3, "edge": "e", "place": "HELD"}),
        TapeEvent("TURN", 30, 0, {"node": "b", "band": 1}),
        TapeEvent("RUN_END", 30, 0, {"end": "CHECKPOINT"}),
    ]
    return Tape(Header(GRAPH, {}, {}), events)


def test_a_column_of_any_name_is_told_otherwise(tape: Tape) -> None:
    assert edits.told(tape, 1, "place", "QUEUED").events[1].get("place") == "QUEUED"
    assert "place" not in edits.told(tape, 1, "place", None).events[1].fields


def test_a_change_without_a_place_is_none(tape: Tape) -> None:
    chance = seeded(1)
    assert edits.dropped(tape, chance, "GET") is None
    assert edits.doubled(tape, chance, "TURN", lambda _tape, _place: False) is None
    assert edits.altered(tape, chance, "GET", "msg", edits.nothing) is None
    assert edits.swapped(tape, None) is None


def test_only_places_that_fit_are_taken(tape: Tape) -> None:
    made = edits.dropped(tape, seeded(1), "TURN", edits.next_is_later)
    assert made is None
    made = edits.dropped(tape, seeded(1), "LEFTOVER", edits.next_is_later)
    assert made is not None
    assert [event.kind for event in made.events] == ["TURN", "TURN", "RUN_END"]


def test_what_is_swapped_keeps_the_times_of_its_places(tape: Tape) -> None:
    made = edits.swapped(tape, 1)
    assert made is not None
    assert [(event.kind, event.time_ns) for event in made.events[1:3]] == [
        ("TURN", 10),
        ("LEFTOVER", 30),
    ]


def test_a_moment_ends_with_its_time(tape: Tape) -> None:
    assert [edits.moment_end(tape, place) for place in range(4)] == [2, 2, 4, 4]
    assert [edits.has_room_after(tape, place) for place in range(4)] == [True, True, False, False]
    shifted = edits.shifted(tape, 0, 2, 5)
    assert [event.time_ns for event in shifted.events] == [15, 15, 30, 30]
