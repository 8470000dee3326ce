"""What stands before each event of a graph tape, as far as operators must know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nandtrace.check.mutation.tape import Tape
from nandtrace.check.mutation.tape_event import State, TapeEvent
from nandtrace.vocab.graph import Disposition, NodeState, PutResult

OUTSIDE = ("RUN_BEGIN", "RUN_END", "START", "IDLE", "SHUTDOWN", "LEFTOVER", "STOP")
"""Kinds that no turn has, beside the next TURN."""

NOBODY = "nobody"
"""No node has this name, no edge this id, and no word of the vocabulary is so."""

_NOTHING: tuple[int, ...] = ()


@dataclass(frozen=True)
class Standing:
    """Messages on edges and pending for them, by edge; what is held by edge; the next number; who is
    blocked and disabled; whether the graph shuts down."""

    queued: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    pending: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    held: Mapping[str, int] = field(default_factory=dict)
    next_msg: int = 0
    blocked: frozenset[str] = frozenset()
    disabled: frozenset[str] = frozenset()
    shuts_down: bool = False

    def on(self, edge: str) -> tuple[int, ...]:
        """The messages on an edge."""
        return self.queued.get(edge, _NOTHING)

    def waiting_for(self, edge: str) -> tuple[int, ...]:
        """The messages pending for an edge."""
        return self.pending.get(edge, _NOTHING)


def standing(tape: Tape, place: int) -> Standing:
    """What stands before the event at a place."""
    return tape.view(_standings)[place]


def _standings(tape: Tape) -> list[Standing]:
    sources = {edge["id"]: edge["source"] for edge in tape.header.device["edges"]}
    now, found = Standing(), []
    for event in tape.events:
        found.append(now)
        now = _after(now, event, sources)
    return found


def _after(now: Standing, event: TapeEvent, sources: Mapping[str, str | None]) -> Standing:
    if event.kind == "RUN_BEGIN":
        return now if event.snapshot is None else _restored(event.snapshot, sources)
    if event.kind == "PUT":
        now = replace(now, next_msg=max(now.next_msg, event.get("msg") + 1))
        return _put(now, event, is_kept=sources[event.get("edge")] is not None)
    follow = _FOLLOW.get(event.kind)
    return follow(now, event) if follow else now


def _flushed(now: Standing, event: TapeEvent) -> Standing:
    edge, msg = event.get("edge"), event.get("msg")
    rest = tuple(item for item in now.waiting_for(edge) if item != msg)
    queued = {**now.queued, edge: (*now.on(edge), msg)}
    return replace(now, queued=queued, pending={**now.pending, edge: rest})


def _taken(now: Standing, event: TapeEvent) -> Standing:
    edge = event.get("edge")
    return replace(now, queued={**now.queued, edge: now.on(edge)[1:]})


def _delivered(now: Standing, event: TapeEvent) -> Standing:
    held = {edge: kept for edge, kept in now.held.items() if edge != event.get("edge")}
    return replace(now, held=held)


def _failed(now: Standing, event: TapeEvent) -> Standing:
    if event.get("disposition") != Disposition.RETRIED:
        return now
    return replace(now, held={**now.held, event.get("edge"): event.get("msg")})


_FOLLOW: dict[str, Callable[[Standing, TapeEvent], Standing]] = {
    "FLUSH": _flushed,
    "GET": _taken,
    "DELIVER": _delivered,
    "BLOCK": lambda now, event: replace(now, blocked=now.blocked | {event.get("node")}),
    "WAKE": lambda now, event: replace(now, blocked=now.blocked - {event.get("node")}),
    "ERROR": _failed,
    "DISABLE": lambda now, event: replace(now, disabled=now.disabled | {event.get("node")}),
    "SHUTDOWN": lambda now, _: replace(now, shuts_down=True),
}


def _put(now: Standing, event: TapeEvent, *, is_kept: bool) -> Standing:
    edge, msg, other = event.get("edge"), event.get("msg"), event.get("other")
    match event.get("result"):
        case PutResult.OK | PutResult.REPLACED:
            queued = (*(item for item in now.on(edge) if item != other), msg)
            return replace(now, queued={**now.queued, edge: queued})
        case PutResult.BLOCKED if is_kept:
            return replace(now, pending={**now.pending, edge: (*now.waiting_for(edge), msg)})
    return now


def _restored(state: State, sources: Mapping[str, str | None]) -> Standing:
    edges: list[dict[str, Any]] = state["edges"]
    nodes = state["nodes"]
    return Standing(
        queued={row["id"]: tuple(msg for msg, _ in row["queued"]) for row in edges},
        pending={row["id"]: tuple(msg for msg, _ in row["pending"]) for row in edges},
        held={row["id"]: row["held"][0] for row in edges if row["held"]},
        next_msg=state["next_msg"],
        blocked=frozenset(str(sources[row["id"]]) for row in edges if row["pending"]),
        disabled=frozenset(row["name"] for row in nodes if row["state"] == NodeState.DISABLED),
        shuts_down=state["shutdown"] is not None,
    )


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn: from its TURN up to a place that is not its own."""

    start: int
    stop: int
    node: str
    band: int


def turns(tape: Tape) -> list[Turn]:
    """All turns, in order; what comes from outside after a turn, before the next, is counted to it."""
    return tape.view(_turns)


def _turns(tape: Tape) -> list[Turn]:
    found, start = [], None
    for place, event in enumerate(tape.events):
        if start is not None and event.kind in ("TURN", *OUTSIDE):
            begin = tape.events[start]
            found.append(Turn(start, place, begin.get("node"), begin.get("band")))
            start = None
        if event.kind == "TURN":
            start = place
    return found


def turn_of(tape: Tape, place: int) -> Turn | None:
    """The turn in which an event is."""
    return tape.view(_turn_of_places).get(place)


def _turn_of_places(tape: Tape) -> dict[int, Turn]:
    return {place: turn for turn in turns(tape) for place in range(turn.start, turn.stop)}


def inputs(tape: Tape, node: str) -> list[dict[str, Any]]:
    """The edges into a node, as the header has them."""
    return [edge for edge in tape.header.device["edges"] if edge["target"] == node]


def siblings(tape: Tape, edge: str) -> list[str]:
    """The other edges of the port that an edge leaves, none for an open input."""
    edges = tape.header.device["edges"]
    mine = next(item for item in edges if item["id"] == edge)
    if mine["source"] is None:
        return []
    port = (mine["source"], mine["source_port"])
    return [
        item["id"]
        for item in edges
        if (item["source"], item["source_port"]) == port and item["id"] != edge
    ]


def node_of(tape: Tape, name: str) -> dict[str, Any]:
    """A node, as the header has it."""
    found: dict[str, Any] = next(
        node for node in tape.header.device["nodes"] if node["name"] == name
    )
    return found


def policy_of(tape: Tape, place: int) -> str:
    """What an exception of the node of an event means for the rest."""
    policy: str = node_of(tape, tape.events[place].get("node"))["on_error"]
    return policy


def with_node(tape: Tape, name: str, **entries: Any) -> Tape:
    """Under a header in which a node is described otherwise."""
    return _with(tape, "nodes", "name", name, entries)


def with_edge(tape: Tape, name: str, **entries: Any) -> Tape:
    """Under a header in which an edge is described otherwise."""
    return _with(tape, "edges", "id", name, entries)


def _with(tape: Tape, what: str, key: str, name: str, entries: Mapping[str, Any]) -> Tape:
    rows = [row | entries if row[key] == name else row for row in tape.header.device[what]]
    device = {**tape.header.device, what: rows}
    return tape.under(replace(tape.header, device=device))
