"""Random lives: whatever happens when, every trace holds every invariant, and is the same a second time.

A plan is a list of things that happen, between them a wait. Processes die in it, and the next goes on with
what the log tells. Beside the checker, a plain loop over the events counts slots and orders.
"""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nandtrace.errors import WorkOrderError
from nandtrace.trace import TraceReader
from nandtrace.vocab.workorder import ACTIVE
from nandtrace.workorder import (
    Attempt,
    Handler,
    OrderState,
    QueueEmpty,
    SlotAvailable,
    StateChanged,
    TerminalReached,
    WorkClaimed,
    WorkOrder,
)
from tests.workorder.orders import (
    Act,
    Body,
    Stage,
    deaf,
    die,
    events_of_trace,
    fails,
    hangs,
    record,
    revive,
    takes,
    violated,
)

ENDS = {"COMPLETE": "COMPLETED", "CANCEL": "CANCELLED"}

Step = tuple[float, str, Any]
"""After so many seconds, what happens, and to whom or how."""


# ---- plans


def _swallows(seconds: float) -> Act:
    """Go on for a while when told to end, then fail."""

    async def act(_: Attempt) -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(1_000)
        await asyncio.sleep(seconds)
        raise RuntimeError("late")

    return act


ACTS: dict[str, Any] = {
    "takes": takes,
    "fails": fails,
    "deaf": deaf,
    "swallows": _swallows,
    "hangs": lambda _: hangs,
}

_SECONDS = st.sampled_from([0, 0, 0.125, 0.25, 0.5, 1, 2.5])
_ACTS = st.tuples(
    st.sampled_from(["takes"] * 5 + ["fails"] * 4 + ["deaf", "swallows", "hangs"]), _SECONDS
)
_ORDER = st.integers(0, 5)


@dataclass(frozen=True)
class Plan:
    """A scheduler's settings, what its handlers do one after another, and what happens to it.

    `reacts` is what a listener does as it is told of an event of a type.
    """

    settings: dict[str, Any]
    acts: tuple[tuple[str, float], ...]
    prepares_s: float | None
    checkpoint_events: int
    reacts: tuple[type, str] | None
    lives: tuple[tuple[Step, ...], ...]


_SETTINGS = st.fixed_dictionaries(
    {
        "slots": st.integers(1, 3),
        "max_depth": st.sampled_from([None, None, 1, 2, 4]),
        "policy": st.sampled_from(["fifo", "priority"]),
        "stagger_s": st.sampled_from([0, 0, 0.25, 1.5]),
        "settle_s": st.sampled_from([0, 0, 0.75]),
        "memory_gating": st.sampled_from([True, True, False]),
        "memory_per_slot_mb": st.sampled_from([0, 100, 180]),
        "lease_s": st.sampled_from([None, None, 0.5, 2]),
        "backoff_s": st.sampled_from([0, 0.25, 1]),
        "backoff_cap_s": st.sampled_from([0.3, 60]),
        "jitter": st.sampled_from([0, 0.2, 1]),
        "terminate_grace_s": st.sampled_from([0, 0.25, 1]),
        "poll_s": st.sampled_from([0.2, 0.7]),
        "resource_poll_s": st.sampled_from([0.3, 1.1]),
        "seed": st.integers(0, 3),
    }
)

_WHAT = st.one_of(
    st.tuples(st.just("enqueue"), st.tuples(_ORDER, st.integers(-1, 1), st.integers(0, 2))),
    st.tuples(st.just("enqueue"), st.tuples(_ORDER, st.integers(-1, 1), st.integers(0, 2))),
    st.tuples(st.just("enqueue"), st.tuples(_ORDER, st.integers(-1, 1), st.integers(0, 2))),
    st.tuples(st.just("submit"), st.tuples(_ORDER, st.integers(-1, 1), st.integers(0, 2))),
    st.tuples(st.sampled_from(["cancel", "cancel", "dequeue"]), _ORDER),
    st.tuples(st.just("cancel"), _ORDER),
    st.tuples(st.just("memory"), st.sampled_from([0, 500, 799, 800, 850, 900, 999])),
    st.tuples(st.sampled_from(["pause", "resume", "handler", "no handler"]), st.none()),
    st.tuples(st.sampled_from(["resume", "handler"]), st.none()),
)
_STEP = st.builds(lambda wait_s, what: (wait_s, *what), _SECONDS, _WHAT)
_STOP = st.tuples(_SECONDS, st.just("stop"), st.sampled_from([0, 0.25, 3]))


