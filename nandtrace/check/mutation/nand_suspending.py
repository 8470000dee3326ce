"""Suspends and resumes that keep, restore or order what they act on wrongly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any

from nandtrace.check.mutation.nand_editing import GRID_NS, chosen, counted
from nandtrace.check.mutation.nand_scene import Life, Scene, scene_of
from nandtrace.check.mutation.nand_situation import bus_is_free
from nandtrace.check.mutation.operators import breaking
from nandtrace.check.mutation.tape import Tape
from nandtrace.check.mutation.tape_event import TapeEvent
from nandtrace.vocab.nand import Axis, Outcome, RunEnd, Source, State

Pair = tuple[int, int]
"""The places of a SUSPEND and of the RESUME of its op, in one run."""


def _pairs(scene: Scene) -> list[Pair]:
    """SUSPENDs of ops that are resumed in the same run."""
    tape, found = scene.tape, []
    for place in tape.places("SUSPEND"):
        run, op = scene.run_of(place), tape.events[place].get("op")
        later = [at for at in tape.places("RESUME", op=op, ok=True) if place < at < run.stop]
        if later:
            found.append((place, later[0]))
    return found


def _group(scene: Scene, resume: int) -> tuple[Life, Life] | None:
    """The segment that resumes, and the chain segment committed with it, where both are whole."""
    event = scene.tape.events[resume]
    by, run = scene.lives.get(event.get("by_seg")), scene.run_of(resume)
    chains = [
        life
        for life in scene.by_op.get(event.get("op"), ())
        if life.source == Source.RESUME_CHAIN
        and scene.times[life.commit] == event.time_ns
        and life.commit in run
    ]
    if by is None or not chains or not (scene.is_whole(by) and scene.is_whole(chains[0])):
        return None
    return by, chains[0]


@breaking("chain-shortened", "segment-chain", domain="nand")
def chain_shortened(tape: Tape, chance: Random) -> Tape | None:
    """What goes on after a suspend is done before its work is."""
    scene, found = tape.view(scene_of), []
    for _, resume in _pairs(scene):
        group = _group(scene, resume)
        if group is None or scene.in_drain(resume):
            continue
        end = group[1].ends[0]
        if scene.times[end - 1] <= group[1].end_ns - GRID_NS and group[1].states:
            found.append(group[1])
    life = chosen(chance, found)
    if life is None:
        return None
    edits: dict[int, TapeEvent] = {}
    for place in [life.ends[0], *(at for at in life.effects if at > life.ends[0])]:
        edits[place] = replace(tape.events[place], time_ns=life.end_ns - GRID_NS)
    edited = _edited(tape, edits)
    edited = edited.changed(life.commit, end_ns=life.end_ns - GRID_NS)
    return edited.changed(life.states[-1], until_ns=life.end_ns - GRID_NS)


def _edited(tape: Tape, edits: Mapping[int, TapeEvent]) -> Tape:
    return replace(
        tape, events=[edits.get(place, event) for place, event in enumerate(tape.events)]
    )


@breaking("more-kept-and-restored", "remaining-exact", domain="nand")
def more_kept_and_restored(tape: Tape, chance: Random) -> Tape | None:
    """A suspend keeps more than was left, and its resume restores as much."""
    pair = chosen(chance, _pairs(tape.view(scene_of)))
    if pair is None:
        return None
    more = GRID_NS * chance.randint(1, 9)
    for place in pair:
        told = tape.events[place].get("remaining_ns")
        if told is None:
            return None
        tape = tape.changed(place, remaining_ns=told + more)
    return tape


@breaking("suspended-before-it-was-busy", "suspend-in-core-busy", domain="nand")
def suspended_before_it_was_busy(tape: Tape, chance: Random) -> Tape | None:
    """An op is suspended before its array is busy, and keeps all of that work."""
    scene, found = tape.view(scene_of), []
    for suspend, resume in _pairs(scene):
        event = tape.events[suspend]
        lives = [
            life
            for life in scene.by_op[event.fields["op"]]
            if life.starts and life.starts[0] < suspend and suspend in scene.run_of(life.starts[0])
        ]
        if not lives:
            continue
        states = [tape.events[at] for at in lives[-1].states]
        busy = [n for n, state in enumerate(states) if state.get("state") == State.CORE_BUSY]
        if busy and busy[0] > 0 and tape.events[resume].get("remaining_ns") is not None:
            at_ns = states[busy[0] - 1].fields["until_ns"] - GRID_NS
            found.append((suspend, resume, at_ns, lives[-1].end_ns - at_ns))
    picked = chosen(chance, found)
    if picked is None:
        return None
    suspend, resume, at_ns, left_ns = picked
    changed = tape.changed(suspend, at_ns=at_ns, remaining_ns=left_ns)
    return changed.changed(resume, remaining_ns=left_ns)


@breaking("resume-skipped", "op-closed", domain="nand")
def resume_skipped(tape: Tape, chance: Random) -> Tape | None:
    """A suspended op is never resumed."""
    scene, found = tape.view(scene_of), []
    for _, resume in _pairs(scene):
        group, run = _group(scene, resume), scene.run_of(resume)
        judged = tape.events[run.stop - 1].get("end") != RunEnd.CARRIED
        if group is not None and judged and not scene.in_drain(resume):
            found.append((resume, group))
    picked = chosen(chance, found)
    if picked is None:
        return None
    resume, (by, chain) = picked
    changed = counted(tape, scene.run_of(resume).stop - 1, ops=-1)
    return changed.without(resume, *by.places, *chain.places)


@breaking("suspend-of-nothing", "suspend-has-target", domain="nand")
def suspend_of_nothing(tape: Tape, chance: Random) -> Tape | None:
    """A SUSPEND acts on nothing."""
    place = chosen(chance, tape.places("OP_START"))
    if place is None or not tape.places("SUSPEND"):
        return None
    event = tape.events[place]
    seg, die = event.fields["seg"], tape.view(scene_of).lives[event.fields["seg"]].die
    fields = {"die": die, "axis": Axis.ERASE.value, "at_ns": event.time_ns, "by_seg": seg}
    return tape.inserted(place + 1, TapeEvent("SUSPEND", event.time_ns, event.run, fields))


@breaking("resume-of-nothing", "resume-has-target", domain="nand")
def resume_of_nothing(tape: Tape, chance: Random) -> Tape | None:
    """A RESUME finds nothing to resume."""
    place = chosen(chance, tape.places("OP_START"))
    if place is None or not tape.places("RESUME"):
        return None
    event = tape.events[place]
    seg, die = event.fields["seg"], tape.view(scene_of).lives[event.fields["seg"]].die
    fields = {"die": die, "axis": Axis.ERASE.value, "ok": False, "by_seg": seg}
    return tape.inserted(place + 1, TapeEvent("RESUME", event.time_ns, event.run, fields))


@breaking("erase-resumed-first", "nested-order", domain="nand")
def erase_resumed_first(tape: Tape, chance: Random) -> Tape | None:
    """A suspended erase is resumed while a program within it is still suspended."""
    scene, found = tape.view(scene_of), []
    for _, resume in _pairs(scene):
        if tape.events[resume].get("axis") != Axis.ERASE or scene.in_drain(resume):
            continue
        group = _group(scene, resume)
        if group is None:
            continue
        found += [(resume, group, earlier) for earlier in _waits_of_programs(scene, resume, group)]
    picked = chosen(chance, found)
    if picked is None:
        return None
    resume, (by, chain), start_ns = picked
    return _earlier(tape, [resume, *by.places, *chain.places], by.start_ns - start_ns)


def _waits_of_programs(scene: Scene, resume: int, group: tuple[Life, Life]) -> Iterator[int]:
    """Times at which the erase could have been resumed and be done while a program of its die waits."""
    by, chain = group
    length_ns, die = chain.end_ns - by.start_ns, by.die
    for suspend, other in _pairs(scene):
        event = scene.tape.events[suspend]
        if event.get("axis") != Axis.PROGRAM or event.get("die") != die or other >= resume:
            continue
        if scene.run_of(other) != scene.run_of(resume):
            continue
        busy = [
            max(life.places)
            for life in scene.lives.values()
            if life.die == die and min(life.places) < other and life.starts
            and life.source != Source.RESUME_CHAIN and max(life.places) < other
        ]  # fmt: skip
        begin_ns = scene.times[max([suspend, *busy])]
        for start_ns in (begin_ns + GRID_NS, begin_ns + 3 * GRID_NS):
            if start_ns + length_ns < scene.times[other] and _fits(scene, group, start_ns):
                yield start_ns
                break


def _fits(scene: Scene, group: tuple[Life, Life], start_ns: int) -> bool:
    """Whether nothing happens at the times at which the group's events would come."""
    by, chain = group
    times, early_ns = set(scene.times), by.start_ns - start_ns
    moved = {scene.times[at] - early_ns for at in (*by.places, *chain.places)}
    return not moved & times and bus_is_free(scene.tape, start_ns, start_ns + 1_000)


