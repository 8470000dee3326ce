"""Ops that nobody should have let in: whole and well told, but started where they may not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from nandtrace.check.mutation.nand_editing import (
    GRID_NS,
    NewOp,
    restated_after,
    with_block,
    with_op,
)
from nandtrace.check.mutation.nand_scene import Cell, Scene, names_of, scene_of
from nandtrace.check.mutation.nand_situation import bus_is_free, holders_at, keeps_out, windows_of
from nandtrace.check.mutation.operators import breaking
from nandtrace.check.mutation.tape import Tape
from nandtrace.check.rules import BaseRules
from nandtrace.vocab.nand import Role, Scope

_TRIES = 200


def _commands(scene: Scene, scope: Scope, role: Role = Role.OTHER) -> list[str]:
    """Names of ops of a scope and role that nothing must follow, and that take the die as a whole."""
    sequences = scene.rules.sequences or {}
    found = [
        name
        for name, base in scene.tape.view(names_of).items()
        if scene.rules.bases[base].scope is scope
        and scene.rules.bases[base].role is role
        and not scene.rules.bases[base].instant
        and () in sequences.get(base, ((),))
    ]
    # The shortest fit between what runs.
    return sorted(found, key=lambda name: (_length(scene, name), name))[:6]


def _length(scene: Scene, name: str) -> int:
    return sum(state.duration_ns for state in scene.rules.op_states[name])


def _moments(scene: Scene, chance: Random, length_ns: int) -> Iterator[int]:
    """Times at which an op of a length may start and end while nothing happens, in no order."""
    spans = [
        (begin, end, scene.times[scene.drain_of(run)])
        for run in scene.runs
        for begin, end in scene.quiet(run)
    ]
    times = set(scene.times)
    for begin, end, last in chance.sample(spans, len(spans)):
        starts = [begin + GRID_NS, begin + (end - begin) // 2 // GRID_NS * GRID_NS]
        for start_ns in starts:
            over_ns = start_ns + length_ns
            if begin < start_ns < end and over_ns < last and over_ns not in times:
                yield start_ns


def _op(scene: Scene, name: str, start_ns: int, target: tuple[int, int, int, int | None]) -> NewOp:
    base = scene.tape.view(names_of)[name]
    return NewOp(name, base, start_ns, scene.rules.op_states[name], (target,))


def _intruder(tape: Tape, chance: Random, kept_out_by: str) -> Tape | None:
    """A command of a die that only one thing keeps out, where there is such a moment."""
    scene = tape.view(scene_of)
    second: Tape | None = None
    for name in _commands(scene, Scope.NONE):
        base = tape.view(names_of)[name]
        for start_ns in _moments(scene, chance, _length(scene, name)):
            die = chance.randrange(scene.rules.dies or 1)
            reasons = keeps_out(tape, die, start_ns, base)
            if kept_out_by not in reasons:
                continue
            if not bus_is_free(tape, start_ns, start_ns + _length(scene, name)):
                continue
            made = with_op(tape, _op(scene, name, start_ns, (die, 0, 0, None)))
            if reasons == {kept_out_by}:
                return made
            second = second or made
    return second


@breaking("started-in-a-busy-state", "excluded-by-op-state", domain="nand")
def started_in_a_busy_state(tape: Tape, chance: Random) -> Tape | None:
    """A command starts while its die is in a state of an op that keeps it out."""
    return _intruder(tape, chance, "op")


@breaking("started-on-a-full-latch", "excluded-by-latch", domain="nand")
def started_on_a_full_latch(tape: Tape, chance: Random) -> Tape | None:
    """A command starts that a full latch keeps out."""
    return _intruder(tape, chance, "latch")


@breaking("started-in-a-cache-state", "excluded-by-cache", domain="nand")
def started_in_a_cache_state(tape: Tape, chance: Random) -> Tape | None:
    """A command starts that a cache state keeps out."""
    return _intruder(tape, chance, "cache")


@breaking("started-while-suspended", "excluded-by-suspend", domain="nand")
def started_while_suspended(tape: Tape, chance: Random) -> Tape | None:
    """A command starts that something suspended, or that nothing is, keeps out."""
    return _intruder(tape, chance, "suspend")


@breaking("started-unterminated", "excluded-by-odt", domain="nand")
def started_unterminated(tape: Tape, chance: Random) -> Tape | None:
    """A command starts on a die whose termination is off."""
    return _intruder(tape, chance, "odt")


@breaking("started-on-a-busy-bus", "bus-exclusive", domain="nand")
def started_on_a_busy_bus(tape: Tape, chance: Random) -> Tape | None:
    """A command starts on the bus while another holds it."""
    scene = tape.view(scene_of)
    held = [window for window in tape.view(windows_of) if window.bus]
    for name in _commands(scene, Scope.NONE):
        base = tape.view(names_of)[name]
        if not scene.rules.op_states[name][0].bus:
            continue
        for start_ns in _moments(scene, chance, _length(scene, name)):
            die = chance.randrange(scene.rules.dies or 1)
            taken = any(window.holds_at(start_ns) for window in held)
            if taken and not keeps_out(tape, die, start_ns, base):
                return with_op(tape, _op(scene, name, start_ns, (die, 0, 0, None)))
    return None


@breaking("started-on-a-held-plane", "plane-exclusive", domain="nand")
def started_on_a_held_plane(tape: Tape, chance: Random) -> Tape | None:
    """An op that holds its die starts while another holds a plane of it."""
    scene = tape.view(scene_of)
    for name in _commands(scene, Scope.DIE_WIDE):
        base = tape.view(names_of)[name]
        for start_ns in _moments(scene, chance, _length(scene, name)):
            die = chance.randrange(scene.rules.dies or 1)
            over_ns = start_ns + _length(scene, name)
            if (
                holders_at(tape, die, start_ns)
                and not keeps_out(tape, die, start_ns, base)
                and holders_at(tape, die, start_ns) == holders_at(tape, die, over_ns)
            ):
                return with_op(tape, _op(scene, name, start_ns, (die, 0, 0, None)))
    return None


@breaking("interleaving-forbidden", "multi-plane-exclusive", domain="nand")
def interleaving_forbidden(tape: Tape, chance: Random) -> Tape | None:  # noqa: ARG001 - all at once
    """Reads of two planes overlap on a device that lets none overlap."""
    scene = tape.view(scene_of)
    interleaving = scene.rules.interleaving_bases or ()
    spans = [
        (life.die, scene.times[life.starts[0]], scene.times[life.ends[0]], life.commit)
        for life in scene.whole()
        if life.base in interleaving
    ]
    overlap = any(
        one[0] == other[0] and one[1] < other[2] and other[1] < one[2] and one[3] < other[3]
        for one in spans
        for other in spans
    )
    if not overlap:
        return None
    device = {**tape.header.device, "interleaving_bases": []}
    return tape.under(replace(tape.header, device=device))


@breaking("bad-block-used", "bad-block-untouched", domain="nand")
def bad_block_used(tape: Tape, chance: Random) -> Tape | None:
    """A block is used that the header calls bad."""
    scene = tape.view(scene_of)
    cells = sorted(
        {
            (target[0], target[2])
            for life in scene.lives.values()
            for target in life.targets
            if target[3] is not None
        }
    )
    if not cells or not scene.rules.has_topology:
        return None
    bad = [*tape.header.device.get("bad_blocks", ()), list(chance.choice(cells))]
    return tape.under(replace(tape.header, device={**tape.header.device, "bad_blocks": bad}))


# ---- programs that nobody should have done


def _programs(scene: Scene) -> list[str]:
    """Names of single-plane programs that nothing must follow."""
    sequences = scene.rules.sequences or {}
    return [
        name
        for name, base in scene.tape.view(names_of).items()
        if scene.rules.bases[base].role is Role.PROGRAM
        and base in (scene.rules.program_bases or ())
        and _does_nothing_else(scene.rules.bases[base])
        and () in sequences.get(base, ((),))
        and "Multi" not in name
    ]


def _does_nothing_else(base: BaseRules) -> bool:
    return not (base.fills or base.enters or base.scope is Scope.NONE)


def _program(
    tape: Tape, chance: Random, cells: list[tuple[Cell, int, int]], *, counts: bool = True
) -> Tape | None:
    """With a program of a page of one of the blocks, each with its page and the place from which on
    nobody else uses it; snapshots follow. None where there is no time for it."""
    scene = tape.view(scene_of)
    for name in _programs(scene)[:1]:
        base = tape.view(names_of)[name]
        for start_ns in _moments(scene, chance, _length(scene, name)):
            fitting = [item for item in cells if item[2] <= scene.place_at(start_ns)]
            if not fitting:
                continue
            (die, block), page, _ = chance.choice(fitting)
            over_ns = start_ns + _length(scene, name)
            busy = any(holders_at(tape, die, at) for at in (start_ns, over_ns))
            if (
                busy
                or keeps_out(tape, die, start_ns, base)
                or _is_used(tape, die, start_ns, over_ns)
            ):
                continue
            if not bus_is_free(tape, start_ns, over_ns):
                continue
            mode = (tape.events[0].snapshot or {}).get("cell_modes") and _mode(scene, (die, block))
            told = {"celltype": mode, "aborted": False, "cells": [(die, block, page)]}
            plane = block % (scene.rules.planes or 1)
            op = replace(
                _op(scene, name, start_ns, (die, plane, block, page)),
                effects=(("APPLY_PGM", told),) if counts else (),
            )
            made = with_op(tape, op)
            return (
                with_block(made, scene.place_at(start_ns), (die, block), page) if counts else made
            )
    return None


def _is_used(tape: Tape, die: int, begin_ns: int, end_ns: int) -> bool:
    """Whether anything starts on a die between two times, or is suspended there."""
    scene = tape.view(scene_of)
    span = range(scene.place_at(begin_ns), scene.place_at(end_ns))
    starts = [scene.tape.events[at] for at in span if scene.tape.events[at].kind == "OP_START"]
    return any(scene.lives[event.fields["seg"]].die == die for event in starts)


def _mode(scene: Scene, cell: Cell) -> str | None:
    """The cell mode that a block has in the end."""
    for event in reversed(scene.tape.events):
        if event.snapshot is not None and "cell_modes" in event.snapshot:
            mode: str | None = event.snapshot["cell_modes"][scene.number_of(cell)]
            return mode
    return None


def _blocks(scene: Scene) -> list[tuple[Cell, int, int]]:
    """Good blocks, their state in the end, and the place from which on nobody uses them."""
    dies, blocks = range(scene.rules.dies or 0), range(scene.rules.blocks_per_die or 0)
    found = []
    for cell in [(die, block) for die in dies for block in blocks]:
        if cell in scene.rules.bad_blocks:
            continue
        uses = scene.uses_of(cell, 0)
        free_from = max((max(life.places) + 1 for life in uses), default=0)
        found.append((cell, scene.state_of(cell, len(scene.tape.events)), free_from))
    return found


@breaking("programmed-unerased", "program-after-erase", domain="nand")
def programmed_unerased(tape: Tape, chance: Random) -> Tape | None:
    """A page is programmed in a block that was never erased."""
    scene = tape.view(scene_of)
    first = (tape.events[0].snapshot or {}).get("addr_state") or []
    cells = [
        (cell, 0, free)
        for cell, state, free in _blocks(scene)
        if state == -2 and free == 0 and first and first[scene.number_of(cell)] == -2
    ]
    return _program(tape, chance, cells)


@breaking("page-skipped", "page-ascending", domain="nand")
def page_skipped(tape: Tape, chance: Random) -> Tape | None:
    """A program leaves a page of its block out."""
    scene = tape.view(scene_of)
    pages = scene.rules.pages_per_block or 0
    cells = [
        (cell, state + 2, free)
        for cell, state, free in _blocks(scene)
        if -1 <= state < pages - 2 and free
    ]
    return _program(tape, chance, cells)


@breaking("program-uncounted", "apply-pgm-matched", domain="nand")
def program_uncounted(tape: Tape, chance: Random) -> Tape | None:
    """A page is programmed, and nobody counts it."""
    scene = tape.view(scene_of)
    pages = scene.rules.pages_per_block or 0
    cells = [
        (cell, state + 1, free)
        for cell, state, free in _blocks(scene)
        if -1 <= state < pages - 1 and free
    ]
    return _program(tape, chance, cells, counts=False)


# ---- reads and deliveries


@breaking("delivered-unread", "dout-matches-read", domain="nand")
def delivered_unread(tape: Tape, chance: Random) -> Tape | None:
    """A page is delivered that was not read: the register holds another one."""
    scene = tape.view(scene_of)
    pages = scene.rules.pages_per_block or 0
    names = [
        name for name, base in tape.view(names_of).items()
        if scene.rules.bases[base].role is Role.DATA_OUT
    ]  # fmt: skip
    delivered = [life for life in scene.whole(Role.DATA_OUT) if life.targets[0][3] is not None]
    for name in names[:1]:
        base = tape.view(names_of)[name]
        for life in chance.sample(delivered, len(delivered)):
            begin, run = life.ends[0], scene.run_of(life.ends[0])
            for start_ns in _moments(scene, chance, _length(scene, name)):
                place = scene.place_at(start_ns)
                if place not in range(begin + 1, run.stop) or _is_touched(
                    scene, life.die, begin, place
                ):
                    continue
                if keeps_out(tape, life.die, start_ns, base):
                    continue
                if not bus_is_free(tape, start_ns, start_ns + _length(scene, name)):
                    continue
                die, plane, block, page = life.targets[0]
                target = (die, plane, block, ((page or 0) + 1) % pages)
                return with_op(tape, _op(scene, name, start_ns, target))
    return None


def _is_touched(scene: Scene, die: int, begin: int, place: int) -> bool:
    """Whether anything runs on a die from one place to another."""
    return any(
        life.die == die and life.starts and life.starts[0] < place and max(life.places) > begin
        for life in scene.lives.values()
        if begin not in life.ends
    )


@breaking("read-undelivered", "read-has-dout", domain="nand")
def read_undelivered(tape: Tape, chance: Random) -> Tape | None:
    """A page is read, and the run is over before anyone fetches it."""
    scene = tape.view(scene_of)
    names = [name for name in _commands_that_read(scene) if "Multi" not in name and "SLC" in name]
    run = scene.runs[-1]
    for name in names:
        base = tape.view(names_of)[name]
        latch = scene.rules.bases[base].fills
        for start_ns in _moments(scene, chance, _length(scene, name)):
            place, over_ns = scene.place_at(start_ns), start_ns + _length(scene, name)
            if place not in run:
                continue
            for cell, state, _ in _blocks(scene):
                die, plane = cell[0], cell[1] % (scene.rules.planes or 1)
                if state < 0 or scene.state_of(cell, place) < 0:
                    continue
                if _is_busy_until_the_end(scene, die, place) or keeps_out(
                    tape, die, start_ns, base
                ):
                    continue
                if not bus_is_free(tape, start_ns, over_ns):
                    continue
                told = {"on": True, "die": die, "plane": plane, "latch": latch}
                op = replace(
                    _op(scene, name, start_ns, (die, plane, cell[1], 0)), effects=(("LATCH", told),)
                )
                return restated_after(
                    with_op(tape, op),
                    place,
                    lambda state, entry=[die, plane, latch]: {  # type: ignore[misc]
                        **state, "latches": sorted([*state["latches"], entry])
                    },
                )  # fmt: skip
    return None


def _commands_that_read(scene: Scene) -> list[str]:
    sequences = scene.rules.sequences or {}
    return [
        name
        for name, base in scene.tape.view(names_of).items()
        if scene.rules.bases[base].role is Role.READ and () in sequences.get(base, ((),))
    ]


def _is_busy_until_the_end(scene: Scene, die: int, place: int) -> bool:
    """Whether anything of a die happens from a place on."""
    return any(life.die == die and max(life.places) >= place for life in scene.lives.values())
