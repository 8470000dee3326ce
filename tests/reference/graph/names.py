"""Reference rule of names: all that is named exists."""

from __future__ import annotations

from collections.abc import Iterator

from nandtrace.vocab.graph import COLUMN_WORDS
from tests.reference.graph.world import World
from tests.reference.log import Entry
from tests.reference.runs import Offence

NODE_KINDS = (
    "START",
    "TURN",
    "TICK",
    "DELIVER",
    "BLOCK",
    "WAKE",
    "ERROR",
    "DISABLE",
    "TICKS_END",
    "STOP",
)
EDGE_KINDS = ("PUT", "FLUSH", "GET", "DELIVER", "BLOCK", "WAKE", "MUTATE", "LEFTOVER")
MSG_KINDS = ("FLUSH", "GET", "DELIVER", "LEFTOVER")


def name_offences(world: World, entry: Entry) -> Iterator[Offence]:
    """Nodes, edges, messages and types of an event that nobody knows."""
    node, edge, msg = entry.get("node"), entry.get("edge"), entry.get("msg")
    if node not in world.nodes and (node is not None or entry.kind in NODE_KINDS):
        yield "names-resolve", entry.seq
    if edge not in world.edges and (edge is not None or entry.kind in EDGE_KINDS):
        yield "names-resolve", entry.seq
    if entry.kind in MSG_KINDS and (msg is None or msg >= world.known):
        yield "names-resolve", entry.seq
    if entry.kind == "PUT" and entry.get("type") not in list(COLUMN_WORDS["type"]):
        yield "names-resolve", entry.seq