_REACTIONS = st.none() | st.tuples(
    st.sampled_from([WorkClaimed, StateChanged, TerminalReached, SlotAvailable, QueueEmpty]),
    st.sampled_from(["enqueue", "cancel", "dequeue", "pause", "resume", "no handler", "handler"]),
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Up to three lives; a process dies at the end of each but the last."""
    lives = []
    for _ in range(draw(st.sampled_from([1, 1, 2, 3]))):
        steps = draw(st.lists(_STEP, min_size=2, max_size=14))
        starts_at = draw(st.integers(0, min(3, len(steps))))
        steps.insert(starts_at, (0, "start", None))
        if draw(st.integers(0, 3)) == 0:
            steps.append(draw(_STOP))
            steps += draw(st.lists(_STEP, max_size=3))
        lives.append(tuple(steps))
    return Plan(
        settings=draw(_SETTINGS),
        acts=tuple(draw(st.lists(_ACTS, min_size=1, max_size=6))),
        prepares_s=draw(st.sampled_from([None, None, 0, 0.25])),
        checkpoint_events=draw(st.sampled_from([1, 12, 100_000])),
        reacts=draw(_REACTIONS),
        lives=tuple(lives),
    )


# ---- lives


class Planned(Handler):
    """Does what the plan says for an order's number and attempt."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    async def prepare(self, _: Attempt) -> None:
        if self._plan.prepares_s is not None:
            await asyncio.sleep(self._plan.prepares_s)

    async def run(self, attempt: Attempt) -> object:
        acts = self._plan.acts
        name, seconds = acts[(attempt.number + attempt.attempt - 1) % len(acts)]
        act: Act = ACTS[name](seconds)
        return await act(attempt)


class Life:
    """Has the steps of one life happen. What is submitted or stopped goes on beside them."""

    def __init__(self, plan: Plan, steps: tuple[Step, ...], *, is_last: bool) -> None:
        self._plan, self._steps, self._is_last = plan, steps, is_last
        self._beside: list[asyncio.Task[Any]] = []
        self._reactions_left = 25

    async def __call__(self, stage: Stage) -> None:
        stage.scheduler.subscribe(partial(self._react, stage))
        for wait_s, what, value in self._steps:
            await asyncio.sleep(wait_s)
            with suppress(WorkOrderError):
                self._do(stage, what, value)
        if self._is_last:
            await stage.scheduler.stop(1)
            # Until those that were abandoned have ended as well.
            await asyncio.sleep(10)
        for task in self._beside:
            task.cancel()
        await asyncio.gather(*self._beside, return_exceptions=True)

    def _react(self, stage: Stage, event: object) -> None:
        """Do something at once, a bounded number of times: what happens at once might never end."""
        on, what = self._plan.reacts or (type(None), "")
        if not isinstance(event, on) or not self._reactions_left:
            return
        self._reactions_left -= 1
        number = self._reactions_left % 6
        with suppress(WorkOrderError):
            self._do(stage, what, (number, 0, 1) if what == "enqueue" else number)

    def _do(self, stage: Stage, what: str, value: Any) -> None:
        scheduler = stage.scheduler
        if what in ("enqueue", "submit"):
            number, priority, retries = value
            order = WorkOrder(f"o{number}", priority=priority, max_retries=retries)
            if what == "enqueue":
                scheduler.enqueue(order)
            else:
                self._beside.append(asyncio.ensure_future(scheduler.submit(order)))
        elif what in ("cancel", "dequeue"):
            getattr(scheduler, what)(f"o{value}")
        elif what == "memory":
            stage.memory.used_mb = value
        elif what == "stop":
            self._beside.append(asyncio.ensure_future(scheduler.stop(value)))
        elif what == "handler":
            scheduler.set_handler(Planned(self._plan))
        elif what == "no handler":
            scheduler.set_handler(None)
        else:
            getattr(scheduler, what)()


def _lead(plan: Plan, path: Path) -> None:
    """Record all the lives of a plan, one after another, in one trace."""
    left: bytes | None = None
    for number, steps in enumerate(plan.lives, start=1):
        is_last = number == len(plan.lives)
        body: Body = Life(plan, steps, is_last=is_last)
        options = {"checkpoint_events": plan.checkpoint_events, **plan.settings}
        if left is not None:
            known = {"o1": OrderState.COMPLETED, "o2": OrderState.FAILED}
            continuation = revive(
                *(path, body, Planned(plan)),
                left=left,
                later_s=0.1,
                dies=not is_last,
                known=known,
                **options,
            )
            left = continuation.left
        elif is_last:
            record(path, body, Planned(plan), **options)
        else:
            left = die(path, body, Planned(plan), **options)


# ---- what must hold


def _count(path: Path, slots: int) -> None:
    """Slots and orders, by a loop that knows nothing but the words of the events."""
    holders: dict[int, int] = {}
    live: dict[int, str] = {}
    accepted = 0
    for event in events_of_trace(path):
        kind, order = event.kind, event.fields.get("order")
        if kind == "ENQUEUE":
            assert order == accepted
            accepted, live[order] = accepted + 1, "PENDING"
        elif kind == "CLAIM":
            slot = event.fields["slot"]
            assert slot not in holders
            assert 0 <= slot < slots
            assert live[order] == "PENDING"
            holders[slot], live[order] = order, "PREPARING"
        elif kind == "RELEASE":
            assert holders.pop(event.fields["slot"]) == order
        elif kind == "RESTART":
            holders = {slot: held for slot, held in holders.items() if live.get(held) in ACTIVE}
        elif kind == "RECOVER":
            holders = {slot: held for slot, held in holders.items() if held != order}
        assert len(holders) <= slots
        state = event.fields.get("state") or ENDS.get(kind)
        state = {"READY": "RUNNING", "RETRY": "PENDING"}.get(kind, state)
        if state in ("COMPLETED", "FAILED", "CANCELLED"):
            del live[order]
        elif state is not None:
            live[order] = state
    with TraceReader(path) as reader:
        last = reader.chunk(len(reader.index.chunks) - 1).snapshots[-1].state
    assert {entry["order"]: entry["state"] for entry in last["orders"]} == live
    assert (holders, last["slots"], last["mode"]) == ({}, [], "STOPPED")
    assert last["totals"]["enqueued"] == accepted


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(plans())
def test_every_life_holds_every_invariant_and_is_the_same_again(plan: Plan) -> None:
    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder) / "a.mpk", Path(folder) / "b.mpk"
        _lead(plan, first)
        assert violated(first) == []
        _count(first, plan.settings["slots"])
        _lead(plan, second)
        assert first.read_bytes() == second.read_bytes()
