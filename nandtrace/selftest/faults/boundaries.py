"""Faults at the boundary between two runs, and in how a run goes on."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from nandtrace.nand.bootstrap import BootstrapPlan
from nandtrace.nand.log import EventLog
from nandtrace.nand.model import Model
from nandtrace.nand.profile import Profile
from nandtrace.nand.proposer import Proposer
from nandtrace.nand.queue import Due, Entry
from nandtrace.nand.scheduler import Scheduler
from nandtrace.nand.state import Die, Place
from nandtrace.nand.streams import Streams
from nandtrace.vocab.nand import BootstrapStage, RunEnd, RunStop

_LATE_NS = 50_000


class RunsOn(Scheduler):
    """The loop looks at run_until when it has gone on for another 50 µs: hooks are dispatched after it."""

    def _loop(self, run_until_ns: int, max_hooks: int | None) -> Generator[None, None, RunStop]:
        return super()._loop(run_until_ns + _LATE_NS, max_hooks)


class CarriesRefill(Scheduler):
    """A run that carries over what is queued carries its QUEUE_REFILL too, and the next one has two."""

    def _kept(self, end: RunEnd) -> list[Entry]:
        refills = [entry for entry in self.model.queue.entries() if entry[1] == Due.QUEUE_REFILL]
        return super()._kept(end) + (refills if end is RunEnd.CARRIED else [])


class ForgetsRefill(Scheduler):
    """Only the first run queues a QUEUE_REFILL of its own."""

    _was_pushed = False

    def begin_run(self, run_until_ns: int) -> None:
        self._has_begun = False
        super().begin_run(run_until_ns)
        self._has_begun = self._was_pushed = True

    def _push_refill(self, time_ns: int) -> None:
        if self._has_begun or not self._was_pushed:
            super()._push_refill(time_ns)


class _BeginsAnew(BootstrapPlan):
    def begin(self) -> None:
        if self._model.is_bootstrapping:
            self._enter(BootstrapStage.ERASE)
        super().begin()


class LosesBootstrap(Scheduler):
    """A run that begins in the middle of the bootstrap begins the bootstrap anew."""

    bootstrap_class = _BeginsAnew


class DrainsBootstrap(Scheduler):
    """A run that ends in the middle of the bootstrap is drained like any other."""

    def _end_of_run(self, stop: RunStop, is_last: bool) -> RunEnd:  # noqa: ARG002
        return super()._end_of_run(stop, is_last=True)


class BeginsTooEarly(Scheduler):
    """A run begins at the run_until of the one before, which the drain has passed."""

    _run_until_ns = 0

    @property
    def next_begin_ns(self) -> int:
        return self._run_until_ns

    def begin_run(self, run_until_ns: int) -> None:
        super().begin_run(run_until_ns)
        self._run_until_ns = run_until_ns


class CountsNoRefills(Scheduler):
    """The hooks of a run are counted without its QUEUE_REFILLs."""

    def _hook(self, due: int, place: Place) -> None:
        super()._hook(due, place)
        self.run_hooks -= due == Due.QUEUE_REFILL


class CountsForEver(Scheduler):
    """What a run says it committed is counted from the first run on."""

    def begin_run(self, run_until_ns: int) -> None:
        super().begin_run(run_until_ns)
        self._first_op = 0


class NumbersAnew(Scheduler):
    """Every run numbers its segments from 0 again."""

    def begin_run(self, run_until_ns: int) -> None:
        super().begin_run(run_until_ns)
        self.model.next_seg = 0


class DropsBacklog(Scheduler):
    """What waits in the backlog when a run ends is forgotten once the run is written."""

    def end_run(self, stop: RunStop = RunStop.RUN_UNTIL, *, is_last: bool = False) -> RunEnd:
        end = super().end_run(stop, is_last=is_last)
        for die in self.model.dies:
            die.backlog.clear()
        return end


class SharesStreams(Scheduler):
    """Every run draws from the beginning of the same random streams."""

    def __init__(self, profile: Profile, *, seed: int, log: EventLog, **options: Any) -> None:
        super().__init__(profile, seed=seed, log=log, **options)
        self._seed = seed

    def begin_run(self, run_until_ns: int) -> None:
        model = self.model
        model.streams = model.streams_class(self._seed)
        model.addresses._stream = model.streams.address
        super().begin_run(run_until_ns)


class _NeverAdvances(Streams):
    def __init__(self, seed: int, draws: dict[str, int] | None = None) -> None:  # noqa: ARG002
        super().__init__(seed)


class _ModelOfNeverAdvances(Model):
    streams_class = _NeverAdvances


class ForgetsDraws(Scheduler):
    """Random streams that are restored from a snapshot begin anew."""

    model_class = _ModelOfNeverAdvances


class _SkipsEveryThird(Proposer):
    _asked = 0

    def propose(self, die: Die, plane: int) -> None:
        self._asked += 1
        if self._asked % 3:
            super().propose(die, plane)


class HidesState(Scheduler):
    """Every third hook proposes nothing, by a count that no snapshot holds."""

    proposer_class = _SkipsEveryThird
