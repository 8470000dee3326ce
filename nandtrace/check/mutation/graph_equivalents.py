"""Other ways to tell of the same graph.

What no rule can judge, for nobody but the program, its operator or the clock could know it:

- PUT `trace_id`: a program may give a message any; only the edges of one port must agree. `type`: DATA or
  ERROR is the program's word, and CONTROL shows only where an edge is full.
- The order in which a message is put on the edges of one port.
- ERROR `error`, the text; a missing ERROR with SKIPPED: the callback may have returned.
- MUTATE `new` within its limits, and TICKS_END: what somebody wanted. An IDLE that is missing, and when
  IDLE, START, STOP and LEFTOVER are written: the callback before may have taken so long.
- SHUTDOWN `reason`: REQUESTED and UNTIL come from outside. Only FINISHED and ERROR tell of the graph.
- In a snapshot the order in `ready` of those that get no turn in the next run; and of a DISABLED node, why
  it is: under the policy stop its `on_stop` may follow or not.
- In the header that the id of an edge names the ports that the edge is said to have: ids are names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

from nandtrace.check.mutation.edits import pick
from nandtrace.check.mutation.operators import equivalent
from nandtrace.check.mutation.tape import Tape
from nandtrace.check.mutation.tape_event import TapeEvent

_TIMES = ("clock_ns", "due_ns", "deadline_ns", "until_ns")


@equivalent("nodes-and-edges-renamed", domain="graph")
def nodes_and_edges_renamed(tape: Tape, chance: Random) -> Tape | None:
    """All nodes and edges have other names, in the header too."""
    prefix = f"n{chance.randrange(100)}."
    device = tape.header.device
    names = {node["name"]: prefix + node["name"] for node in device["nodes"]}
    names |= {edge["id"]: _renamed_edge(edge["id"], prefix) for edge in device["edges"]}
    # Free text is not renamed, nor what the generator says of itself.
    tape = tape.under(replace(tape.header, device=_renamed(device, names)))
    return tape.mapped(
        lambda event: replace(
            event,
            fields={
                key: value if key == "error" else _renamed(value, names)
                for key, value in event.fields.items()
            },
            snapshot=event.snapshot and _renamed(event.snapshot, names),
        )
    )


@equivalent("traces-renumbered", domain="graph")
def traces_renumbered(tape: Tape, chance: Random) -> Tape | None:
    """All traces of messages have other numbers, equal where they were equal."""
    by = chance.randint(1, 10**6)
    return tape.mapped(lambda event: _retraced(event, by))


@equivalent("errors-in-other-words", domain="graph")
def errors_in_other_words(tape: Tape, chance: Random) -> Tape | None:
    """Callbacks raise other exceptions."""
    word = f"OSError: {chance.randrange(100)}"
    if not tape.places("ERROR"):
        return None
    return tape.mapped(
        lambda event: (
            replace(event, fields={**event.fields, "error": word})
            if event.kind == "ERROR"
            else event
        )
    )


@equivalent("time-passed-before", domain="graph")
def time_passed_before(tape: Tape, chance: Random) -> Tape | None:
    """Everything is later by the same time."""
    by_ns = chance.randint(1, 10**9)
    return tape.mapped(
        lambda event: replace(
            event,
            time_ns=event.time_ns + by_ns,
            fields=_later(event.fields, by_ns),
            snapshot=event.snapshot and _later(event.snapshot, by_ns),
        )
    )


@equivalent("idle-left-out", domain="graph")
def idle_left_out(tape: Tape, chance: Random) -> Tape | None:
    """The last turn took until the next tick: nobody can know that it did not."""
    place = pick(chance, tape.places("IDLE"))
    return None if place is None else tape.without(place)


def _renamed_edge(edge: str, prefix: str) -> str:
    """The id of an edge whose nodes are renamed: an open input has no source."""
    source, target = edge.split("->")
    return f"{prefix + source if source else source}->{prefix + target}"


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """A value with every name of a node or an edge in it another."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, list):
        return [_renamed(part, names) for part in value]
    if isinstance(value, dict):
        # What a node or an edge is, and its ports, are no names of nodes.
        kept = ("policy", "on_error", "source_port", "target_port", "state", "reason")
        return {key: part if key in kept else _renamed(part, names) for key, part in value.items()}
    return value


def _retraced(event: TapeEvent, by: int) -> TapeEvent:
    if event.get("trace_id") is None:
        return event
    return replace(event, fields={**event.fields, "trace_id": event.get("trace_id") + by})


def _later(value: Any, by_ns: int) -> Any:
    """A value with every time in it later."""
    if isinstance(value, list):
        return [_later(part, by_ns) for part in value]
    if not isinstance(value, dict):
        return value
    return {
        name: part + by_ns if name in _TIMES and part is not None else _later(part, by_ns)
        for name, part in value.items()
    }
