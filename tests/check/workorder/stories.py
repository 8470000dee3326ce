"""Legal logs, each the story of a small scheduler, for tests that break one thing in them."""

from __future__ import annotations

from tests.check.hand_made import State
from tests.check.workorder.order_log import FREE, OrderLog, Story, device, live, state


def retries() -> OrderLog:
    """Three orders on two slots, one after the other; one fails twice, and room is scarce."""
    log = OrderLog(device(stagger_ns=10, max_depth=3))
    log("RUN_BEGIN", state(log))
    log("HANDLER", is_set=1)
    log.enqueue(0, "a", 1, retries=1)
    log.enqueue(1, "b", 2)
    log.enqueue(2, "c", 3)
    log.refuse("d", "FULL", 3)
    log.refuse("a", "DUPLICATE", 3)
    log("MODE", mode="RUNNING")
    log.claim(0, 1, 0)
    log.stagger(1, 10)
    log("READY", order=0)
    # Two wait, and the retry of the first has its place.
    log.refuse("d", "FULL", 2, 1)
    log.now = 10
    log.claim(1, 1, 1)
    log.stagger(2, 20)
    log("HEALTH", healthy=0)
    log("READY", order=1)
    log.now = 20
    log.hold("SLOT", 2)
    log.now = 30
    log.fail(0, 0, 1, 130)
    log.claim(2, 1, 0)
    log.hold("QUEUE")
    half = state(
        log,
        next_order=3,
        mode="RUNNING",
        handler=True,
        last_claim_ns=30,
        healthy=False,
        slots=[[0, 2], [1, 1]],
        orders=[
            live(0, "a", "WAITING_RETRY", max_retries=1, attempts=1, since_ns=30, due_ns=130),
            live(1, "b", "RUNNING", attempts=1, since_ns=10, claimed_ns=10),
            live(2, "c", "PREPARING", attempts=1, since_ns=30, claimed_ns=30),
        ],
        totals={"enqueued": 3, "refused": 3, "claimed": 3},
    )
    log.next_run("CHECKPOINT", half)
    log("READY", order=2)
    log.now = 130
    log("RETRY", order=0)
    log.hold("SLOT", 0)
    log.now = 140
    log.complete(1, 1)
    log.claim(0, 2, 1)
    log.hold("QUEUE")
    log.now = 150
    log("READY", order=0)
    log.complete(2, 0)
    log.hold("QUEUE")
    log("HEALTH", healthy=1)
    log.now = 160
    log.fail(0, 1, 2, None)
    log.hold("QUEUE")
    _stop(log, enqueued=3, refused=4, claimed=4, retried=1, completed=2, failed=1)
    return log


def pressure() -> OrderLog:
    """Memory that becomes critical, scarce and free again; pauses, and a handler that is taken away."""
    log = OrderLog(device(policy="priority", settle_ns=60, resource_poll_ns=10))
    log("RUN_BEGIN", state(log))
    log("MODE", mode="RUNNING")
    log.hold("QUEUE")
    log.enqueue(0, "a", 1)
    log.hold("HANDLER")
    log("HANDLER", is_set=1)
    log.pressure("CRITICAL", 100)
    log.hold("PRESSURE", 0, 100)
    log("HEALTH", healthy=0)
    log.now = 50
    log.enqueue(1, "b", 2, rank=5)
    log.hold("PRESSURE", 1, 100)
    log.now = 100
    log.hold("PRESSURE", 1, 100)
    # The memory is read between decisions, too.
    log.now = 130
    log.pressure("WARNING", 150)
    log("HEALTH", healthy=1)
    log.claim(1, 1, 0, 150)
    log.hold("MEMORY", 0, 150)
    log("READY", order=1)
    log.now = 230
    log.pressure("NONE", 300)
    log.claim(0, 1, 1, 300)
    log.hold("QUEUE")
    log("HEALTH", healthy=0)
    log("READY", order=0)
    log.now = 240
    log("MODE", mode="PAUSED")
    log.now = 250
    log.complete(1, 0)
    log.hold("RUNNING")
    log("HEALTH", healthy=1)
    log.now = 255
    log.enqueue(2, "c", 1)
    log.hold("RUNNING")
    log.now = 260
    log("MODE", mode="RUNNING")
    log.claim(2, 1, 0)
    log.hold("QUEUE")
    log("HEALTH", healthy=0)
    _interrupt(log)
    _stop(log, enqueued=4, refused=1, claimed=4, completed=4)
    return log


