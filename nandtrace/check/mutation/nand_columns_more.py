"""Of the kinds of event that say what ops do: one column of one event says something else."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from nandtrace.check.mutation.nand_families import Say, saying
from nandtrace.check.mutation.nand_scene import Scene
from nandtrace.vocab.nand import Axis, CancelReason, Source

Fields = Mapping[str, Any] | None

_UNKNOWN = 1_000_000
_GRID_NS = 10


def _told(scene: Scene, place: int, name: str) -> Any:
    return scene.tape.events[place].get(name)


def _instead(name: str, value: Any) -> Say:
    """Every event that tells it says this instead."""

    def say(scene: Scene, place: int, _: Random) -> Fields:
        told = _told(scene, place, name)
        return None if told is None or told == value else {name: value}

    return say


def _later(name: str) -> Say:
    def say(scene: Scene, place: int, chance: Random) -> Fields:
        told = _told(scene, place, name)
        return None if told is None else {name: told + _GRID_NS * chance.randint(1, 9)}

    return say


def _other_axis(scene: Scene, place: int, _: Random) -> Fields:
    return {"axis": Axis.ERASE if _told(scene, place, "axis") == Axis.PROGRAM else Axis.PROGRAM}


def _knows_its_segment(scene: Scene, place: int) -> bool:
    """Whether the op of a SUSPEND was committed in its run, not taken over from the one before."""
    run = scene.run_of(place)
    lives = scene.by_op[_told(scene, place, "op")]
    return any(life.commit in range(run.start, place) for life in lives)


def _of_known(say: Say) -> Say:
    def known(scene: Scene, place: int, chance: Random) -> Fields:
        return say(scene, place, chance) if _knows_its_segment(scene, place) else None

    return known


def _unless(name: str, value: Any, say: Say) -> Say:
    """Of events that do not tell a value."""

    def other(scene: Scene, place: int, chance: Random) -> Fields:
        return None if _told(scene, place, name) == value else say(scene, place, chance)

    return other


SUSPEND_DIE = saying(
    "suspend-of-another-die",
    "suspend-has-target",
    "SUSPEND",
    "A SUSPEND acts on an op of another die.",
    _of_known(_instead("die", _UNKNOWN)),
)
SUSPEND_AXIS = saying(
    "suspend-of-another-axis",
    "suspend-has-target",
    "SUSPEND",
    "A SUSPEND of an axis acts on an op of the other one.",
    _of_known(_other_axis),
)
SUSPEND_OP = saying(
    "suspend-of-no-op",
    "suspend-has-target",
    "SUSPEND",
    "A SUSPEND acts on an op that there is not.",
    _instead("op", _UNKNOWN),
)
SUSPEND_AT = saying(
    "suspend-elsewhen",
    "remaining-exact",
    "SUSPEND",
    "A SUSPEND cuts at another time than the one from which it counts what is left.",
    _of_known(_later("at_ns")),
)
SUSPEND_KEEPS = saying(
    "suspend-keeps-too-much",
    "remaining-exact",
    "SUSPEND",
    "A SUSPEND keeps more of an op than was left.",
    _of_known(_later("remaining_ns")),
)
SUSPEND_BY = saying(
    "suspend-by-nobody",
    "refs-resolve",
    "SUSPEND",
    "A SUSPEND is done by a segment that there is not.",
    _instead("by_seg", _UNKNOWN),
)
RESUME_DIE = saying(
    "resume-of-another-die",
    "resume-has-target",
    "RESUME",
    "A RESUME is of another die than its op.",
    _instead("die", _UNKNOWN),
)
RESUME_AXIS = saying(
    "resume-of-another-axis",
    "resume-has-target",
    "RESUME",
    "A RESUME of an axis is of an op of the other one.",
    _other_axis,
)
RESUME_OP = saying(
    "resume-of-no-op",
    "resume-has-target",
    "RESUME",
    "A RESUME is of an op that there is not.",
    _instead("op", _UNKNOWN),
)
RESUME_FAILED = saying(
    "resume-failed",
    "resume-has-target",
    "RESUME",
    "A RESUME says that there was nothing to resume.",
    _instead("ok", False),
)
RESUME_LEFT = saying(
    "resume-remaining-changed",
    "resume-restores",
    "RESUME",
    "A RESUME gives an op back more work than was kept of it.",
    lambda scene, place, chance: (
        _later("remaining_ns")(scene, place, chance) if _was_cut_in_its_run(scene, place) else None
    ),
)
RESUME_BY = saying(
    "resume-by-nobody",
    "refs-resolve",
    "RESUME",
    "A RESUME is done by a segment that there is not.",
    _instead("by_seg", _UNKNOWN),
)
RESUME_SOURCE = saying(
    "resume-not-by-the-drain",
    "nothing-proposed-after-run-until",
    "RESUME",
    "An op is resumed after run_until, and not by the drain.",
    lambda scene, place, _: (
        {"source": Source.PROPOSAL.value}
        if _told(scene, place, "source") == Source.DRAIN and _is_beyond_the_tick(scene, place)
        else None
    ),
)


def _was_cut_in_its_run(scene: Scene, place: int) -> bool:
    run, op = scene.run_of(place), _told(scene, place, "op")
    return any(at in range(run.start, place) for at in scene.tape.places("SUSPEND", op=op))


def _is_beyond_the_tick(scene: Scene, place: int) -> bool:
    """Whether something happened at or after run_until before the time of an event."""
    run, time_ns = scene.run_of(place), scene.times[place]
    until_ns = scene.tape.events[run.start].get("run_until_ns")
    return any(until_ns <= scene.times[at] < time_ns for at in range(run.start, place))


CANCEL_SEG = saying(
    "cancel-seg-unknown",
    "refs-resolve",
    "CANCEL",
    "A CANCEL is of a segment that was never committed.",
    _instead("seg", _UNKNOWN),
)
CANCEL_EVENT = saying(
    "cancel-of-the-start",
    "one-op-start-per-segment",
    "CANCEL",
    "What a suspend withdraws is the OP_START of what runs.",
    lambda scene, place, _: (
        {"event": "OP_START"}
        if _told(scene, place, "reason") == CancelReason.SUSPEND
        and scene.lives[_told(scene, place, "seg")].commit in scene.run_of(place)
        else None
    ),
)
CANCEL_DUE = saying(
    "cancel-due-changed",
    "refs-resolve",
    "CANCEL",
    "What is withdrawn was due at another time.",
    lambda scene, place, chance: (
        _later("due_ns")(scene, place, chance)
        if _told(scene, place, "reason") == CancelReason.SUSPEND
        else None
    ),
)
CANCEL_REASON = saying(
    "cancel-for-a-reset",
    "one-op-end-per-segment",
    "CANCEL",
    "An OP_END is withdrawn for a reset, where there was a suspend.",
    _unless("reason", CancelReason.RESET.value, _instead("reason", CancelReason.RESET.value)),
)


def _modes_told(say: Say) -> Say:
    """Of traces whose header tells what modes blocks take."""

    def told(scene: Scene, place: int, chance: Random) -> Fields:
        known = scene.rules.celltype_compatible is not None
        return say(scene, place, chance) if known else None

    return told


def _whole_apply(say: Say) -> Say:
    return _unless("aborted", True, say)


def _other_cells(place_of: int, by: int) -> Say:
    """The first cell of an APPLY is another one: of die, block, page the n-th number."""

    def say(scene: Scene, place: int, _: Random) -> Fields:
        cells = [list(cell) for cell in _told(scene, place, "cells")]
        if scene.lives[_told(scene, place, "seg")].commit not in scene.run_of(place):
            return None
        cells[0][place_of] += by
        return {"cells": [tuple(cell) for cell in cells]}

    return say


APPLY_PGM_SEG = saying(
    "apply-pgm-seg-unknown",
    "refs-resolve",
    "APPLY_PGM",
    "What programs a page was never committed.",
    _instead("seg", _UNKNOWN),
)
APPLY_PGM_DIE = saying(
    "apply-pgm-of-another-die", "apply-pgm-matched", "APPLY_PGM", "A program counts on another die.",
    _other_cells(0, 1),
)  # fmt: skip
APPLY_PGM_BLOCK = saying(
    "apply-pgm-of-another-block",
    "apply-pgm-matched",
    "APPLY_PGM",
    "A program counts in another block.",
    _other_cells(1, 1),
)
APPLY_PGM_PAGE = saying(
    "apply-pgm-of-another-page",
    "apply-pgm-matched",
    "APPLY_PGM",
    "A program counts for another page.",
    _other_cells(2, 1),
)
APPLY_PGM_CELLTYPE = saying(
    "apply-pgm-of-another-celltype",
    "celltype-match",
    "APPLY_PGM",
    "A page is programmed in a mode that its block was not erased in.",
    _modes_told(_instead("celltype", "OTHER")),
)
APPLY_PGM_ABORTED = saying(
    "apply-pgm-called-aborted",
    "apply-pgm-matched",
    "APPLY_PGM",
    "A program counts as aborted that no reset ended.",
    _whole_apply(_instead("aborted", True)),
)
APPLY_PGM_WHOLE = saying(
    "apply-pgm-called-whole",
    "reset-ends-all",
    "APPLY_PGM",
    "A program that a reset ended counts as if it were whole.",
    _instead("aborted", False),
)
APPLY_ERASE_SEG = saying(
    "apply-erase-seg-unknown",
    "refs-resolve",
    "APPLY_ERASE",
    "What erases a block was never committed.",
    _instead("seg", _UNKNOWN),
)
APPLY_ERASE_BLOCK = saying(
    "apply-erase-of-another-block",
    "apply-erase-matched",
    "APPLY_ERASE",
    "An erase counts for another block.",
    _other_cells(1, 1),
)
APPLY_ERASE_ABORTED = saying(
    "apply-erase-called-aborted",
    "apply-erase-matched",
    "APPLY_ERASE",
    "An erase counts as aborted that no reset ended.",
    _whole_apply(_instead("aborted", True)),
)
APPLY_ERASE_WHOLE = saying(
    "apply-erase-called-whole",
    "reset-ends-all",
    "APPLY_ERASE",
    "An erase that a reset ended counts as if it were whole.",
    _instead("aborted", False),
)
APPLY_ERASE_CELLTYPE = saying(
    "apply-erase-of-another-celltype",
    "snapshot-matches-replay",
    "APPLY_ERASE",
    "A block is erased for another mode than the scheduler believes.",
    lambda scene, place, _: {"celltype": "OTHER"} if _is_last_erase(scene, place) else None,
)


def _is_last_erase(scene: Scene, place: int) -> bool:
    """Whether no erase of its first block comes later in the run; aborted ones have no mode."""
    run, event = scene.run_of(place), scene.tape.events[place]
    if event.get("aborted"):
        return False
    die, block, _ = event.fields["cells"][0]
    later = [
        item[:2]
        for at in scene.tape.places("APPLY_ERASE")
        if at in range(place + 1, run.stop)
        for item in scene.tape.events[at].fields["cells"]
    ]
    return (die, block) not in later


LATCH_ON = saying(
    "latch-reopened", "marks-follow-ops", "LATCH", "A latch is filled that must be free, or freed.",
    lambda scene, place, _: {"on": not _told(scene, place, "on")},
)  # fmt: skip
LATCH_PLANE = saying(
    "latch-of-another-plane",
    "marks-follow-ops",
    "LATCH",
    "The latch of another plane is switched.",
    lambda scene, place, _: {
        "plane": (_told(scene, place, "plane") + 1) % (scene.rules.planes or 1)
    },
)
LATCH_DIE = saying(
    "latch-of-another-die", "marks-follow-ops", "LATCH", "The latch of another die is switched.",
    _instead("die", _UNKNOWN),
)  # fmt: skip
LATCH_NAME = saying(
    "latch-renamed", "marks-follow-ops", "LATCH", "Another latch is switched.",
    _instead("latch", "OTHER"),
)  # fmt: skip
LATCH_SEG = saying(
    "latch-seg-unknown", "refs-resolve", "LATCH", "A latch is switched by nobody.",
    _instead("seg", _UNKNOWN),
)  # fmt: skip
CACHE_ON = saying(
    "cache-reopened", "marks-follow-ops", "CACHE", "A cache state is entered that must be left.",
    lambda scene, place, _: {"on": not _told(scene, place, "on")},
)  # fmt: skip
CACHE_PLANE = saying(
    "cache-of-another-plane",
    "marks-follow-ops",
    "CACHE",
    "Another plane changes its cache state.",
    lambda scene, place, _: {
        "plane": (_told(scene, place, "plane") + 1) % (scene.rules.planes or 1)
    },
)
CACHE_NAME = saying(
    "cache-renamed", "marks-follow-ops", "CACHE", "Another cache state changes.",
    _instead("cache", "OTHER"),
)  # fmt: skip
CACHE_SEG = saying(
    "cache-seg-unknown", "refs-resolve", "CACHE", "A cache state is entered by nobody.",
    _instead("seg", _UNKNOWN),
)  # fmt: skip
ODT_ON = saying(
    "odt-flipped", "marks-follow-ops", "ODT", "The termination is set the wrong way.",
    lambda scene, place, _: {"on": not _told(scene, place, "on")},
)  # fmt: skip
ODT_DIE = saying(
    "odt-of-another-die", "marks-follow-ops", "ODT", "The termination of another die is set.",
    _instead("die", _UNKNOWN),
)  # fmt: skip
ODT_SEG = saying(
    "odt-seg-unknown", "refs-resolve", "ODT", "The termination is set by nobody.",
    _instead("seg", _UNKNOWN),
)  # fmt: skip
BACKLOG_OP = saying(
    "backlog-of-another-op",
    "backlog-fifo",
    "BACKLOG",
    "Another op leaves the backlog than came first.",
    _unless("on", True, _instead("op", _UNKNOWN)),
)
BACKLOG_DIE = saying(
    "backlog-of-another-die",
    "backlog-fifo",
    "BACKLOG",
    "An op leaves the backlog of another die.",
    _unless("on", True, _instead("die", _UNKNOWN)),
)
BACKLOG_ON = saying(
    "backlog-flipped", "run-counts", "BACKLOG", "An op leaves the backlog that came, or comes.",
    lambda scene, place, _: {"on": not _told(scene, place, "on")},
)  # fmt: skip
