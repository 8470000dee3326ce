"""Reference rules of checkpoints: a run's end is what its events make of its begin, and the next begin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.reference.graph.world import BAND_NAMES, World
from tests.reference.log import Entry
from tests.reference.runs import Offence


def replay_offences(world: World, entry: Entry) -> Iterator[Offence]:
    """What the end's snapshot says, and the events do not."""
    snapshot = entry.snapshot
    if snapshot is None:
        yield "checkpoint-continuity", entry.seq
        return
    if snapshot["clock_ns"] != entry.time_ns:
        yield "checkpoint-continuity", entry.seq
    if state_of(world) != {
        key: snapshot[key] for key in ("next_msg", "credits", "nodes", "edges", "shutdown")
    }:
        yield "checkpoint-matches-replay", entry.seq
    ready = world.ready_bands(entry.time_ns)
    for band, name in BAND_NAMES.items():
        if sorted(snapshot["ready"][name]) != sorted(n for n, b in ready.items() if b == band):
            yield "checkpoint-matches-replay", entry.seq


def state_of(world: World) -> dict[str, Any]:
    """The world as a snapshot writes it, all but the clock and who is ready."""
    return {
        "next_msg": world.next_msg,
        "credits": {name: world.credits[band] for band, name in BAND_NAMES.items()},
        "nodes": [
            {"name": node.name, "state": node.state, "due_ns": node.due_ns}
            for node in world.nodes.values()
        ],
        "edges": [
            {
                "id": edge.id,
                "capacity": edge.capacity,
                "priority": edge.priority,
                "queued": [list(message) for message in edge.queued],
                "pending": [list(message) for message in edge.pending],
                "held": None if edge.held is None else list(edge.held),
            }
            for edge in world.edges.values()
        ],
        "shutdown": None
        if world.shutdown is None
        else {"reason": world.shutdown[0], "deadline_ns": world.shutdown[1]},
    }


def continuity_offences(
    last: Entry | None, begin: Entry, device: dict[str, Any]
) -> Iterator[Offence]:
    """A run that does not begin where the last one ended; None: it is the first."""
    if begin.snapshot is None:
        yield "checkpoint-continuity", begin.seq
        return
    if last is None:
        if begin.snapshot != first_state(device, begin.time_ns):
            yield "checkpoint-continuity", begin.seq
    elif begin.time_ns != last.time_ns or last.snapshot not in (None, begin.snapshot):
        yield "checkpoint-continuity", begin.seq
    if any(node["state"] == "STOPPED" for node in begin.snapshot["nodes"]):
        yield "checkpoint-continuity", begin.seq


def snapshot_offences(begin: Entry, device: dict[str, Any]) -> Iterator[Offence]:
    """A snapshot that names other nodes and edges than the header."""
    if begin.snapshot is None:
        return
    for list_name, name in (("nodes", "name"), ("edges", "id")):
        if {one[name] for one in begin.snapshot[list_name]} != {
            one[name] for one in device[list_name]
        }:
            yield "names-resolve", begin.seq


def begin_state(last: Entry | None, begin: Entry, device: dict[str, Any]) -> dict[str, Any]:
    """The state in which a run begins: as its snapshot says, else as the last one ended.

    What a snapshot does not tell of a node or an edge is as it was before anything has happened.
    """
    first = first_state(device, begin.time_ns)
    if begin.kind == "RUN_BEGIN" and begin.snapshot is not None:
        told = begin.snapshot
    elif last is not None and last.snapshot is not None:
        told = last.snapshot
    else:
        told = first
    whole = dict(told)
    for list_name, name in (("nodes", "name"), ("edges", "id")):
        known = {one[name]: one for one in told[list_name]}
        whole[list_name] = [known.get(one[name], one) for one in first[list_name]]
    return whole


def end_offences(world: World, entry: Entry, *, is_ending: bool) -> Iterator[Offence]:
    """A run that ends in no known way, or with a CHECKPOINT elsewhere than between two turns."""
    if entry.get("end") not in ("CHECKPOINT", "FINISHED"):
        yield "checkpoint-continuity", entry.seq
    is_starting = any(node.state == "NEW" for node in world.nodes.values())
    if entry.get("end") == "CHECKPOINT" and (is_ending or is_starting):
        yield "checkpoint-continuity", entry.seq


def first_state(device: dict[str, Any], time_ns: int) -> dict[str, Any]:
    """The snapshot of a graph before anything has happened."""
    names = BAND_NAMES.values()
    return {
        "clock_ns": time_ns,
        "next_msg": 0,
        "credits": {name: device["fairness_ratio"][name] for name in names},
        "nodes": [{"name": n["name"], "state": "NEW", "due_ns": None} for n in device["nodes"]],
        "edges": [
            {
                "id": edge["id"],
                "capacity": edge["capacity"],
                "priority": edge["priority"],
                "queued": [],
                "pending": [],
                "held": None,
            }
            for edge in device["edges"]
        ],
        "ready": {name: [] for name in names},
        "shutdown": None,
    }
