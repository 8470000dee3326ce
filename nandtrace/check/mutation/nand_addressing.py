"""Ops that address another die, plane, block or page than they may; what depends on them follows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

from nandtrace.check.mutation.nand_editing import chosen
from nandtrace.check.mutation.nand_scene import Life, Scene, scene_of
from nandtrace.check.mutation.operators import breaking
from nandtrace.check.mutation.tape import Tape
from nandtrace.vocab.nand import InheritRule, Role, Source

Target = tuple[int, int, int, int | None]

_PAGE_RULES = (
    InheritRule.SAME_PAGE,
    InheritRule.INC_PAGE,
    InheritRule.PREV_PAGE,
    InheritRule.PGM_SAME_PAGE,
)


def _reads(scene: Scene) -> list[list[Life]]:
    """Reads of one page, each with its delivery and nothing else, that were whole."""
    found = []
    for life in scene.whole(Role.READ):
        batch = scene.batch(life)
        is_plain = len(batch) == 2 and scene.role(batch[1]) is Role.DATA_OUT
        if (
            is_plain
            and life.source != Source.SEQUENCE
            and all(len(item.targets) == 1 for item in batch)
        ):
            found.append(batch)
    return found


def _retargeted(tape: Tape, lives: list[Life], target: Target) -> Tape:
    for life in lives:
        tape = tape.changed(life.commit, targets=[target])
    return tape


@breaking("unprogrammed-page-read", "read-programmed-page", domain="nand")
def unprogrammed_page_read(tape: Tape, chance: Random) -> Tape | None:
    """A page is read and delivered that was not programmed yet."""
    scene, found = tape.view(scene_of), []
    if scene.rules.read_offset_guard is None:
        return None
    for batch in _reads(scene):
        die, plane, block, _ = batch[0].targets[0]
        state = scene.state_of((die, block), batch[0].starts[0])
        free = range(max(state, -1) + 1, scene.rules.pages_per_block or 0)
        found += [(batch, (die, plane, block, page)) for page in free]
    picked = chosen(chance, found)
    return None if picked is None else _retargeted(tape, *picked)


@breaking("read-under-an-erase", "suspended-block-untouched", domain="nand")
def read_under_an_erase(tape: Tape, chance: Random) -> Tape | None:
    """A block is read whose erase is suspended."""
    scene, found = tape.view(scene_of), []
    for batch in _reads(scene):
        die, plane, _, _ = batch[0].targets[0]
        for block in _under_erase(scene, batch[0].starts[0], die, plane):
            page = scene.state_of((die, block), batch[0].starts[0])
            if page >= 0:
                found.append((batch, (die, plane, block, page)))
    picked = chosen(chance, found)
    return None if picked is None else _retargeted(tape, *picked)


def _under_erase(scene: Scene, place: int, die: int, plane: int) -> list[int]:
    """Blocks of a plane of which an erase is suspended when an event comes."""
    found, run = [], scene.run_of(place)
    for suspend in scene.tape.places("SUSPEND", axis="ERASE", die=die):
        op = scene.tape.events[suspend].fields["op"]
        resumes = [at for at in scene.tape.places("RESUME", op=op) if suspend < at]
        until = min([*resumes, run.stop])
        if run.start <= suspend < place < until:
            targets = scene.by_op[op][0].targets
            found += [block for _, at, block, _ in targets if at == plane]
    return found


@breaking("read-on-another-die", "inherit-rules", domain="nand")
def read_on_another_die(tape: Tape, chance: Random) -> Tape | None:
    """A read is on another die than its delivery."""
    scene = tape.view(scene_of)
    dies = scene.rules.dies or 1
    batch = chosen(chance, _reads(scene))
    if batch is None or dies < 2 or not _is_ruled(scene, batch):
        return None
    die, plane, block, page = batch[0].targets[0]
    return _retargeted(tape, batch[:1], ((die + 1) % dies, plane, block, page))


@breaking("delivery-of-another-page", "inherit-rules", domain="nand")
def delivery_of_another_page(tape: Tape, chance: Random) -> Tape | None:
    """A read delivers another page than it addressed."""
    scene = tape.view(scene_of)
    pages = scene.rules.pages_per_block or 0
    batch = chosen(chance, _reads(scene))
    if batch is None or not _is_ruled(scene, batch):
        return None
    die, plane, block, page = batch[1].targets[0]
    return _retargeted(tape, batch[1:], (die, plane, block, ((page or 0) + 1) % pages))


def _is_ruled(scene: Scene, batch: list[Life]) -> bool:
    """Whether a rule says what page the second op of a batch is of, in all alternatives."""
    alternatives = (scene.rules.sequences or {}).get(batch[0].base, ())
    return bool(alternatives) and all(
        steps and set(steps[0].rules) & {rule.value for rule in _PAGE_RULES}
        for steps in alternatives
    )


@breaking("load-of-another-page", "inherit-rules", domain="nand")
def load_of_another_page(tape: Tape, chance: Random) -> Tape | None:
    """A load in the middle of a one-shot program is for another page."""
    scene = tape.view(scene_of)
    pages = scene.rules.pages_per_block or 0
    loads = [
        life
        for life in scene.lives.values()
        if scene.role(life) is Role.LOAD and life.source == Source.SEQUENCE
    ]
    life = chosen(chance, loads)
    if life is None or scene.rules.sequences is None:
        return None
    moved = [(*target[:3], ((target[3] or 0) + 1) % pages) for target in life.targets]
    return tape.changed(life.commit, targets=moved)


@breaking("planes-of-other-pages", "multi-plane-address", domain="nand")
def planes_of_other_pages(tape: Tape, chance: Random) -> Tape | None:
    """The planes of a multi-plane erase have different pages."""
    scene = tape.view(scene_of)
    erases = [
        life
        for life in scene.whole(Role.ERASE)
        if len(life.targets) > 1 and scene.rules.planes is not None
    ]
    life = chosen(chance, erases)
    if life is None:
        return None
    *others, (die, plane, block, page) = life.targets
    return tape.changed(life.commit, targets=[*others, (die, plane, block, (page or 0) + 1)])


@breaking("planes-descending", "multi-plane-address", domain="nand")
def planes_descending(tape: Tape, chance: Random) -> Tape | None:
    """The planes of a multi-plane op descend."""
    scene = tape.view(scene_of)
    lives = [
        life
        for life in scene.whole()
        if len(life.targets) > 1
        and scene.rules.bases[life.base].addressed
        and scene.rules.planes is not None
    ]
    life = chosen(chance, lives)
    return None if life is None else tape.changed(life.commit, targets=life.targets[::-1])


@breaking("erase-of-no-page", "address-in-range", domain="nand")
def erase_of_no_page(tape: Tape, chance: Random) -> Tape | None:
    """An erase names a page that its block lacks."""
    scene = tape.view(scene_of)
    erases = [life for life in scene.whole(Role.ERASE) if len(life.targets) == 1]
    life = chosen(chance, erases)
    if life is None or not scene.rules.has_topology:
        return None
    die, plane, block, _ = life.targets[0]
    return _retargeted(tape, [life], (die, plane, block, scene.rules.pages_per_block))


@breaking("programmed-elsewhere", "snapshot-matches-replay", domain="nand")
def programmed_elsewhere(tape: Tape, chance: Random) -> Tape | None:
    """An op programs another block than the scheduler believes."""
    return _elsewhere(tape, chance, Role.PROGRAM, "APPLY_PGM")


@breaking("erased-elsewhere", "snapshot-matches-replay", domain="nand")
def erased_elsewhere(tape: Tape, chance: Random) -> Tape | None:
    """An op erases another block than the scheduler believes."""
    return _elsewhere(tape, chance, Role.ERASE, "APPLY_ERASE")


def _elsewhere(tape: Tape, chance: Random, role: Role, kind: str) -> Tape | None:
    """With another block for an op of one target that was the last of its run to change its block."""
    scene, found = tape.view(scene_of), []
    blocks, planes = scene.rules.blocks_per_die or 0, scene.rules.planes or 1
    for life in scene.whole(role):
        applies = [place for place in life.effects if tape.events[place].kind == kind]
        if len(applies) != 1 or len(life.targets) != 1:
            continue
        die, plane, block, page = life.targets[0]
        run = scene.run_of(applies[0])
        later = [at for at in scene.changes_of((die, block), applies[0] + 1) if at < run.stop]
        was = scene.state_of((die, block), applies[0])
        changes = was != (-1 if role is Role.ERASE else page)
        other = (block + planes) % blocks
        if not later and changes and other != block and _tells_blocks(scene, run):
            found.append((life, applies[0], (die, plane, other, page)))
    picked = chosen(chance, found)
    if picked is None:
        return None
    life, apply, target = picked
    cell = (*tape.events[apply].fields["cells"][0],)
    moved = tape.changed(apply, cells=[(target[0], target[2], *cell[2:])])
    return _retargeted(moved, [life], target)


def _tells_blocks(scene: Scene, run: range) -> bool:
    edges = (scene.tape.events[run.start], scene.tape.events[run.stop - 1])
    return all("addr_state" in (event.snapshot or {}) for event in edges)


@breaking("sequence-cut-short", "sequence-complete", domain="nand")
def sequence_cut_short(tape: Tape, chance: Random) -> Tape | None:
    """The last op of a sequence is left out; the run counts one less."""
    scene, found = tape.view(scene_of), []
    for life in scene.whole():
        batch = scene.batch(life)
        alternatives = (scene.rules.sequences or {}).get(life.base, ())
        kept = [item.base for item in batch[1:-1]]
        run = scene.run_of(life.commit)
        if (
            life.source == Source.SEQUENCE
            or len(batch) < 2
            or scene.in_drain(max(batch[-1].places))
        ):
            continue
        if max(batch[-1].places) not in run or not alternatives:
            continue
        if kept not in [[step.base for step in steps] for steps in alternatives]:
            found.append((batch[-1], run.stop - 1))
    picked = chosen(chance, found)
    if picked is None:
        return None
    life, end = picked
    event = tape.events[end]
    ops = event.fields["ops"] - 1
    changed = tape.replaced(end, replace(event, fields={**event.fields, "ops": ops}))
    return changed.without(*life.places)


@breaking("page-programmed-again", "page-programmed-once", domain="nand")
def page_programmed_again(tape: Tape, chance: Random) -> Tape | None:
    """What is programmed is the page that was programmed before in its block."""
    found = list(_programmed_before(tape))
    if not found:
        return None
    place, cells = chance.choice(found)
    return tape.changed(place, cells=cells)


def _programmed_before(tape: Tape) -> Iterator[tuple[int, list[Any]]]:
    """APPLY_PGMs that follow another one in all of their blocks, with the cells of that one."""
    last: dict[tuple[int, int], Any] = {}
    for place, event in enumerate(tape.events):
        cells = event.get("cells") or []
        if event.kind == "APPLY_ERASE":
            for die, block, _ in cells:
                last.pop((die, block), None)
        elif event.kind == "APPLY_PGM":
            before = [last.get((die, block)) for die, block, _ in cells]
            if all(before):
                yield place, before
            last.update({(cell[0], cell[1]): cell for cell in cells})
