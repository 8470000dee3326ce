"""Reference checker of graph traces: one event after the other, from docs/graph-model.md alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.reference.graph.backpressure import Backpressure
from tests.reference.graph.checkpoints import (
    begin_state,
    continuity_offences,
    end_offences,
    replay_offences,
    snapshot_offences,
)
from tests.reference.graph.edges import edge_offences
from tests.reference.graph.emits import Emits
from tests.reference.graph.ending import Ending
from tests.reference.graph.life import Life
from tests.reference.graph.names import name_offences
from tests.reference.graph.service import Service
from tests.reference.graph.ticks import Ticks
from tests.reference.graph.turns import Turns
from tests.reference.graph.world import World
from tests.reference.log import Entry, Log
from tests.reference.runs import Offence, count, judge_log, whole_runs


def judge(log: Log) -> dict[str, int]:
    """How often each invariant is broken, by its id; only those that are."""
    return dict(Counter(count(graph_offences(log))) + Counter(judge_log(log)))


def graph_offences(log: Log) -> Iterator[Offence]:
    """Every breach of a rule of graphs, run by run."""
    last: Entry | None = None
    life, ending = Life(log.device), Ending()
    for run in whole_runs(log.entries):
        if run[0].kind == "RUN_BEGIN":
            yield from continuity_offences(last, run[0], log.device)
            yield from snapshot_offences(run[0], log.device)
        yield from _run_offences(log, run, begin_state(last, run[0], log.device), life, ending)
        last = run[-1]


def _run_offences(
    log: Log, run: list[Entry], begin: dict[str, Any], life: Life, ending: Ending
) -> Iterator[Offence]:
    world = World(log.device, begin)
    world.to_come = Counter(
        (entry.get("msg", -1), entry.get("edge", "")) for entry in run if entry.kind == "PUT"
    )
    world.flushes = Counter(
        (entry.get("msg", -1), entry.get("edge", "")) for entry in run if entry.kind == "FLUSH"
    )
    world.following = _following(run)
    life.begin(world)
    backpressure = Backpressure()
    rules = (life, Emits(), Turns(), Ticks(), Service(begin), ending)
    for entry in run[1:] if run[0].kind == "RUN_BEGIN" else run:
        yield from backpressure.see(world, entry)
        yield from edge_offences(world, entry)
        yield from name_offences(world, entry)
        for rule in rules:
            yield from rule.see(world, entry)
        if entry.kind == "RUN_END":
            yield from end_offences(world, entry, is_ending=ending.to_itemise is not None)
            yield from replay_offences(world, entry)
        world.apply(entry)


def _following(run: list[Entry]) -> dict[int, int]:
    """Per PUT the number of the next emit."""
    puts = [entry for entry in run if entry.kind == "PUT"]
    following: dict[int, int] = {}
    for entry, after in zip(puts[-2::-1], puts[:0:-1], strict=True):
        is_same = entry.get("msg") == after.get("msg")
        following[entry.seq] = following.get(after.seq, -1) if is_same else after.get("msg", -1)
    return following
