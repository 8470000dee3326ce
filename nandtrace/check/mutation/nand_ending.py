"""How runs end, who does what, and whose numbers are used: things that a run says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

from nandtrace.check.mutation.nand_editing import chosen
from nandtrace.check.mutation.nand_families import Say, saying
from nandtrace.check.mutation.nand_scene import Scene, scene_of
from nandtrace.check.mutation.operators import breaking
from nandtrace.check.mutation.tape import Tape
from nandtrace.check.mutation.tape_event import State, TapeEvent
from nandtrace.vocab.nand import BootstrapStage, Hook, Role, RunEnd, RunStop, Source

Fields = Mapping[str, Any] | None

_UNKNOWN = 1_000_000


def _called_carried(scene: Scene, place: int, _: Random) -> Fields:
    """A run that came to its end, with no bootstrap under way."""
    event = scene.tape.events[place]
    bootstrap = (event.snapshot or {}).get("bootstrap")
    settled = bootstrap is not None and bootstrap.get("stage") in (None, BootstrapStage.DONE)
    if event.get("stop") != RunStop.RUN_UNTIL or event.get("end") != RunEnd.DRAINED or not settled:
        return None
    return {"end": RunEnd.CARRIED.value}


def _called_over(scene: Scene, place: int, _: Random) -> Fields:
    """A run that its hooks stopped before its run_until."""
    event, begin = scene.tape.events[place], scene.tape.events[scene.run_of(place).start]
    until_ns = begin.get("run_until_ns")
    if event.get("stop") == RunStop.RUN_UNTIL or until_ns is None or event.time_ns >= until_ns:
        return None
    return {"stop": RunStop.RUN_UNTIL.value}


def _another_plane(scene: Scene, place: int, _: Random) -> Fields:
    """A refill of a plane that is not next, where the one before it is of the same run."""
    run, planes = scene.run_of(place), scene.rules.planes or 1
    refills = [at for at in scene.tape.places("HOOK", hook=Hook.QUEUE_REFILL) if at in run]
    if place not in refills[1:] or planes < 2 or not scene.rules.queue_refill_period_ns:
        return None
    return {"plane": (scene.tape.events[place].fields["plane"] + 1) % planes}


def _by_another(role: Role) -> Say:
    """Done by a segment committed before that is of another role."""

    def say(scene: Scene, place: int, chance: Random) -> Fields:
        run = scene.run_of(place)
        others = [
            life.seg
            for life in scene.lives.values()
            if life.commit in range(run.start, place) and scene.role(life) is not role
        ]
        axis = scene.tape.events[place].get("axis")
        if not others or axis != role.value.split("_")[0]:
            return None
        return {"by_seg": chance.choice(others)}

    return say


def _of_another_segment(scene: Scene, place: int, chance: Random) -> Fields:
    """A mark switched by a segment that did nothing at that time."""
    run, time_ns = scene.run_of(place), scene.times[place]
    others = [
        life.seg
        for life in scene.lives.values()
        if life.commit in range(run.start, place)
        and all(scene.times[at] != time_ns for at in (*life.starts, *life.ends))
    ]
    return {"seg": chance.choice(others)} if others else None


def _called_drain(scene: Scene, place: int, _: Random) -> Fields:
    """What was decided before a run was drained, in a run that was."""
    run, event = scene.run_of(place), scene.tape.events[place]
    drained = any(begin in range(place, run.stop) for begin in scene.tape.places("DRAIN_BEGIN"))
    known = event.get("source") not in (None, Source.DRAIN)
    return {"source": Source.DRAIN.value} if drained and known else None


def _begun_before(scene: Scene, place: int, chance: Random) -> Fields:
    """The number of an op of an earlier run."""
    run, event = scene.run_of(place), scene.tape.events[place]
    earlier = [life.op for life in scene.lives.values() if life.commit < run.start]
    if event.get("source") not in (Source.PROPOSAL, Source.SEQUENCE) or not earlier:
        return None
    return {"op": chance.choice(earlier)}


END_CALLED_CARRIED = saying(
    "end-called-carried", "run-end-told", "RUN_END", "A run whose drain is done calls itself carried.",
    _called_carried,
)  # fmt: skip
STOP_CALLED_OVER = saying(
    "stop-called-run-until", "run-end-told", "RUN_END", "A run that stopped early says it was over.",
    _called_over,
)  # fmt: skip
REFILL_OF_ANOTHER_PLANE = saying(
    "refill-of-another-plane", "refill-reseeded", "HOOK", "A refill leaves a plane out of its round.",
    _another_plane,
)  # fmt: skip
ERASE_SUSPENDED_BY_ANOTHER = saying(
    "erase-suspended-by-another",
    "suspend-has-target",
    "SUSPEND",
    "An erase is suspended by an op that suspends nothing.",
    _by_another(Role.ERASE_SUSPEND),
)
PROGRAM_SUSPENDED_BY_ANOTHER = saying(
    "program-suspended-by-another",
    "suspend-has-target",
    "SUSPEND",
    "A program is suspended by an op that suspends no programs.",
    _by_another(Role.PROGRAM_SUSPEND),
)
ERASE_RESUMED_BY_ANOTHER = saying(
    "erase-resumed-by-another",
    "resume-has-target",
    "RESUME",
    "An erase is resumed by an op that resumes nothing.",
    _by_another(Role.ERASE_RESUME),
)
PROGRAM_RESUMED_BY_ANOTHER = saying(
    "program-resumed-by-another",
    "resume-has-target",
    "RESUME",
    "A program is resumed by an op that resumes no programs.",
    _by_another(Role.PROGRAM_RESUME),
)
LATCH_BY_ANOTHER = saying(
    "latch-by-another", "marks-follow-ops", "LATCH", "A latch is switched by an op that does not.",
    _of_another_segment,
)  # fmt: skip
CACHE_BY_ANOTHER = saying(
    "cache-by-another", "marks-follow-ops", "CACHE", "A cache state is of an op that has none.",
    _of_another_segment,
)  # fmt: skip
ODT_BY_ANOTHER = saying(
    "odt-by-another", "marks-follow-ops", "ODT", "The termination is set by an op that does not.",
    _of_another_segment,
)  # fmt: skip
COMMIT_CALLED_DRAIN = saying(
    "commit-called-drain", "drain-clock", "COMMIT", "An op is the drain's before there is one.",
    _called_drain,
)  # fmt: skip
OP_BEGUN_AGAIN = saying(
    "op-begun-again", "refs-resolve", "COMMIT", "An op has the number of one of an earlier run.",
    _begun_before,
)  # fmt: skip


@breaking("clock-told-wrong", "run-end-told", domain="nand")
def clock_told_wrong(tape: Tape, chance: Random) -> Tape | None:
    """A snapshot has another clock than its event."""
    edges = [*tape.places("RUN_BEGIN"), *tape.places("RUN_END")]
    place = chosen(chance, [at for at in edges if "clock_ns" in (tape.events[at].snapshot or {})])
    if place is None:
        return None
    return tape.restated(place, ("clock_ns",), tape.events[place].time_ns + 10)


@breaking("suspended-ever-since", "suspended-lists-empty", domain="nand")
def suspended_ever_since(tape: Tape, chance: Random) -> Tape | None:
    """A recording begins with an erase suspended, and ends with it; what it shows is its last run."""
    scene = tape.view(scene_of)
    run = scene.runs[-1]
    events = list(tape.events[run.start : run.stop])
    excluded = scene.rules.exclusions.by_suspend_state.get("ERASE_SUSPENDED", frozenset())
    dies = [
        die
        for die in range(scene.rules.dies or 0)
        if not _bases_on(scene, run, die) & (excluded | {"ERASE_RESUME", "ERASE"})
    ]
    die = chosen(chance, dies)
    told = all(
        "suspended_erase" in (event.snapshot or {})
        and not any((event.snapshot or {}).get("pending", ()))
        for event in (events[0], events[-1])
    )
    if die is None or not told or events[-1].get("end") == RunEnd.CARRIED:
        return None
    return replace(tape, events=[_with_an_erase(event, die) for event in events])


def _bases_on(scene: Scene, run: range, die: int) -> set[str]:
    """Bases of what is committed on a die in a run, and of resets, which end it."""
    return {
        "ERASE" if scene.role(life) in (Role.RESET, Role.RESET_LUN) else life.base
        for life in scene.lives.values()
        if life.commit in run and (life.die == die or scene.role(life) is Role.RESET)
    }


def _with_an_erase(event: TapeEvent, die: int) -> TapeEvent:
    if event.snapshot is None:
        return event
    lists = [list(ops) for ops in event.snapshot["suspended_erase"]]
    lists[die].append(_UNKNOWN)
    state: State = {**event.snapshot, "suspended_erase": lists}
    return replace(event, snapshot=state)
