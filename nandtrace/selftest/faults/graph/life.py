"""Faults of the engine: starting and stopping, changes, the shutdown, checkpoints."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from nandtrace.graph import Scheduler, SchedulerConfig
from nandtrace.graph.engine import Engine
from nandtrace.graph.leftovers import find_leftovers
from nandtrace.graph.state import EdgeState, NodeRecord
from nandtrace.vocab.graph import (
    Band,
    Mutable,
    RunEnd,
    ShutdownReason,
)


class DoubleStart(Engine):
    """Nodes are started twice."""

    def _start_node(self, node: NodeRecord, scheduler: Scheduler) -> None:
        super()._start_node(node, scheduler)
        self._log.start(self._clock.now_ns(), node.code)


class MissingStart(Engine):
    """One node is not started."""

    def _start_node(self, node: NodeRecord, scheduler: Scheduler) -> None:
        if node.name != "last":
            super()._start_node(node, scheduler)


class WrongStartOrder(Engine):
    """Nodes are started in the order of their registration."""

    def __init__(self, plan: Any, *args: Any) -> None:
        super().__init__(replace(plan, order=tuple(sorted(plan.order))), *args)


class WrongStopOrder(Engine):
    """Nodes are stopped in the order in which they were started."""

    def finish(self) -> Any:
        self._started.reverse()
        return super().finish()


class StopsWhatNeverStarted(Engine):
    """A node that failed to start is stopped."""

    def finish(self) -> Any:
        self._started = [self._nodes[number] for number in self._plan.order]
        return super().finish()


class ForgetsToStop(Engine):
    """One node is not stopped."""

    def finish(self) -> Any:
        self._started.pop()
        return super().finish()


class EvictsOnShrink(Engine):
    """What an edge holds beyond its new capacity is dropped."""

    def set_capacity(self, edge_id: str, capacity: int) -> None:
        super().set_capacity(edge_id, capacity)
        queue = self._edge_by_id[edge_id].queue
        while len(queue) > capacity:
            queue.pop()


class GrowsLate(Engine):
    """A grown capacity lets in what is pending only when the edge is read."""

    def set_capacity(self, edge_id: str, capacity: int) -> None:
        edge = self._edge(edge_id)
        self._mutated(edge, Mutable.CAPACITY, edge.capacity, capacity)
        edge.capacity = capacity


class KnobWithoutEffect(Engine):
    """A changed priority is written and not used."""

    def set_priority(self, edge_id: str, priority: Band) -> None:
        edge = self._edge_by_id[edge_id]
        before = edge.band
        super().set_priority(edge_id, priority)
        edge.band = before
        self._bands.touch(edge.target)


class WrongOldValue(Engine):
    """A change says the new value twice."""

    def _mutated(self, edge: EdgeState, what: Mutable, _: int, new: int) -> None:
        super()._mutated(edge, what, new, new)


class ChangesQuietly(Engine):
    """A change is not written."""

    def _mutated(self, edge: EdgeState, what: Mutable, old: int, new: int) -> None:
        pass


class LeavesUnsaid(Engine):
    """Messages that are left over are not itemised."""

    def finish(self) -> Any:
        self._log.leftover = lambda *_: None
        return super().finish()


class LeftoversTwice(Engine):
    """Messages that are left over are itemised twice."""

    def finish(self) -> Any:
        for item in find_leftovers(self._edges):
            for msg in item.msgs:
                self._log.leftover(
                    self._clock.now_ns(),
                    msg,
                    self._edge_by_id[item.edge].code,
                    self._log.code(item.place.value),
                )
        return super().finish()


class GivesUpTheDrain(Engine):
    """A shutdown does not wait for anything."""

    def _is_overdue(self, _: int) -> bool:
        return self._shutdown is not None


class DrainsForGood(Engine):
    """A shutdown has no deadline but ten times its own."""

    def _is_overdue(self, now_ns: int) -> bool:
        shutdown = self._shutdown
        return shutdown is not None and now_ns > shutdown[1] + 9 * self._config.shutdown_timeout_ns


class ShutdownTwice(Engine):
    """SHUTDOWN is written twice."""

    def _begin_shutdown(self, reason: ShutdownReason, now_ns: int) -> None:
        super()._begin_shutdown(reason, now_ns)
        super()._begin_shutdown(reason, now_ns)


class WrongDeadline(Engine):
    """The deadline is not the configured one."""

    def __init__(self, plan: Any, config: SchedulerConfig, *args: Any) -> None:
        super().__init__(plan, replace(config, shutdown_timeout_s=0.000_019), *args)


class LateSend(Engine):
    """A message comes in from outside after the shutdown."""

    def _begin_shutdown(self, reason: ShutdownReason, now_ns: int) -> None:
        super()._begin_shutdown(reason, now_ns)
        self._exchange.now_ns = now_ns
        for edge in self._edges:
            if edge.source is None:
                self._exchange.send(edge, "late")


class FinishesEarly(Engine):
    """The graph is finished when nothing is ready, though a tick is to come."""

    def _idle(self, now_ns: int, *args: Any) -> int | None:
        if self._shutdown is None:
            self._begin_shutdown(ShutdownReason.FINISHED, now_ns)
            return 0
        return super()._idle(now_ns, *args)


class IdleForgetsCredits(Engine):
    """Idling sets the credits back."""

    def _idle(self, *args: Any) -> int | None:
        self._bands.credits.update(self._bands._ratio)
        return super()._idle(*args)


class _ShortRuns(Engine):
    """Ends a run of the trace after every turn, where one may end."""

    def advance(self, turns: int, *, input_may_come: bool) -> int | None:  # noqa: ARG002
        wait_ns = super().advance(1, input_may_come=input_may_come)
        if wait_ns == 0 and self._log.wants_checkpoint():
            self._checkpoint()
        return wait_ns


class ChangesBetweenRuns(_ShortRuns):
    """A run ends in one state and the next begins in another."""

    def _checkpoint(self) -> None:
        self._log.end_run(*self._ending())
        self._bands.credits[1] = 1 - self._bands.credits[1]
        self._log.begin_run(*self._boundary())

    def _ending(self) -> Any:
        now_ns, state = self._boundary()
        self._timers.release(now_ns)
        return now_ns, RunEnd.CHECKPOINT, state


class ReshufflesAtCheckpoints(_ShortRuns):
    """Who waits the longest goes to the end of the line with each run of the trace."""

    def _checkpoint(self) -> None:
        super()._checkpoint()
        for ready in self._bands.ready.values():
            ready.reverse()


class ReshufflesSnapshots(_ShortRuns):
    """The same, and the snapshots say so."""

    def _checkpoint(self) -> None:
        for ready in self._bands.ready.values():
            ready.reverse()
        super()._checkpoint()


class CheckpointMisstates(Engine):
    """A snapshot counts one message too many, if any."""

    def _boundary(self) -> Any:
        now_ns, state = super()._boundary()
        return (
            now_ns,
            lambda: state() | {"next_msg": state()["next_msg"] + (self._exchange.next_msg > 0)},
        )
