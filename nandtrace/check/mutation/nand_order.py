"""Events of a NAND trace that come too early, too late, or in another order."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from nandtrace.check.mutation.nand_editing import GRID_NS, chosen, counted
from nandtrace.check.mutation.nand_scene import Life, Scene, scene_of
from nandtrace.check.mutation.operators import breaking
from nandtrace.check.mutation.tape import Tape
from nandtrace.check.mutation.tape_event import TapeEvent
from nandtrace.vocab.nand import DISPATCH_PRIORITY, Hook, Outcome


def _priority(event: TapeEvent) -> int | None:
    """The priority by which an event was dispatched; None for one that came with another."""
    if event.kind == "HOOK":
        return DISPATCH_PRIORITY[event.fields["hook"]]
    return DISPATCH_PRIORITY.get(event.kind)


def _with_its_own(tape: Tape, place: int) -> list[int]:
    """An OP_START or OP_END and the events right after it that it brings about."""
    found, seg = [place], tape.events[place].fields["seg"]
    for at in range(place + 1, len(tape.events)):
        event = tape.events[at]
        if event.get("seg") != seg or event.kind == "COMMIT" or _priority(event) is not None:
            break
        found.append(at)
    return found


@breaking("start-before-a-refill", "dispatch-order", domain="nand")
def start_before_a_refill(tape: Tape, chance: Random) -> Tape | None:
    """At one time an OP_START comes before a refill."""
    scene, found = tape.view(scene_of), []
    if scene.rules.queue_refill_period_ns is None:
        return None
    for place in tape.places("OP_START"):
        life = scene.lives[tape.events[place].fields["seg"]]
        refills = [
            at
            for at in range(life.commit + 1, place)
            if scene.times[at] == scene.times[place]
            and tape.events[at].get("hook") == Hook.QUEUE_REFILL
        ]
        if refills and tape.events[refills[0] - 1].kind != "RUN_BEGIN":
            found.append((refills[0], _with_its_own(tape, place)))
    picked = chosen(chance, found)
    return None if picked is None else _moved(tape, picked[1], picked[0])


@breaking("hook-before-an-end", "dispatch-order", domain="nand")
def hook_before_an_end(tape: Tape, chance: Random) -> Tape | None:
    """At one time a hook comes before an OP_END."""
    scene, found = tape.view(scene_of), []
    for place in tape.places("HOOK"):
        ends = [
            at
            for at in range(scene.run_of(place).start, place)
            if scene.times[at] == scene.times[place]
            and tape.events[at].kind == "OP_END"
            and _is_whole(tape, at)
        ]
        if ends:
            found.append((ends[0], [place]))
    picked = chosen(chance, found)
    return None if picked is None else _moved(tape, picked[1], picked[0])


@breaking("equal-starts-swapped", "dispatch-order", domain="nand")
def equal_starts_swapped(tape: Tape, chance: Random) -> Tape | None:
    """Of two OP_STARTs of one time the one queued later comes first."""
    return _swapped(tape, chance, "OP_START")


@breaking("equal-ends-swapped", "dispatch-order", domain="nand")
def equal_ends_swapped(tape: Tape, chance: Random) -> Tape | None:
    """Of two OP_ENDs of one time the one queued later comes first."""
    return _swapped(tape, chance, "OP_END")


def _swapped(tape: Tape, chance: Random, kind: str) -> Tape | None:
    scene, found = tape.view(scene_of), []
    for place in tape.places(kind):
        if not _is_whole(tape, place):
            continue
        own = _with_its_own(tape, place)
        after = own[-1] + 1
        # The first event after it that was dispatched, if that is of the same key.
        if after < len(tape.events) and tape.events[after].kind == kind:
            same = scene.times[after] == scene.times[place]
            whole = _is_whole(tape, after)
            lives = [scene.lives[tape.events[at].fields["seg"]] for at in (place, after)]
            if same and whole and lives[0].commit < lives[1].commit:
                found.append((place, _with_its_own(tape, after)))
    picked = chosen(chance, found)
    return None if picked is None else _moved(tape, picked[1], picked[0])


def _is_whole(tape: Tape, place: int) -> bool:
    """Whether an OP_START or OP_END was dispatched by itself, not brought about by a suspend or reset."""
    return tape.events[place].get("outcome") in (None, Outcome.COMPLETED)


def _moved(tape: Tape, places: list[int], before: int) -> Tape:
    """With some events before the one at a place."""
    moved = [tape.events[at] for at in places]
    rest = [event for at, event in enumerate(tape.events) if at not in places]
    return replace(tape, events=[*rest[:before], *moved, *rest[before:]])


@breaking("ended-early", "op-on-time", domain="nand")
def ended_early(tape: Tape, chance: Random) -> Tape | None:
    """An op ends before its time."""
    scene, found = tape.view(scene_of), []
    for life in scene.whole():
        own = _with_its_own(tape, life.ends[0])
        time_ns = scene.times[own[0]]
        if scene.times[own[0] - 1] <= time_ns - GRID_NS and not _is_last_of_drain(scene, life):
            found.append((own, time_ns - GRID_NS))
    picked = chosen(chance, found)
    return None if picked is None else _retimed(tape, *picked)


@breaking("ended-late", "op-on-time", domain="nand")
def ended_late(tape: Tape, chance: Random) -> Tape | None:
    """An op ends after its time."""
    scene, found = tape.view(scene_of), []
    for life in scene.whole():
        own = _with_its_own(tape, life.ends[0])
        time_ns = scene.times[own[0]]
        if own[-1] + 1 < len(tape.events) and scene.times[own[-1] + 1] >= time_ns + GRID_NS:
            found.append((own, time_ns + GRID_NS))
    picked = chosen(chance, found)
    return None if picked is None else _retimed(tape, *picked)


@breaking("started-late", "op-on-time", domain="nand")
def started_late(tape: Tape, chance: Random) -> Tape | None:
    """An op starts after its time."""
    scene, found = tape.view(scene_of), []
    for life in scene.whole():
        own = _with_its_own(tape, life.starts[0])
        time_ns = scene.times[own[0]]
        if scene.times[own[-1] + 1] >= time_ns + GRID_NS:
            found.append((own, time_ns + GRID_NS))
    picked = chosen(chance, found)
    return None if picked is None else _retimed(tape, *picked)


def _is_last_of_drain(scene: Scene, life: Life) -> bool:
    return scene.in_drain(life.ends[0])


def _retimed(tape: Tape, places: list[int], time_ns: int) -> Tape:
    events = [
        replace(event, time_ns=time_ns) if at in places else event
        for at, event in enumerate(tape.events)
    ]
    return replace(tape, events=events)


@breaking("end-forgotten-till-later", "dispatch-order", domain="nand")
def end_forgotten_till_later(tape: Tape, chance: Random) -> Tape | None:
    """An OP_END is dispatched after what was due later."""
    scene, found = tape.view(scene_of), []
    for life in scene.whole():
        own = _with_its_own(tape, life.ends[0])
        run = scene.run_of(own[0])
        for at in range(own[-1] + 1, run.stop - 1):
            is_later = scene.times[at] > scene.times[own[0]]
            if is_later and _priority(tape.events[at]) is not None:
                found.append((own, at))
                break
    picked = chosen(chance, found)
    if picked is None:
        return None
    own, at = picked
    late = _retimed(tape, own, scene.times[at])
    return _moved(late, own, at + 1 - len(own))


# ---- what is decided when


@breaking("proposed-in-the-drain", "nothing-proposed-after-run-until", domain="nand")
def proposed_in_the_drain(tape: Tape, chance: Random) -> Tape | None:
    """Something is proposed when the run is over but for its drain."""
    scene, found = tape.view(scene_of), []
    for run in scene.runs:
        until_ns = tape.events[run.start].get("run_until_ns")
        late = [at for at in run if until_ns is not None and scene.times[at] >= until_ns]
        found += [at for at in late if scene.times[at] > scene.times[late[0]]]
    proposes = tape.places("PROPOSE")
    place = chosen(chance, found)
    if place is None or not proposes:
        return None
    event = tape.events[chance.choice(proposes)]
    there = tape.events[place]
    return tape.inserted(place, replace(event, time_ns=there.time_ns, run=there.run))


@breaking("refill-dropped", "refill-reseeded", domain="nand")
def refill_dropped(tape: Tape, chance: Random) -> Tape | None:
    """A refill does not come; the run's count knows of none."""
    places = _refills(tape)
    # The last one of a run may be that of the tick that crosses run_until, which need not come.
    place = chosen(chance, places)
    if place is None:
        return None
    changed = counted(tape, tape.view(scene_of).run_of(place).stop - 1, hooks=-1)
    return changed.without(place)


