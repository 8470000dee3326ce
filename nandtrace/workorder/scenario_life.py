"""The life of one process in a scenario: what is written down happens to a scheduler."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from operator import attrgetter
from typing import Any

from nandtrace.errors import WorkOrderError
from nandtrace.units import NS_PER_S
from nandtrace.vocab.workorder import Mode, OrderState
from nandtrace.workorder.clock import Clock, VirtualClock
from nandtrace.workorder.order import Attempt, Handler, WorkOrder
from nandtrace.workorder.probe import ScriptedProbe
from nandtrace.workorder.scenario import Deed, Ending, Scenario, ScriptedOrder, Step
from nandtrace.workorder.scenario_log import ScenarioLog
from nandtrace.workorder.scheduler import Scheduler

LONGEST_IDLE_NS = 24 * 3600 * NS_PER_S
"""So long after the last step a scenario without an end goes on while orders are live."""


class Script:
    """What is still to happen, and the accepted orders by their numbers. It outlives a crash.

    At one time orders come first, then the start, then steps, then the end.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.orders: dict[int, ScriptedOrder] = {}
        coming: list[ScriptedOrder | Step] = [*scenario.orders]
        if scenario.starts_itself:
            coming.append(Step(0, Deed.START))
        coming += scenario.steps
        if scenario.until_ns is not None:
            coming.append(Step(scenario.until_ns, Deed.STOP))
        self.coming = deque(sorted(coming, key=attrgetter("at_ns")))


class ScriptedHandler(Handler):
    """Fares with each attempt as its order's script says."""

    def __init__(self, clock: Clock, orders: Mapping[int, ScriptedOrder]) -> None:
        self._clock = clock
        self._orders = orders
        self.is_dead = False
        """Its process has died: the deaf end too."""

    async def prepare(self, attempt: Attempt) -> None:
        order = self._orders[attempt.number]
        ending = order.ending(attempt.attempt)
        await self._spend(order.prepare_ns, ending)
        if ending is Ending.UNREADY:
            raise RuntimeError(f"attempt {attempt.attempt} can't be prepared")

    async def run(self, attempt: Attempt) -> None:
        order = self._orders[attempt.number]
        ending = order.ending(attempt.attempt)
        if ending is Ending.HANG:
            await asyncio.get_running_loop().create_future()
        await self._spend(order.takes_ns, ending)
        if ending is Ending.RAISE:
            raise RuntimeError(f"attempt {attempt.attempt} fails")

    async def _spend(self, time_ns: int, ending: Ending) -> None:
        due_ns = self._clock.now_ns() + time_ns
        while self._clock.now_ns() < due_ns:
            try:
                await self._clock.sleep_until(due_ns)
            except asyncio.CancelledError:
                if ending is not Ending.DEAF or self.is_dead:
                    raise


class Life:
    """One process, in an event loop with the clock. It takes what happens from the script.

    With a `state` it continues from there, and knows how some orders have ended. The scheduler may be one's
    own.
    """

    def __init__(
        self,
        clock: VirtualClock,
        script: Script,
        log: ScenarioLog,
        state: Mapping[str, Any] | None = None,
        known: Mapping[str, OrderState] | None = None,
        *,
        scheduler_class: type[Scheduler] | None = None,
    ) -> None:
        self._clock = clock
        self._script = script
        self._log = log
        self._handler = ScriptedHandler(clock, script.orders)
        self._scheduler = (scheduler_class or Scheduler)(
            script.scenario.config,
            self._handler,
            clock=clock,
            probe=ScriptedProbe(clock.now_ns, script.scenario.readings),
            log=log,
            state=state,
            known=known,
        )
        if state is not None and script.scenario.starts_itself:
            self._scheduler.start()

    async def run(self) -> Step | None:
        """Live; returns the step by which it crashes, None where the scheduler has stopped at the end."""
        try:
            return await self._live()
        finally:
            self._log.cut()
            self._handler.is_dead = True
            self._scheduler.abandon()

    async def _live(self) -> Step | None:
        coming = self._script.coming
        moments = self._moments()
        while coming:
            await moments[coming[0].at_ns]
            item = coming.popleft()
            if isinstance(item, Step) and item.do is Deed.CRASH:
                return item
            if self._scheduler.mode is not Mode.STOPPED:
                await self._happen(item)
        if self._scheduler.mode not in (Mode.STOPPING, Mode.STOPPED):
            await self._last_order()
        await self._scheduler.stop()
        return None

    def _moments(self) -> dict[int, asyncio.Future[None]]:
        """For each time at which something happens a future that is done then.

        All are set now, so that they come before whatever else is due at such a time.
        """
        now_ns, loop = self._clock.now_ns(), asyncio.get_running_loop()
        moments = {item.at_ns: loop.create_future() for item in self._script.coming}
        for at_ns, moment in moments.items():
            if at_ns > now_ns:
                self._clock.call_at(at_ns, partial(moment.set_result, None))
            else:
                moment.set_result(None)
        return moments

    async def _happen(self, item: ScriptedOrder | Step) -> None:
        if isinstance(item, ScriptedOrder):
            self._enqueue(item)
        elif item.do is Deed.STOP:
            stopping = asyncio.ensure_future(self._scheduler.stop(item.grace_s))
            # It begins once this task gives way, and goes on without anybody who waits for it.
            await asyncio.sleep(0)
            if not stopping.cancel():
                stopping.result()
        else:
            self._take(item)

    def _enqueue(self, order: ScriptedOrder) -> None:
        item = WorkOrder(order.id, priority=order.priority, max_retries=order.max_retries)
        # A refusal is in the log.
        with suppress(WorkOrderError):
            self._script.orders[self._scheduler.enqueue(item)] = order

    def _take(self, step: Step) -> None:
        scheduler, order_id = self._scheduler, step.order or ""
        deeds: dict[Deed, Callable[[], object]] = {
            Deed.START: scheduler.start,
            Deed.PAUSE: scheduler.pause,
            Deed.RESUME: scheduler.resume,
            Deed.CANCEL: partial(scheduler.cancel, order_id),
            Deed.DEQUEUE: partial(scheduler.dequeue, order_id),
            Deed.HANDLER: partial(scheduler.set_handler, self._handler),
            Deed.NO_HANDLER: partial(scheduler.set_handler, None),
        }
        # One that is stopping does not start.
        with suppress(WorkOrderError):
            deeds[step.do]()

    async def _last_order(self) -> None:
        """Wait until no order is live, or for as long as a scenario may take."""
        joined = asyncio.ensure_future(self._scheduler.join())
        self._clock.call_at(self._clock.now_ns() + LONGEST_IDLE_NS, joined.cancel)
        await asyncio.wait([joined])
        if not joined.cancelled():
            joined.result()
