"""Runs: the state in which each begins and ends, against the one before it and the replay."""

from __future__ import annotations

from nandtrace.check.differences import differences, short
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
        self._carry = carry
        self._ledger = scene.ledger

    def begin(self, row: int) -> None:
        """Set the scene for a run: from its snapshot, or, where it has none, as the last one ended."""
        batch, at = self._batch, int(self._batch.runs.first[row])
        begin, before = batch.begin_states[row], self._before(row)
        if batch.runs.begin[row] >= 0:
            self._check_begin(at, row, begin, before)
        state = begin if begin is not None else before
        for problem in self._scene.state.reset(state, at):
            self._ledger.offend(
                "names-resolve", at, "a snapshot of the nodes and edges of the header", problem
            )
        self._scene.ready.reset(_NOBODY if state is None else state["ready"])
        self._scene.numbering.reset()
        self._scene.began_ns = int(batch.time_ns[at])
        self._scene.course.reset(Phase.STARTING if self._is_starting() else Phase.RUNNING)

    def _before(self, row: int) -> State | None:
        return self._batch.end_states[row - 1] if row else self._carry.state

    def _check_begin(self, at: int, row: int, begin: State | None, before: State | None) -> None:
        is_first = row == 0 and self._carry.next_seq == 0
        is_known = is_first or before is not None
        self._ledger.count("checkpoint-continuity", 1, int(is_known))
        if begin is None:
            self._offend(at, "a snapshot at RUN_BEGIN", "none")
            return
        if any(node["state"] == "STOPPED" for node in begin["nodes"]):
            self._offend(at, "no run of a graph that was stopped", "a node that is STOPPED")
        if is_first:
            before = initial_snapshot(self._scene.plan) if self._batch.run[0] == 0 else None
        if before is not None:
            for name, mine, its in differences(before, begin):
                self._offend(at, f"{name} {short(mine)}, as before", f"{short(its)}")
        self._check_time(at, row)
        self._check_clock(at, begin)

    def _check_time(self, at: int, row: int) -> None:
        time_ns = int(self._batch.time_ns[at])
        before = int(self._batch.time_ns[at - 1]) if row else self._carry.time_ns
        if before is not None and time_ns != before:
            self._offend(at, f"the time at which the last run ended, {before} ns", f"{time_ns} ns")

    def _check_clock(self, at: int, state: State) -> None:
        time_ns = int(self._batch.time_ns[at])
        if state["clock_ns"] != time_ns:
            self._offend(at, f"clock_ns {time_ns}, its time", f"{state['clock_ns']}")

    def _offend(self, at: int, expected: str, actual: str) -> None:
        self._ledger.offend("checkpoint-continuity", at, expected, actual)

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
        said = self._batch.end_states[int(self._batch.run_row[at])]
        if said is None:
            self._offend(at, "a snapshot at RUN_END", "none")
            return
        self._ledger.count("checkpoint-matches-replay")
        self._check_clock(at, said)
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
        for name, due, its in differences(mine, said):
            self._ledger.offend(
                "checkpoint-matches-replay", at, f"{name} {short(due)}", f"{short(its)}"
            )