@breaking("refill-doubled", "refill-reseeded", domain="nand")
def refill_doubled(tape: Tape, chance: Random) -> Tape | None:
    """A refill comes twice; the run counts both."""
    place = chosen(chance, _refills(tape))
    if place is None:
        return None
    changed = counted(tape, tape.view(scene_of).run_of(place).stop - 1, hooks=1)
    return changed.inserted(place, tape.events[place])


def _refills(tape: Tape) -> list[int]:
    """Refills that are followed by another one in their run."""
    scene = tape.view(scene_of)
    if not scene.rules.queue_refill_period_ns:
        return []
    found = []
    for run in scene.runs:
        mine = [at for at in tape.places("HOOK", hook=Hook.QUEUE_REFILL) if at in run]
        found += mine[:-1]
    return found


@breaking("clock-stands-elsewhere", "drain-clock", domain="nand")
def clock_stands_elsewhere(tape: Tape, chance: Random) -> Tape | None:
    """After a drain a run ends later than its last OP_END."""
    scene, found = tape.view(scene_of), []
    for run in scene.runs:
        last = run.stop - 1
        drained = any(tape.events[at].get("drained") for at in run)
        room = last + 1 == len(tape.events) or scene.times[last + 1] > scene.times[last]
        if drained and room:
            found.append(last)
    place = chosen(chance, found)
    if place is None:
        return None
    event = tape.events[place]
    later = replace(event, time_ns=event.time_ns + GRID_NS)
    return tape.replaced(place, later)
