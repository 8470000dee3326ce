"""The scheduler: dispatches the queue, tick by tick, run by run.

scheduler = Scheduler(profile, seed=1, log=log, drain_on_exit=True)
scheduler.run(10_000)           # up to 10 ms of simulated time
scheduler.run(20_000, max_hooks=100)
scheduler.close()
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from nandtrace.errors import UsageError
from nandtrace.nand.backlog import Backlog
from nandtrace.nand.bootstrap import BootstrapPlan
from nandtrace.nand.drain import Drain
from nandtrace.nand.effects import Effects
from nandtrace.nand.log import EventLog, RunOutcome
from nandtrace.nand.model import Model
from nandtrace.nand.planner import Planner
from nandtrace.nand.profile import Profile, Proposals
from nandtrace.nand.proposer import Proposer
from nandtrace.nand.queue import Due, Entry
from nandtrace.nand.reserving import Reserver
from nandtrace.nand.snapshot import take_snapshot
from nandtrace.nand.state import Place
from nandtrace.units import us_to_ns
from nandtrace.vocab.nand import ApplyPolicy, Hook, RunEnd, RunStop

_BREATHE_TICKS = 64


class Scheduler:
    """Generates NAND operations in simulated time and logs every event.

    The same profile and seed give the same events. With `drain_on_exit`, a run delivers what is still
    reserved before it ends. A subclass may name classes of its own for the parts.
    """

    model_class: type[Model] = Model
    reserver_class: type[Reserver] = Reserver
    planner_class: type[Planner] = Planner
    proposer_class: type[Proposer] = Proposer
    effects_class: type[Effects] = Effects
    drain_class: type[Drain] = Drain
    backlog_class: type[Backlog] = Backlog
    bootstrap_class: type[BootstrapPlan] = BootstrapPlan

    def __init__(
        self,
        profile: Profile,
        *,
        seed: int,
        log: EventLog,
        drain_on_exit: bool = False,
        apply_policy: ApplyPolicy = ApplyPolicy.PER_OP,
    ) -> None:
        self.model = self.model_class(profile, seed, log)
        self._drain_on_exit = drain_on_exit
        reserver = self.reserver_class(self.model)
        planner = self.planner_class(self.model)
        self._proposer = self.proposer_class(self.model, planner, reserver)
        self._effects = self.effects_class(self.model, reserver, apply_policy)
        self._drain = self.drain_class(self.model, self._effects, reserver)
        self._backlog = self.backlog_class(self.model, self._proposer)
        self._bootstrap = self.bootstrap_class(self.model)
        self._hook_codes: dict[int, int] = {Due[hook.value]: log.code(hook.value) for hook in Hook}
        self.run_hooks = 0
        """Hooks dispatched in the current run, or the last one."""

        self.last_stop: RunStop | None = None
        """Why the last run stopped."""

        self._first_op = 0
        self._is_running = False
        self._is_closed = False
        self._is_stopping = False

    # ---- runs

    def run(self, run_until_us: float, max_hooks: int | None = None) -> RunEnd:
        """Run up to `run_until_us`, absolute simulated time in µs, or until so many hooks were dispatched."""
        return self.run_to(us_to_ns(run_until_us), max_hooks)

    def run_to(
        self, run_until_ns: int, max_hooks: int | None = None, *, is_last: bool = False
    ) -> RunEnd:
        """The same with the time in ns. The last run of a recording drains whatever stopped it."""
        return outcome_of(self.run_in_steps(run_until_ns, max_hooks, is_last=is_last))

    def run_in_steps(
        self, run_until_ns: int, max_hooks: int | None = None, *, is_last: bool = False
    ) -> Generator[None, None, RunEnd]:
        """The same for a caller that has other things to do in between: it yields every few ticks."""
        if max_hooks is not None and max_hooks < 0:
            raise ValueError(f"max_hooks is {max_hooks}")
        self.begin_run(run_until_ns)
        stop = yield from self._loop(run_until_ns, max_hooks)
        return self.end_run(stop, is_last=is_last or stop is RunStop.REQUEST)

    def request_stop(self) -> None:
        """End the run that is open, or the next one, before its next tick, as if it were the last."""
        self._is_stopping = True

    @property
    def next_begin_ns(self) -> int:
        """When the next run begins: now if events are queued, else when all planes are free."""
        model = self.model
        if len(model.queue):
            return model.clock_ns
        return max(model.clock_ns, *(die.tail_ns() for die in model.dies))

    def begin_run(self, run_until_ns: int) -> None:
        """Begin a run, for a caller that goes on tick by tick and then calls `end_run`."""
        if self._is_closed or self._is_running:
            raise UsageError("the scheduler is closed" if self._is_closed else "a run is open")
        model = self.model
        model.clock_ns = self.next_begin_ns
        self._first_op = model.next_op
        model.log.begin_run(model.clock_ns, run_until_ns, self.snapshot)
        self._is_running, self.run_hooks = True, 0
        self._bootstrap.begin()
        self._backlog.begin_run()
        self._push_script(run_until_ns)
        if model.policies.proposals is not Proposals.SCRIPT:
            self._push_refill(model.clock_ns)

    def end_run(self, stop: RunStop = RunStop.RUN_UNTIL, *, is_last: bool = False) -> RunEnd:
        """End the run that is open; says what became of what was queued."""
        self._check_running()
        model, self.last_stop = self.model, stop
        end = self._end_of_run(stop, is_last)
        if end is RunEnd.DRAINED:
            self._drain.drain()
        model.queue.keep(self._kept(end))
        outcome = RunOutcome(end, stop, self.run_hooks, model.next_op - self._first_op)
        model.log.end_run(model.clock_ns, outcome, self.snapshot)
        self._is_running = False
        if end is RunEnd.DROPPED:
            model.drop_reservations()
        return end

    def _end_of_run(self, stop: RunStop, is_last: bool) -> RunEnd:
        if not self._drain_on_exit:
            return RunEnd.DROPPED
        stays = stop is RunStop.HOOKS or self.model.is_bootstrapping
        return RunEnd.CARRIED if stays and not is_last else RunEnd.DRAINED

    def _check_running(self) -> None:
        if not self._is_running:
            raise UsageError("no run is open: between runs the log takes no events")

    def _kept(self, end: RunEnd) -> list[Entry]:
        """What stays queued over the boundary: a refill never does, each run pushes its own."""
        return [
            entry
            for entry in self.model.queue.entries()
            if entry[1] in (Due.OP_START, Due.OP_END)
            or (end is RunEnd.CARRIED and entry[1] != Due.QUEUE_REFILL and not _is_dead(entry))
        ]

    def _loop(self, run_until_ns: int, max_hooks: int | None) -> Generator[None, None, RunStop]:
        model = self.model
        queue, breathe = model.queue, model.log.breathe
        ticks = 0
        while model.clock_ns < run_until_ns:
            if self._is_stopping:
                return RunStop.REQUEST
            if max_hooks is not None and self.run_hooks >= max_hooks:
                return RunStop.HOOKS
            time_ns = queue.next_time()
            if time_ns is None:
                break
            self._tick(time_ns)
            ticks += 1
            if not ticks % _BREATHE_TICKS:
                breathe()
                yield
        return RunStop.RUN_UNTIL

    def drain_pending_op_end_events(self) -> int:
        """Deliver every OP_START and OP_END still queued, and resume what is suspended; how many were.

        Nothing new is proposed. With nothing pending it does nothing. Raises UsageError between runs,
        where the log takes no events.
        """
        if self._drain.has_work():
            self._check_running()
        return self._drain.drain()

    def close(self) -> None:
        """No more runs. What is still queued is left as it is."""
        self._is_closed = True

    def snapshot(self) -> dict[str, Any]:
        """The whole state, as it goes into the log at the ends of a run."""
        return take_snapshot(self.model)

    # ---- ticks

    def tick(self) -> bool:
        """Dispatch every event of the earliest time; False when nothing is queued.

        Raises UsageError between runs.
        """
        self._check_running()
        time_ns = self.model.queue.next_time()
        if time_ns is None:
            return False
        self._tick(time_ns)
        return True

    def _tick(self, time_ns: int) -> None:
        model = self.model
        queue, effects = model.queue, self._effects
        model.clock_ns = time_ns
        model.bus.forget(time_ns)
        while queue.next_time() == time_ns:
            _, due, _, what = queue.pop()
            if due == Due.OP_END:
                effects.end(what)
                if model.is_bootstrapping:
                    self._bootstrap.advance()
            elif due == Due.OP_START:
                effects.start(what)
            else:
                self._hook(due, what)

    def _hook(self, due: int, place: Place) -> None:
        number, plane, step, segment = place
        if segment is not None and segment.is_cut:
            return
        model = self.model
        self.run_hooks += 1
        model.log.hook(model.clock_ns, self._hook_codes[due], number, plane)
        if due in (Due.BACKLOG_REFILL, Due.BACKLOG_RETRY):
            self._backlog.serve(model.dies[number])
        elif step is not None:
            self._proposer.propose_step(model.profile.script[step])
        else:
            if due == Due.QUEUE_REFILL:
                self._push_refill(model.clock_ns + model.policies.queue_refill_period_ns)
            self._proposer.propose(model.dies[number], plane)

    def _push_refill(self, time_ns: int) -> None:
        """Queue the next refill; they go round the planes of all dies."""
        model = self.model
        planes = model.profile.topology.planes
        place: Place = (*divmod(model.next_refill, planes), None, None)
        model.next_refill = (model.next_refill + 1) % (planes * len(model.dies))
        model.queue.push(time_ns, Due.QUEUE_REFILL, place)

    def _push_script(self, run_until_ns: int) -> None:
        """Queue the steps of the script that fall into this run."""
        model = self.model
        script = model.profile.script
        if model.policies.proposals is Proposals.RANDOM:
            return
        while model.next_step < len(script) and script[model.next_step].at_ns < run_until_ns:
            step = script[model.next_step]
            place: Place = (step.die, step.plane, model.next_step, None)
            model.queue.push(max(step.at_ns, model.clock_ns), Due.PHASE_HOOK, place)
            model.next_step += 1


def outcome_of(steps: Generator[None, None, RunEnd]) -> RunEnd:
    """Take all steps, and return what they came to."""
    while True:
        try:
            next(steps)
        except StopIteration as over:
            end: RunEnd = over.value
            return end


def _is_dead(entry: Entry) -> bool:
    """Whether it is a hook of a segment that was cut."""
    segment = entry[3][3]
    return segment is not None and segment.is_cut