def _interrupt(log: OrderLog) -> None:
    """The end of `pressure`: two orders end, and one has to wait for a handler."""
    log("READY", order=2)
    log.complete(2, 0)
    log.hold("QUEUE")
    log("HEALTH", healthy=1)
    log.now = 265
    log("HANDLER", is_set=0)
    log.enqueue(3, "d", 1)
    log.hold("HANDLER")
    log.now = 266
    log("HANDLER", is_set=1)
    log.claim(3, 1, 0)
    log.hold("QUEUE")
    log("HEALTH", healthy=0)
    log("READY", order=3)
    log.now = 270
    log.complete(0, 1)
    log.hold("QUEUE")
    log("HEALTH", healthy=1)
    log.complete(3, 0)
    log.hold("QUEUE")
    log.now = 280
    log.pressure("CRITICAL", 50)
    log("HEALTH", healthy=0)
    log.now = 290
    log.pressure("NONE", FREE)
    log("HEALTH", healthy=1)
    log.hold("QUEUE")


def endings() -> OrderLog:
    """Handlers that are asked to end: for their lease, for a cancel, for a stop; some never do."""
    log = OrderLog(device(slots=3, lease_ns=200))
    log("RUN_BEGIN", state(log))
    log("HANDLER", is_set=1)
    for order, name in enumerate("abcde"):
        log.enqueue(order, name, order + 1, retries=int(name == "a"))
    log("MODE", mode="RUNNING")
    for order in range(3):
        log.claim(order, 1, order)
    log.hold("SLOT", 3)
    log("HEALTH", healthy=0)
    log("READY", order=0)
    log("READY", order=1)
    log.now = 10
    log.cancel(3, "DEQUEUED")
    log.now = 20
    log("TERMINATE", order=1, why="CANCEL", deadline_ns=70)
    log.now = 30
    log.cancel(1, "REQUESTED", 1)
    log.claim(4, 1, 1)
    log.hold("QUEUE")
    log("READY", order=4)
    log.now = 200
    log("TERMINATE", order=0, why="LEASE", deadline_ns=250)
    log("TERMINATE", order=2, why="LEASE", deadline_ns=250)
    log.now = 210
    log.fail(0, 0, 1, 310, "LEASE")
    log.hold("QUEUE")
    log("HEALTH", healthy=1)
    log.now = 220
    log("TERMINATE", order=2, why="CANCEL", deadline_ns=250)
    log.now = 230
    log("TERMINATE", order=4, why="LEASE", deadline_ns=280)
    log.now = 250
    log("CANCEL", order=2, reason="REQUESTED")
    log("RELEASE", order=2, slot=2, forced=1)
    log.hold("QUEUE")
    log.now = 270
    log("STRAY", order=2, slot=2)
    log.now = 280
    log("FAIL", order=4, attempt=1, cause="LEASE", error="?", state="FAILED")
    log("RELEASE", order=4, slot=1, forced=1)
    log.hold("QUEUE")
    _fill(log)
    _stop_at_work(log)
    return log


def _fill(log: OrderLog) -> None:
    """The middle of `endings`: every slot is taken again, and a retry is cancelled."""
    log.now = 290
    for order, name in ((5, "f"), (6, "g"), (7, "h")):
        log.enqueue(order, name, 2, retries=int(name == "g"))
        log.claim(order, 1, order - 5)
        log.hold("QUEUE")
    log("HEALTH", healthy=0)
    log("READY", order=5)
    log("READY", order=7)
    log.fail(6, 1, 1, 390)
    log.hold("QUEUE")
    log("HEALTH", healthy=1)
    log.now = 295
    log.cancel(6, "REQUESTED")
    log.now = 310
    log("RETRY", order=0)
    log.claim(0, 2, 1)
    log.hold("QUEUE")
    log("HEALTH", healthy=0)
    log("READY", order=0)


def _stop_at_work(log: OrderLog) -> None:
    """The end of `endings`: of three that are active one ends by itself and one when it is asked."""
    log.now = 320
    log("MODE", mode="STOPPING", until_ns=350)
    log.now = 330
    log.complete(7, 2)
    log.hold("RUNNING")
    log("HEALTH", healthy=1)
    totals = {"enqueued": 8, "claimed": 8, "retried": 1, "completed": 1, "failed": 1}
    active = {"state_of": "RUNNING", "since_ns": 290, "claimed_ns": 290, "attempts": 1}
    again = {"since_ns": 310, "claimed_ns": 310, "attempts": 2, "max_retries": 1}
    half = state(
        log,
        next_order=8,
        mode="STOPPING",
        handler=True,
        last_claim_ns=310,
        slots=[[0, 5], [1, 0]],
        orders=[live(0, "a", **active | again), live(5, "f", **active)],
        totals=totals | {"cancelled": 4},
    )
    log.next_run("CHECKPOINT", half)
    log.now = 350
    log("TERMINATE", order=5, why="STOP", deadline_ns=400)
    log("TERMINATE", order=0, why="STOP", deadline_ns=400)
    log.now = 360
    log.cancel(0, "STOPPED", 1)
    log.hold("RUNNING")
    log.now = 400
    log("CANCEL", order=5, reason="STOPPED")
    log("RELEASE", order=5, slot=0, forced=1)
    log.hold("RUNNING")
    log("MODE", mode="STOPPED")
    log("RUN_END", _ended(log, 310, **totals, cancelled=6), end="STOPPED")


