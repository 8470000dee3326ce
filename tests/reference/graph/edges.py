"""Reference rules of edges: order, room, results, and what happens to each message."""

from __future__ import annotations

from collections.abc import Iterator

from tests.reference.graph.parts import Edge, demanded
from tests.reference.graph.world import World
from tests.reference.log import Entry
from tests.reference.runs import Offence


def edge_offences(world: World, entry: Entry) -> Iterator[Offence]:
    """What is wrong with an event about an edge, given the state before it."""
    edge = world.edge_of(entry)
    if edge is None:
        return
    yield from _depth(world, edge, entry)
    if entry.kind == "PUT":
        yield from _put(world, edge, entry)
    elif entry.kind == "FLUSH":
        yield from _flush(world, edge, entry)
    elif entry.kind == "GET":
        yield from _get(world, edge, entry)
    elif entry.kind == "MUTATE":
        yield from _mutate(edge, entry)


def _depth(world: World, edge: Edge, entry: Entry) -> Iterator[Offence]:
    """A depth that is wrong; one that stays wrong by as much is told once."""
    if entry.kind not in ("PUT", "FLUSH", "GET", "MUTATE"):
        return
    if entry.kind == "FLUSH" and entry.get("msg") in edge.flushed_ahead:
        return
    surplus = entry.get("depth", -1) - depth_after(world, edge, entry)
    if surplus not in (0, edge.surplus):
        is_blocked = entry.kind == "PUT" and world.result_of(entry) == "BLOCKED"
        name = "blocked-pure" if is_blocked else "edge-capacity"
        yield "mutator-effect" if entry.kind == "MUTATE" else name, entry.seq


def depth_after(world: World, edge: Edge, entry: Entry) -> int:
    """How many messages the edge holds after an event."""
    depth = len(edge.queued)
    if entry.kind == "FLUSH":
        return depth + (world.flushed_by(entry) is not None)
    if entry.kind == "PUT":
        return depth + (world.result_of(entry) == "OK" and world.number_of(entry) is not None)
    if entry.kind == "GET":
        queued, taken = edge.numbers(), world.taken_by(entry)
        lost = queued.index(taken) if world.loses(edge, entry) else 0
        return depth - lost - (taken in queued)
    return depth


def _numbers(messages: list[tuple[int, bool]]) -> list[int]:
    return [msg for msg, _ in messages]


def _put(world: World, edge: Edge, entry: Entry) -> Iterator[Offence]:
    if world.number_of(entry) is None:
        return
    if edge.pending and world.result_of(entry) in ("OK", "REPLACED"):
        yield "edge-fifo", entry.seq
    result, other = demanded(edge, world.is_control(entry))
    if entry.get("result") != result or entry.get("other") != other:
        yield "put-result", entry.seq
    if world.result_of(entry) == "OK" and edge.is_full:
        yield "edge-capacity", entry.seq


def _flush(world: World, edge: Edge, entry: Entry) -> Iterator[Offence]:
    if entry.get("msg") in edge.flushed_ahead:
        return
    if entry.get("msg") not in _numbers(edge.pending):
        if is_known(world, entry):
            yield "edge-conservation", entry.seq
    elif entry.get("msg") != edge.pending[0][0]:
        yield "edge-fifo", entry.seq
    if len(edge.queued) >= edge.capacity and world.flushed_by(entry) is not None:
        yield "edge-capacity", entry.seq


def _get(world: World, edge: Edge, entry: Entry) -> Iterator[Offence]:
    msg, queued = entry.get("msg"), edge.numbers()
    if msg in queued:
        if world.loses(edge, entry):
            yield "edge-conservation", entry.seq
        elif msg != queued[0]:
            yield "edge-fifo", entry.seq
    elif msg in _numbers(edge.pending):
        yield "blocked-pure", entry.seq
    elif msg not in edge.taken_ahead and is_known(world, entry):
        yield "edge-conservation", entry.seq


def is_known(world: World, entry: Entry) -> bool:
    """Whether a message of that number was put."""
    return entry.get("msg") is not None and entry.get("msg") < world.known


def _mutate(edge: Edge, entry: Entry) -> Iterator[Offence]:
    is_priority = entry.get("what") == "PRIORITY"
    old = edge.priority if is_priority else edge.capacity
    new = entry.get("new")
    is_legal = new is not None and 1 <= new <= (3 if is_priority else 2**31 - 1)
    is_told = entry.get("what") in ("PRIORITY", "CAPACITY")
    if not is_told or entry.get("old") != old or not is_legal:
        yield "mutator-effect", entry.seq
