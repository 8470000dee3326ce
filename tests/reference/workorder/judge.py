"""Reference checker: everything that work-order traces must obey, one event after the other."""

from __future__ import annotations

from collections.abc import Iterator

from tests.reference.log import Entry, Log
from tests.reference.runs import Offence, count, judge_log
from tests.reference.workorder import checkpoints
from tests.reference.workorder.claims import Claims
from tests.reference.workorder.ending import Ending
from tests.reference.workorder.life import Life
from tests.reference.workorder.modes import Modes
from tests.reference.workorder.orders import Orders
from tests.reference.workorder.pump import Pump
from tests.reference.workorder.queue import Queue
from tests.reference.workorder.recovery import Recovery
from tests.reference.workorder.retries import Delays, Overdue
from tests.reference.workorder.rule import Stretch
from tests.reference.workorder.slots import Slots
from tests.reference.workorder.state import State

RULES = (Slots, Claims, Queue, Overdue, Ending, Orders, Delays, Modes, Life)


def judge(log: Log) -> dict[str, int]:
    """How often each invariant is broken, those that are not left out."""
    return judge_log(log) | count(_offences(log))


def _offences(log: Log) -> Iterator[Offence]:
    before: Stretch | None = None
    state: State | None = None
    abandoned: list[tuple[int | None, int | None]] = []
    started_ns: int | None = None
    is_known = bool(log.entries) and log.entries[0].run == 0
    for entries in stretches(log.entries):
        run = Stretch(log.device, entries, started_ns, is_known, abandoned)
        yield from checkpoints.continuity(run, before)
        if entries[0].snapshot is not None:
            state = State.of(entries[0].snapshot)
        if state is not None:
            yield from _judge_run(run, before, state)
        else:
            note_start(run)
        if entries[-1].kind == "RUN_END" and entries[-1].snapshot is not None:
            state = State.of(entries[-1].snapshot)
        before, started_ns, is_known = run, run.started_ns, run.is_known


def stretches(entries: list[Entry]) -> Iterator[list[Entry]]:
    """The events from each RUN_BEGIN to the RUN_END, and those between, where there are any."""
    run: list[Entry] = []
    for entry in entries:
        if run and (entry.kind == "RUN_BEGIN" or run[-1].kind == "RUN_END"):
            yield run
            run = []
        run.append(entry)
    if run:
        yield run


def _judge_run(run: Stretch, before: Stretch | None, state: State) -> Iterator[Offence]:
    ended = before.entries[-1].get("end") if before else None
    pump = Pump(run, ended not in ("CRASHED", "STOPPED"))
    rules = [pump, *(rule(run) for rule in RULES), Recovery(run, ended)]
    for place, entry in enumerate(run.entries):
        for rule in rules:
            rule.place = place
            for name in rule.see(entry, state):
                yield name, entry.seq
        if entry.kind != "RESTART" or is_begin(run, place):
            state.apply(entry)
    if run.entries[-1].snapshot is not None and run.entries[-1].kind == "RUN_END":
        yield from checkpoints.replayed(run.entries[-1], state)


def is_begin(run: Stretch, place: int) -> bool:
    """Is this right after the begin of a run?"""
    return place == 1 and run.entries[0].kind == "RUN_BEGIN"


def note_start(run: Stretch) -> None:
    """Learn when the scheduler was started from events that are not judged."""
    for entry in run.entries:
        if entry.kind == "MODE" and entry.get("mode") == "RUNNING" and run.started_ns is None:
            run.started_ns = entry.time_ns
