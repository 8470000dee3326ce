"""Snapshots that say something else than events, or than the snapshot before them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from nandtrace.check.mutation.nand_editing import chosen
from nandtrace.check.mutation.nand_scene import scene_of
from nandtrace.check.mutation.operators import Operator, breaking
from nandtrace.check.mutation.tape import Tape
from nandtrace.vocab.nand import RunEnd

Path = tuple[str | int, ...]

_UNKNOWN = 1_000_000


def _ends_otherwise(field: str, sentence: str) -> Operator:
    """An operator that changes one value of a field that events determine, at the end of a run."""

    def change(tape: Tape, chance: Random) -> Tape | None:
        ends = [place for place in tape.places("RUN_END") if _tells(tape, place, field)]
        place = chosen(chance, ends)
        if place is None:
            return None
        return _with_another_value(tape, place, field, chance)

    change.__doc__ = sentence
    name = f"snapshot-{field.replace('_', '-')}-at-the-end"
    return breaking(name, "snapshot-matches-replay", domain="nand")(change)


def _begins_otherwise(field: str, sentence: str) -> Operator:
    """An operator that changes one value of a field between two runs."""

    def change(tape: Tape, chance: Random) -> Tape | None:
        free = tape.view(scene_of).rules.may_change_between_runs
        begins = [place for place in tape.places("RUN_BEGIN")[1:] if _tells(tape, place, field)]
        place = chosen(chance, begins)
        if place is None or field in free:
            return None
        return _with_another_value(tape, place, field, chance)

    change.__doc__ = sentence
    name = f"snapshot-{field.replace('_', '-')}-between-runs"
    return breaking(name, "snapshot-continuity", domain="nand")(change)


def _tells(tape: Tape, place: int, field: str) -> bool:
    return field in (tape.events[place].snapshot or {})


def _with_another_value(tape: Tape, place: int, field: str, chance: Random) -> Tape:
    """With one value in the field changed, or one more where the field is empty."""
    value = (tape.events[place].snapshot or {})[field]
    path, told = chance.choice([*_leaves(value)])
    return tape.restated(place, (field, *path), _another(told, field, value))


def _leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Paths of the values that are no map and no filled list."""
    if isinstance(value, dict) and value:
        for key in value:
            yield from _leaves(value[key], (*path, key))
    elif isinstance(value, list) and value:
        for place, item in enumerate(value):
            yield from _leaves(item, (*path, place))
    else:
        yield path, value


_ENTRIES: dict[str, Any] = {
    "latches": [0, 0, "OTHER"],
    "caches": [0, 0, "OTHER"],
    "pending": [_UNKNOWN, "PHASE_HOOK", None],
    "hook_places": [0, 0, None],
    "bus": [0, 10, _UNKNOWN],
    "waiting": [_UNKNOWN, "OTHER", 0, 0],
}
"""What an entry of a list looks like, where it is no number."""


def _another(told: Any, field: str, whole: Any) -> Any:
    match told:
        case bool():
            other: Any = not told
        case int():
            other = told + 1
        case float():
            other = told + 0.5
        case str():
            other = f"{told}?"
        case None:
            other = {"cell_modes": "SLC", "bootstrap": "OTHER"}.get(field, 0)
        case dict():
            other = {"OTHER": 1}
        case _:
            other = [_entry(field, whole)]
    return other


def _entry(field: str, whole: Sequence[Any]) -> Any:
    if field in ("segments", "suspended"):
        return {
            "seg": _UNKNOWN, "op": _UNKNOWN, "op_name": "OTHER", "base": "OTHER",
            "source": "PROPOSAL", "start_ns": 0, "end_ns": 10, "targets": [[0, 0, 0, 0]],
            "cut_ns": 5,
        }  # fmt: skip
    return _ENTRIES.get(field, 0 if field == "odt_disabled" and not whole else _UNKNOWN)