def recovery() -> OrderLog:
    """A crash between the end of an attempt and its RELEASE, a second life, a stop, and a third."""
    log = OrderLog(device())
    log("RUN_BEGIN", state(log))
    log("HANDLER", is_set=1)
    for order, name in enumerate("abcd"):
        log.enqueue(order, name, order + 1, retries=int(name == "a"))
    log("MODE", mode="RUNNING")
    log.claim(0, 1, 0)
    log.claim(1, 1, 1)
    log.hold("SLOT", 2)
    log("HEALTH", healthy=0)
    log("READY", order=0)
    log("READY", order=1)
    log.now = 10
    log.fail(0, 0, 1, 110)
    log.claim(2, 1, 0)
    log.hold("SLOT", 3)
    log("READY", order=2)
    log.now = 20
    log("COMPLETE", order=1)
    crashed = state(
        log,
        next_order=4,
        mode="RUNNING",
        handler=True,
        last_claim_ns=10,
        healthy=False,
        slots=[[0, 2], [1, 1]],
        orders=[
            live(0, "a", "WAITING_RETRY", max_retries=1, attempts=1, since_ns=10, due_ns=110),
            live(2, "c", "RUNNING", attempts=1, since_ns=10, claimed_ns=10),
            live(3, "d", "PENDING"),
        ],
        totals={"enqueued": 4, "claimed": 3, "completed": 1},
    )
    log.next_run("CRASHED", crashed)
    _second_life(log)
    log.now = 700
    log("RESTART")
    log("MODE", mode="RUNNING")
    log.hold("HANDLER")
    log("HANDLER", is_set=1)
    log.claim(4, 1, 0)
    log.hold("QUEUE")
    log("READY", order=4)
    log.complete(4, 0)
    log.hold("QUEUE")
    _stop(log, enqueued=5, refused=1, claimed=6, retried=1, completed=5)
    return log


def _second_life(log: OrderLog) -> None:
    """The middle of `recovery`, up to a stop with an order in the queue."""
    log.now = 500
    log("RESTART")
    log("RECOVER", order=2, state="PENDING")
    log("RECOVER", order=3, state="COMPLETED")
    # Its time came while nobody was there.
    log("RETRY", order=0)
    log("MODE", mode="RUNNING")
    log("HANDLER", is_set=1)
    log.claim(0, 2, 0)
    log.claim(2, 1, 1)
    log.hold("QUEUE")
    log("HEALTH", healthy=0)
    log("READY", order=0)
    log("READY", order=2)
    log.now = 510
    log.complete(0, 0)
    log.complete(2, 1)
    log.hold("QUEUE")
    log("HEALTH", healthy=1)
    log("MODE", mode="PAUSED")
    log.enqueue(4, "e", 1)
    log.hold("RUNNING")
    log("MODE", mode="STOPPING", until_ns=1010)
    log("MODE", mode="STOPPED")
    stopped = _ended(log, 500, enqueued=5, claimed=5, retried=1, completed=4)
    log.next_run("STOPPED", stopped | {"orders": [live(4, "e", "PENDING", since_ns=510)]})


def _stop(log: OrderLog, **totals: int) -> None:
    """A stop with nothing in flight, at which one order more is refused."""
    claims = [event.time_ns for event in log.events if event.kind == "CLAIM"]
    log.now += 10
    log("MODE", mode="STOPPING", until_ns=log.now + 500)
    log.refuse("z", "STOPPING", 0)
    log("MODE", mode="STOPPED")
    log("RUN_END", _ended(log, claims[-1], **totals), end="STOPPED")


def _ended(log: OrderLog, last_claim_ns: int, **totals: int) -> State:
    """The state of a scheduler that is STOPPED, with no order live."""
    return state(
        log,
        next_order=totals["enqueued"],
        mode="STOPPED",
        handler=True,
        last_claim_ns=last_claim_ns,
        totals=totals,
    )


STORIES: dict[str, Story] = {
    "retries": retries,
    "pressure": pressure,
    "endings": endings,
    "recovery": recovery,
}
