"""The replay: one pass over the events of a batch, judged as they come.

Each run begins with its own snapshot, so that a verdict does not depend on where batches are cut. What
is wrong is noted, and the replay goes on with what the log says was done: one fault, one offence, as far
as that can be.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np

from nandtrace.check.event_batch import EventBatch
from nandtrace.check.event_facts import Boundary
from nandtrace.check.event_rows import UNKNOWN_KIND, Row, kind_codes, numbers
from nandtrace.check.graph.checkpoints import Checkpoints
from nandtrace.check.graph.columns import row_sources
from nandtrace.check.graph.ending import Ending
from nandtrace.check.graph.flushing import Flushing
from nandtrace.check.graph.ledger import Ledger
from nandtrace.check.graph.life import Life, NodeRow
from nandtrace.check.graph.mutating import Mutating
from nandtrace.check.graph.plan import GraphPlan
from nandtrace.check.graph.putting import Putting
from nandtrace.check.graph.scanning import scan_names, scan_promptness, scan_times
from nandtrace.check.graph.scene import Scene
from nandtrace.check.graph.taking import Taking
from nandtrace.check.graph.turns import Turns
from nandtrace.vocab.graph import GRAPH, RunEnd

Handler = Callable[[int, int, Any], None]
"""Takes the position of an event in the batch, its time, and its row: see `row_sources`."""


_EMITTING = frozenset({GRAPH.by_name["PUT"].code, GRAPH.by_name["BLOCK"].code, UNKNOWN_KIND})
"""Kinds, by code, that may come while a message is put on the edges of its port."""


def replay(batch: EventBatch, carry: Boundary, plan: GraphPlan) -> Ledger:
    """Judge a batch of whole runs by every rule of the graph domain."""
    judging = _Replay(batch, carry, plan)
    if len(batch):
        judging.run()
    return judging.ledger


class _Replay:
    def __init__(self, batch: EventBatch, carry: Boundary, plan: GraphPlan) -> None:
        self._batch = batch
        self._scene = Scene(plan)
        self.ledger = self._scene.ledger
        putting = Putting(self._scene)
        self._flushing = Flushing(self._scene, putting)
        self._turns = Turns(self._scene)
        self._life = Life(self._scene)
        self._ending = Ending(self._scene)
        self._checkpoints = Checkpoints(self._scene, batch, carry)
        self._putting = putting

    def _by_code(self, putting: Putting) -> list[Handler]:
        taking = Taking(self._scene)
        handlers: dict[str, Handler] = {
            "RUN_BEGIN": _pass_over,
            "RUN_END": self._run_end,
            "START": self._life.start,
            "TURN": self._turns.turn,
            "TICK": self._turns.tick,
            "PUT": putting.put,
            "FLUSH": self._flushing.flush,
            "GET": taking.get,
            "DELIVER": taking.deliver,
            "BLOCK": self._flushing.block,
            "WAKE": self._flushing.wake,
            "IDLE": self._turns.idle,
            "MUTATE": Mutating(self._scene, self._flushing).mutate,
            "ERROR": self._life.error,
            "DISABLE": self._life.disable,
            "TICKS_END": self._turns.ticks_end,
            "SHUTDOWN": self._ending.shutdown,
            "LEFTOVER": self._ending.leftover,
            "STOP": self._stop,
        }
        by_code: list[Handler] = [_pass_over] * (UNKNOWN_KIND + 1)
        for name, handler in handlers.items():
            by_code[GRAPH.by_name[name].code] = handler
        return by_code

    def run(self) -> None:
        batch = self._batch
        events = zip(kind_codes(batch, GRAPH), numbers(batch.time_ns), strict=True)
        sources = row_sources(batch, self._scene.state)
        nexts = [sources.get(code, sources[UNKNOWN_KIND]) for code in range(UNKNOWN_KIND + 1)]
        # Not kept: they hold on to this object, and so to the batch.
        handlers = self._by_code(self._putting)
        course, unpaid = self._scene.course, self._flushing.unpaid
        numbering = self._scene.numbering
        runs = batch.runs
        for row in range(len(runs)):
            self._checkpoints.begin(row)
            self._life.reset()
            first, last = int(runs.first[row]), int(runs.last[row])
            for at, (code, time_ns) in enumerate(islice(events, last - first + 1), first):
                if course.owed >= 0 and code not in (course.owed, UNKNOWN_KIND):
                    unpaid(at, code)
                if numbering.rest and code not in _EMITTING:
                    numbering.is_cut = True
                handlers[code](at, time_ns, nexts[code]())
            self._scene.numbering.finish()
        self._count_whole()
        scan_names(batch, self._scene.plan, self.ledger)
        scan_times(batch, self._scene.plan, self.ledger)
        scan_promptness(batch, self.ledger)

    def _stop(self, at: int, time_ns: int, row: NodeRow) -> None:
        self._ending.end_drain(at, time_ns)
        self._life.stop(at, time_ns, row)

    def _run_end(self, at: int, time_ns: int, row: tuple[RunEnd | None]) -> None:
        (end,) = row
        self._scene.finish_turn()
        self._checkpoints.check_end(at, end)
        if end is RunEnd.FINISHED:
            self._ending.finish(at, time_ns)
            self._life.finish_stops(at)
        self._checkpoints.compare(at, time_ns)

    def _count_whole(self) -> None:
        """What is judged of every event of a kind is counted by the kind."""
        batch, count = self._batch, self.ledger.count
        puts, gets, flushes = (len(batch.rows(kind)) for kind in ("PUT", "GET", "FLUSH"))
        turns, leftovers = len(batch.rows("TURN")), len(batch.rows("LEFTOVER"))
        several = int(np.count_nonzero(batch.column("GET", "depth") > 0))
        count("edge-fifo", gets, several)
        count("edge-capacity", puts + gets + flushes)
        count("put-result", puts)
        count("edge-conservation", puts + gets + flushes + leftovers)
        count("delivery", gets + len(batch.rows("DELIVER")))
        count("start-topological", len(batch.rows("START")))
        count("stop-reverse", len(batch.rows("STOP")))
        count("ready-only", turns)
        count("band", turns)
        count("weighted-fairness", turns, self._turns.contested)
        count("round-robin", turns, self._turns.rivalled)
        count("batch-bound", turns, self._scene.message_turns)


def _pass_over(_at: int, _time_ns: int, _row: Row) -> None:
    """An event that says nothing by itself."""
