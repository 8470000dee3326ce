"""The numbers of messages, wherever a graph tape has them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from nandtrace.check.mutation.tape import Tape
from nandtrace.check.mutation.tape_event import State, TapeEvent

Count = Callable[[int], int]


def counted_on(tape: Tape, first: int) -> Tape:
    """With all messages from one on counted one further."""
    return tape.mapped(lambda event: _counted(event, lambda msg: msg + (msg >= first)))


def _counted(event: TapeEvent, count: Count) -> TapeEvent:
    fields = dict(event.fields)
    for name in ("msg", "other"):
        if name in fields:
            fields[name] = count(fields[name])
    state = event.snapshot and _of_state(event.snapshot, count)
    return replace(event, fields=fields, snapshot=state)


def _of_state(state: State, count: Count) -> State:
    # The next number is one more than the last that was given.
    following = count(state["next_msg"] - 1) + 1 if state["next_msg"] else 0
    edges: list[dict[str, Any]] = state["edges"]
    return state | {"next_msg": following, "edges": [_of_edge(row, count) for row in edges]}


def _of_edge(row: dict[str, Any], count: Count) -> dict[str, Any]:
    messages = {
        name: [[count(msg), control] for msg, control in row[name]]
        for name in ("queued", "pending")
    }
    held = row["held"] and [count(row["held"][0]), row["held"][1]]
    return row | messages | {"held": held}