def _earlier(tape: Tape, places: list[int], by_ns: int) -> Tape:
    """With events moved to earlier times, and the times that they tell."""
    events = [
        _shifted(event, -by_ns) if at in places else event for at, event in enumerate(tape.events)
    ]
    return replace(tape, events=sorted(events, key=lambda event: event.time_ns))


def _shifted(event: TapeEvent, by_ns: int) -> TapeEvent:
    """At another time, with the times that it tells."""
    told: dict[str, Any] = {
        name: value + by_ns if name in ("start_ns", "end_ns", "until_ns") else value
        for name, value in event.fields.items()
    }
    return replace(event, time_ns=event.time_ns + by_ns, fields=told)


@breaking("backlog-overtaken", "backlog-fifo", domain="nand")
def backlog_overtaken(tape: Tape, chance: Random) -> Tape | None:
    """Of two ops in the backlog of a die the one that came later leaves first."""
    comes, found = tape.places("BACKLOG", on=True), []
    for first, second in pairwise(comes):
        one, other = tape.events[first], tape.events[second]
        leave = tape.places("BACKLOG", on=False, op=one.get("op"))
        if one.get("die") == other.get("die") and leave and leave[0] > second:
            found.append((first, second))
    picked = chosen(chance, found)
    if picked is None:
        return None
    one, other = (tape.events[place].get("op") for place in picked)
    return tape.changed(picked[0], op=other).changed(picked[1], op=one)


@breaking("reset-misses-what-ran", "reset-ends-all", domain="nand")
def reset_misses_what_ran(tape: Tape, chance: Random) -> Tape | None:
    """A reset leaves an op running that it finds."""
    places = tape.places("OP_END", outcome=Outcome.RESET)
    place = chosen(chance, places)
    return None if place is None else tape.without(place)
