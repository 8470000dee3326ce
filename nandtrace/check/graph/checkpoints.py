"""Runs: the state in which each begins and ends, against the one before it and the replay."""

from __future__ import annotations

from nandtrace.check.boundaries import Boundaries
from nandtrace.check.event_batch import EventBatch, State
from nandtrace.check.event_facts import Boundary
from nandtrace.check.graph.course import Phase
from nandtrace.check.graph.scene import Scene
from nandtrace.check.graph.shapes import BAND_NAMES
from nandtrace.check.graph.state import initial_snapshot
from nandtrace.vocab.graph import NodeState, RunEnd

_NOBODY: dict[str, list[str]] = {name: [] for name in BAND_NAMES}


class Checkpoints:
    """Where runs begin, and RUN_END up to its snapshot."""

    def __init__(self, scene: Scene, batch: EventBatch, carry: Boundary) -> None:
        self._scene = scene
        self._batch = batch
        self._ledger = scene.ledger
        self._boundaries = Boundaries(scene.ledger, batch, carry)

    def begin(self, row: int) -> None:
        """Set the scene for a run: from its snapshot, or, where it has none, as the last one ended."""
        batch, at = self._batch, int(self._batch.runs.first[row])
        begin = batch.begin_states[row]
        if batch.runs.begin[row] >= 0:
            self._check_begin(at, row, begin)
        state = begin if begin is not None else self._boundaries.before(row)
        for problem in self._scene.state.reset(state, at):
            self._ledger.offend(
                "names-resolve", at, "a snapshot of the nodes and edges of the header", problem
            )
        self._scene.ready.reset(_NOBODY if state is None else state["ready"])
        self._scene.numbering.reset()
        self._scene.began_ns = int(batch.time_ns[at])
        self._scene.course.reset(Phase.STARTING if self._is_starting() else Phase.RUNNING)

    def _check_begin(self, at: int, row: int, begin: State | None) -> None:
        self._boundaries.count_begin(row)
        if begin is None:
            self._offend(at, "a snapshot at RUN_BEGIN", "none")
            return
        if any(node["state"] == "STOPPED" for node in begin["nodes"]):
            self._offend(at, "no run of a graph that was stopped", "a node that is STOPPED")
        initial = initial_snapshot(self._scene.plan) | {"ready": _NOBODY}
        self._boundaries.continues(at, row, begin, initial)

    def _offend(self, at: int, expected: str, actual: str) -> None:
        self._boundaries.offend(at, expected, actual)

    def check_end(self, at: int, end: RunEnd | None) -> None:
        """How a run ends fits where the graph is."""
        course = self._scene.course
        if end is None:
            self._offend(at, "an end that is CHECKPOINT or FINISHED", "another")
        elif end is RunEnd.CHECKPOINT and course.phase > Phase.RUNNING:
            self._offend(at, "a CHECKPOINT between two turns", "one while the graph stops")
        elif end is RunEnd.CHECKPOINT and self._is_starting():
            self._offend(at, "a CHECKPOINT between two turns", "one while the graph starts")

    def _is_starting(self) -> bool:
        return any(node.state is NodeState.NEW for node in self._scene.state.nodes)

    def compare(self, at: int, time_ns: int) -> None:
        """The snapshot of a RUN_END has what the replay has."""
        said = self._boundaries.said_at(at)
        if said is None:
            return
        self._boundaries.check_clock(at, said)
        self._scene.ready.settle(at, time_ns)
        ready = self._scene.ready
        mine = self._scene.state.snapshot() | {
            "ready": ready.names(),
            "first in ready": ready.longest(),
        }
        first = {name: said["ready"][name][: len(due)] for name, due in ready.longest().items()}
        said = said | {
            "ready": {name: sorted(said["ready"][name]) for name in BAND_NAMES},
            "first in ready": first,
        }
        self._boundaries.compare(at, mine, said)