ADDRESSES_AT_THE_END = _ends_otherwise(
    "addr_state", "The snapshot has another page as the last one."
)
MODES_AT_THE_END = _ends_otherwise("cell_modes", "The snapshot has a block in another mode.")
ONGOING_AT_THE_END = _ends_otherwise("ongoing", "The snapshot has other ops ongoing.")
ERASES_AT_THE_END = _ends_otherwise("suspended_erase", "The snapshot has other erases suspended.")
PROGRAMS_AT_THE_END = _ends_otherwise(
    "suspended_program", "The snapshot has other programs suspended."
)
LATCHES_AT_THE_END = _ends_otherwise("latches", "The snapshot has other latches filled.")
CACHES_AT_THE_END = _ends_otherwise("caches", "The snapshot has planes in other cache states.")
ODT_AT_THE_END = _ends_otherwise("odt_disabled", "The snapshot has other terminations off.")
BACKLOG_AT_THE_END = _ends_otherwise("backlog", "The snapshot has other ops in the backlog.")

ADDRESSES_BETWEEN = _begins_otherwise("addr_state", "Between two runs a page is programmed untold.")
MODES_BETWEEN = _begins_otherwise("cell_modes", "Between two runs a block changes its mode.")
ONGOING_BETWEEN = _begins_otherwise("ongoing", "Between two runs an op begins or ends untold.")
ERASES_BETWEEN = _begins_otherwise("suspended_erase", "Between two runs an erase is suspended.")
PROGRAMS_BETWEEN = _begins_otherwise(
    "suspended_program", "Between two runs a program is suspended."
)
LATCHES_BETWEEN = _begins_otherwise("latches", "Between two runs a latch is switched.")
CACHES_BETWEEN = _begins_otherwise("caches", "Between two runs a cache state changes.")
ODT_BETWEEN = _begins_otherwise("odt_disabled", "Between two runs a termination is switched.")
BACKLOG_BETWEEN = _begins_otherwise("backlog", "Between two runs an op comes into the backlog.")
PENDING_BETWEEN = _begins_otherwise("pending", "Between two runs something is queued, or changed.")
BOOTSTRAP_BETWEEN = _begins_otherwise("bootstrap", "Between two runs the bootstrap is another.")
SEGMENTS_BETWEEN = _begins_otherwise("segments", "Between two runs what is reserved changes.")
SUSPENDED_BETWEEN = _begins_otherwise("suspended", "Between two runs what a suspend kept changes.")
NEXT_BETWEEN = _begins_otherwise("next", "Between two runs ids are used up.")
HOOKS_BETWEEN = _begins_otherwise("hook_places", "Between two runs a hook is of another plane.")
PLANES_BETWEEN = _begins_otherwise("planes", "Between two runs a plane is reserved otherwise.")
BUS_BETWEEN = _begins_otherwise("bus", "Between two runs the bus is reserved otherwise.")
WAITING_BETWEEN = _begins_otherwise("waiting", "Between two runs the backlog is another.")
RANDOM_BETWEEN = _begins_otherwise("random", "Between two runs random numbers are drawn.")
METRICS_BETWEEN = _begins_otherwise("metrics", "Between two runs something else was counted.")


@breaking("pending-at-the-end", "no-open-segment-at-run-end", domain="nand")
def pending_at_the_end(tape: Tape, chance: Random) -> Tape | None:
    """When a run is over an OP_END waits in the queue."""
    scene = tape.view(scene_of)
    ends = [
        place
        for place in tape.places("RUN_END")
        if tape.events[place].get("end") != RunEnd.CARRIED and _tells(tape, place, "pending")
    ]
    # At the end of the trace there is no next run that would miss it.
    last = [place for place in ends if place == len(tape.events) - 1]
    place = chosen(chance, last or ends)
    segs = [life.seg for life in scene.lives.values()]
    if place is None or not segs:
        return None
    pending = (tape.events[place].snapshot or {})["pending"]
    due_ns = tape.events[place].time_ns + 10
    return tape.restated(place, ("pending",), [*pending, [due_ns, "OP_END", chance.choice(segs)]])


@breaking("suspended-at-the-end", "suspended-lists-empty", domain="nand")
def suspended_at_the_end(tape: Tape, chance: Random) -> Tape | None:
    """When a run is over an op is still in the list of those suspended."""
    ends = [
        place
        for place in tape.places("RUN_END")
        if tape.events[place].get("end") != RunEnd.CARRIED
        and _tells(tape, place, "suspended_program")
    ]
    place = chosen(chance, ends)
    ops = sorted(tape.view(scene_of).by_op)
    if place is None or not ops:
        return None
    return tape.restated(place, ("suspended_program", 0), [chance.choice(ops)])
