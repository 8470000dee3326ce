"""Realistic faults, put into copies of JSON-lines logs.

A mutation takes the lines of a log (HEADER first) and a random generator that chooses the place,
and changes the lines in place; it returns False where the log has no such place. SOUND ones change
what is written but not what happened: the verdict must stay what it was.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from random import Random
from typing import Any

Line = dict[str, Any]
Lines = list[Line]
Mutate = Callable[[Lines, Random], bool]

MUTATIONS: dict[str, Mutate] = {}
SOUND: dict[str, Mutate] = {}

TIMES = ("t_us", "start_us", "end_us", "due_us", "at_us", "run_until_us")


def mutated(mutate: Mutate, lines: Lines, seed: int) -> Lines | None:
    """A mutated copy of a log, or None where it has no place for the fault."""
    changed = copy.deepcopy(lines)
    return changed if mutate(changed, Random(seed)) else None  # noqa: S311


def _fault(mutate: Mutate) -> Mutate:
    MUTATIONS[mutate.__name__] = mutate
    return mutate


def _sound(mutate: Mutate) -> Mutate:
    SOUND[mutate.__name__] = mutate
    return mutate


def _places(lines: Lines, kind: str, **fields: Any) -> list[int]:
    return [
        place
        for place, line in enumerate(lines)
        if line["kind"] == kind and all(line.get(name) == value for name, value in fields.items())
    ]


def _pick(random: Random, places: list[int]) -> int | None:
    return random.choice(places) if places else None


def _edit(
    lines: Lines,
    random: Random,
    kind: str,
    change: Callable[[Line], Any],
    where: Callable[[Line], bool] = bool,
) -> bool:
    """Change one line of a kind."""
    place = _pick(random, [p for p in _places(lines, kind) if where(lines[p])])
    if place is None:
        return False
    change(lines[place])
    return True


def _drop(lines: Lines, random: Random, kind: str) -> bool:
    place = _pick(random, _places(lines, kind))
    if place is None:
        return False
    del lines[place]
    return True


def _double(lines: Lines, random: Random, kind: str) -> bool:
    place = _pick(random, _places(lines, kind))
    if place is None:
        return False
    lines.insert(place, copy.deepcopy(lines[place]))
    return True


def _simple(name: str, act: Callable[[Lines, Random, str], bool], kind: str) -> None:
    MUTATIONS[name] = lambda lines, random: act(lines, random, kind)


for _kind in (
    "OP_END",
    "OP_START",
    "COMMIT",
    "RUN_END",
    "RUN_BEGIN",
    "CANCEL",
    "SUSPENDED",
    "RESUMED",
    "APPLY_ERASE",
    "APPLY_PGM",
):
    _simple(f"drop_{_kind.lower()}", _drop, _kind)
    _simple(f"double_{_kind.lower()}", _double, _kind)


# ---- log


def _shift_run(lines: Lines, run: int, by_us: float) -> None:
    for line in lines[1:]:
        if line["run"] >= run:
            _shift(line, by_us)


def _shift(line: Line, by_us: float) -> None:
    for name in TIMES:
        if name in line:
            line[name] = round(line[name] + by_us, 2)
    for item in line.get("snapshot", {}).get("pending", []):
        item[0] = round(item[0] + by_us, 2)


@_fault
def clock_back_between_runs(lines: Lines, random: Random) -> bool:
    begin = random.choice(_places(lines, "RUN_BEGIN")[1:])
    back_us = lines[begin]["t_us"] - lines[begin - 1]["t_us"] + random.choice([0.01, 2.0, 500.0])
    _shift_run(lines, lines[begin]["run"], -back_us)
    return True


@_fault
def wrong_run_number(lines: Lines, random: Random) -> bool:
    place = random.randrange(1, len(lines))
    lines[place]["run"] += 1
    return True


@_fault
def run_number_skipped(lines: Lines, random: Random) -> bool:
    for line in lines[1:]:
        line["run"] += line["run"] >= 1
    return True


@_fault
def equal_times_swapped(lines: Lines, random: Random) -> bool:
    """An OP_START before the OP_END of the same time."""
    places = [
        (end, start)
        for end in _places(lines, "OP_END")
        for start in range(end + 1, min(end + 4, len(lines)))
        if lines[start]["kind"] == "OP_START" and lines[start]["t_us"] == lines[end]["t_us"]
    ]
    if not places:
        return False
    end, start = random.choice(places)
    lines.insert(end, lines.pop(start))
    return True


# ---- life cycle


@_fault
def op_end_late(lines: Lines, random: Random) -> bool:
    """An OP_END, with what it applies, one line and 0.5 µs later."""
    places = [
        p
        for p in _places(lines, "OP_END")
        if lines[p + 1]["kind"] in ("COMMIT", "OP_START")
        and lines[p + 1]["t_us"] > lines[p]["t_us"]
    ]
    place = _pick(random, places)
    if place is None:
        return False
    line = lines.pop(place)
    line["t_us"] = lines[place]["t_us"]
    lines.insert(place + 1, line)
    return True


@_fault
def op_end_retimed(lines: Lines, random: Random) -> bool:
    return _edit(lines, random, "OP_END", lambda line: _retime(line, 0.01))


@_fault
def op_start_early(lines: Lines, random: Random) -> bool:
    """An OP_START dispatched right after its COMMIT though due later."""
    commits = {
        line["seg"]: place
        for place, line in enumerate(lines)
        if line["kind"] == "COMMIT" and line["start_us"] > line["t_us"]
    }
    place = _pick(random, [p for p in _places(lines, "OP_START") if lines[p]["seg"] in commits])
    if place is None:
        return False
    line = lines.pop(place)
    commit = commits[line["seg"]]
    line["t_us"] = lines[commit]["t_us"]
    lines.insert(commit + 1, line)
    return True


def _retime(line: Line, by_us: float) -> None:
    line["t_us"] = round(line["t_us"] + by_us, 2)


@_fault
def commit_in_the_past(lines: Lines, random: Random) -> bool:
    def change(line: Line) -> None:
        line["start_us"] = round(line["start_us"] - 1.0, 2)

    return _edit(lines, random, "COMMIT", change, lambda line: line["start_us"] > 1.0)


@_fault
def commit_after_drain(lines: Lines, random: Random) -> bool:
    """A status read committed, run and ended after the run's drain."""
    ends = _places(lines, "RUN_END")
    place = _pick(
        random, [p for p in ends if any(line.get("drained") for line in lines[p - 2 : p])]
    )
    if place is None:
        return False
    time_us, run = lines[place]["t_us"], lines[place]["run"]
    seg = 1 + max(line.get("seg", 0) for line in lines)
    base = {"run": run, "t_us": time_us, "seg": seg, "op_name": "SR", "base": "SR"}
    lines[place:place] = [
        {
            "kind": "COMMIT",
            **base,
            "start_us": time_us,
            "end_us": time_us,
            "targets": [[0, 0, 0, None]],
        },
        {"kind": "OP_START", **base},
        {"kind": "OP_END", **base},
    ]
    return True


@_fault
def run_end_late(lines: Lines, random: Random) -> bool:
    """The clock is set on after the last run's drain."""
    lines[-1]["t_us"] = round(lines[-1]["t_us"] + 1.0, 2)
    return any(line.get("drained") for line in lines if line.get("run") == lines[-1]["run"])


@_fault
def foreign_segment(lines: Lines, random: Random) -> bool:
    kind = random.choice(["OP_START", "OP_END"])
    return _edit(lines, random, kind, lambda line: line.update(seg=999_999))


@_fault
def segment_of_earlier_run(lines: Lines, random: Random) -> bool:
    """An OP_END comes again in the next run."""
    first = random.choice(_places(lines, "OP_END", run=0))
    begin = _places(lines, "RUN_BEGIN", run=1)[0]
    again = {**lines[first], "run": 1, "t_us": lines[begin]["t_us"]}
    lines.insert(begin + 1, again)
    return True


# ---- snapshots


def _cell(snapshot: Line, random: Random) -> None:
    place = random.randrange(len(snapshot["addr_state"]))
    snapshot["addr_state"][place] += 1


@_fault
def end_addr_state(lines: Lines, random: Random) -> bool:
    return _edit(lines, random, "RUN_END", lambda line: _cell(line["snapshot"], random))


@_fault
def begin_addr_state(lines: Lines, random: Random) -> bool:
    return _edit(lines, random, "RUN_BEGIN", lambda line: _cell(line["snapshot"], random))


@_fault
def addr_state_short(lines: Lines, random: Random) -> bool:
    return _edit(lines, random, "RUN_END", lambda line: line["snapshot"]["addr_state"].pop())


@_fault
def addr_state_long(lines: Lines, random: Random) -> bool:
    return _edit(lines, random, "RUN_BEGIN", lambda line: line["snapshot"]["addr_state"].append(-2))


@_fault
def end_pending(lines: Lines, random: Random) -> bool:
    item = [lines[-1]["t_us"], random.choice(["OP_START", "OP_END"]), 1]
    return _edit(lines, random, "RUN_END", lambda line: line["snapshot"]["pending"].append(item))


def _listed(name: str) -> Mutate:
    def mutate(lines: Lines, random: Random) -> bool:
        number = random.choice([1, 2, 999, None])
        return _edit(
            lines, random, "RUN_END", lambda line: line["snapshot"][name][0].append(number)
        )

    return mutate


for _name in ("ongoing", "suspended_program", "suspended_erase"):
    MUTATIONS[f"end_{_name}"] = _listed(_name)


# ---- addresses


@_fault
def block_outside_plane(lines: Lines, random: Random) -> bool:
    kind = random.choice(["COMMIT", "OP_END"])
    planes = lines[0]["topology"]["planes"]

    def change(line: Line) -> None:
        target = random.choice(line["targets"])
        target[2] = target[2] - 1 if target[2] % planes == planes - 1 else target[2] + 1

    return _edit(lines, random, kind, change, _is_paged)


def _is_paged(line: Line) -> bool:
    return bool(line.get("targets")) and line["targets"][0][3] is not None


@_fault
def page_out_of_range(lines: Lines, random: Random) -> bool:
    page = random.choice([-1, lines[0]["topology"]["pages_per_block"]])

    def change(line: Line) -> None:
        line["targets"] = [[*target[:3], page] for target in line["targets"]]

    return _edit(lines, random, "COMMIT", change, _is_paged)


@_fault
def block_out_of_range(lines: Lines, random: Random) -> bool:
    blocks = lines[0]["topology"]["blocks_per_die"]

    def change(line: Line) -> None:
        line["targets"][0][2] += blocks

    return _edit(lines, random, "COMMIT", change, _is_paged)


@_fault
def die_out_of_range(lines: Lines, random: Random) -> bool:
    dies = lines[0]["topology"]["dies"]

    def change(line: Line) -> None:
        for target in line["targets"]:
            target[0] = random.choice([dies, dies + 7])

    return _edit(lines, random, "COMMIT", change, lambda line: bool(line.get("targets")))


@_fault
def apply_out_of_range(lines: Lines, random: Random) -> bool:
    topology = lines[0]["topology"]
    place = random.choice([0, 1, 2])
    value = [topology["dies"], topology["blocks_per_die"], topology["pages_per_block"]][place]

    def change(line: Line) -> None:
        line["cells"][0][place] = random.choice([value, -1, 2**40])

    return _edit(lines, random, "APPLY_PGM", change)


@_fault
def targets_reversed(lines: Lines, random: Random) -> bool:
    return _edit(lines, random, "COMMIT", lambda line: line["targets"].reverse(), _is_multi_plane)


def _is_multi_plane(line: Line) -> bool:
    return _is_paged(line) and len(line["targets"]) > 1


@_fault
def targets_of_two_rows(lines: Lines, random: Random) -> bool:
    planes = lines[0]["topology"]["planes"]

    def change(line: Line) -> None:
        target = random.choice(line["targets"])
        target[2] += -planes if target[2] >= planes else planes

    return _edit(lines, random, "COMMIT", change, _is_multi_plane)


@_fault
def targets_of_two_pages(lines: Lines, random: Random) -> bool:
    def change(line: Line) -> None:
        random.choice(line["targets"])[3] += 1

    return _edit(lines, random, "COMMIT", change, _is_multi_plane)


@_fault
def plane_twice(lines: Lines, random: Random) -> bool:
    def change(line: Line) -> None:
        line["targets"][1] = list(line["targets"][0])

    return _edit(lines, random, "COMMIT", change, _is_multi_plane)


@_fault
def cells_other_than_targets(lines: Lines, random: Random) -> bool:
    blocks = lines[0]["topology"]["blocks_per_die"]

    def change(line: Line) -> None:
        cell = random.choice(line["cells"])
        cell[1] = (cell[1] + 1) % blocks

    return _edit(lines, random, random.choice(["APPLY_PGM", "APPLY_ERASE"]), change)


@_fault
def cell_lost(lines: Lines, random: Random) -> bool:
    return _edit(
        lines,
        random,
        "APPLY_PGM",
        lambda line: line["cells"].pop(),
        lambda line: len(line["cells"]) > 1,
    )


@_fault
def page_skipped(lines: Lines, random: Random) -> bool:
    """A program, its end and its apply all name the page after the right one."""
    seg = lines[random.choice(_places(lines, "APPLY_PGM"))]["seg"]
    for line in lines[1:]:
        if line.get("seg") == seg:
            for target in line.get("targets", []) + line.get("cells", []):
                target[-1] += 1
    return True


@_fault
def apply_late(lines: Lines, random: Random) -> bool:
    return _edit(lines, random, "APPLY_PGM", lambda line: _retime(line, 0.01))


def _cells(lines: Lines, kind: str) -> dict[tuple[int, int], int]:
    """Blocks that a kind of event applies to, with the run of the last one."""
    return {
        (cell[0], cell[1]): line["run"]
        for line in lines
        if line["kind"] == kind
        for cell in line["cells"]
    }


def _other_celltype(line: Line) -> None:
    line["celltype"] = "QLC"


@_fault
def celltype_incompatible(lines: Lines, random: Random) -> bool:
    erased = _cells(lines, "APPLY_ERASE")
    return _edit(
        lines,
        random,
        "APPLY_PGM",
        _other_celltype,
        lambda line: tuple(line["cells"][0][:2]) in erased,
    )


@_fault
def celltype_incompatible_with_earlier_run(lines: Lines, random: Random) -> bool:
    """The block was erased in a run before the program's."""
    erased = _cells(lines, "APPLY_ERASE")
    return _edit(
        lines,
        random,
        "APPLY_PGM",
        _other_celltype,
        lambda line: erased.get(tuple(line["cells"][0][:2]), line["run"]) < line["run"],
    )


@_fault
def erase_celltype_incompatible(lines: Lines, random: Random) -> bool:
    programmed = _cells(lines, "APPLY_PGM")
    return _edit(
        lines,
        random,
        "APPLY_ERASE",
        _other_celltype,
        lambda line: any(tuple(cell) in programmed for cell in line["cells"]),
    )


@_sound
def celltype_compatible(lines: Lines, random: Random) -> bool:
    return _edit(
        lines,
        random,
        "APPLY_PGM",
        lambda line: line.update(celltype="ACSLC"),
        lambda line: line["celltype"] == "SLC",
    )


@_fault
def apply_of_a_read(lines: Lines, random: Random) -> bool:
    """Something that programs nothing is applied."""
    bases = lines[0]["program_bases"]
    place = _pick(
        random, [p for p in _places(lines, "OP_END") if lines[p].get("base") not in bases]
    )
    if place is None:
        return False
    end = lines[place]
    same = {name: end[name] for name in ("run", "t_us", "seg")}
    lines.insert(place + 1, {"kind": "APPLY_PGM", **same, "cells": [[0, 0, 0]], "celltype": "SLC"})
    return True


@_fault
def completed_op_goes_on(lines: Lines, random: Random) -> bool:
    """A numbered program that has ended gets a RESUME_CHAIN segment and is applied again."""
    place = _pick(
        random, [p for p in _places(lines, "APPLY_PGM") if lines[p]["t_us"] < lines[p + 1]["t_us"]]
    )
    if place is None:
        return False
    apply = lines[place]
    first = next(line for line in lines if line["kind"] == "COMMIT" and line["seg"] == apply["seg"])
    if "op" not in first:
        return False
    seg, now = 1 + max(line.get("seg", 0) for line in lines), apply["t_us"]
    again = {
        **first,
        "source": "RESUME_CHAIN",
        "seg": seg,
        "t_us": now,
        "start_us": now,
        "end_us": now,
    }
    end = {name: again[name] for name in ("run", "t_us", "seg", "op", "op_name", "base", "targets")}
    start = {name: again[name] for name in ("run", "t_us", "seg", "op_name", "base")}
    added = [again, {"kind": "OP_START", **start}, {"kind": "OP_END", **end}, {**apply, "seg": seg}]
    if lines[0]["chain_op_start"] is False:
        del added[1]
    lines[place + 1 : place + 1] = added
    return True


# ---- suspends


@_fault
def cancel_without_suspend(lines: Lines, random: Random) -> bool:
    """An OP_END is withdrawn though nothing was suspended."""
    place = _pick(random, _places(lines, "OP_END"))
    assert place is not None
    end = lines[place]
    same = {name: end[name] for name in ("run", "t_us", "seg")}
    lines[place] = {"kind": "CANCEL", **same, "event": "OP_END", "due_us": end["t_us"]}
    return True


@_fault
def cancel_of_start(lines: Lines, random: Random) -> bool:
    return _edit(lines, random, "CANCEL", lambda line: line.update(event="OP_START"))


@_fault
def suspend_of_ended_op(lines: Lines, random: Random) -> bool:
    def change(line: Line) -> None:
        line["op"] = random.choice(_ended_ops(lines, line))

    return _edit(lines, random, "SUSPENDED", change, lambda line: bool(_ended_ops(lines, line)))


def _ended_ops(lines: Lines, now: Line) -> list[int]:
    """Ops of the same run that have ended before this line."""
    return [
        line["op"]
        for line in lines
        if line["kind"] == "OP_END"
        and "op" in now
        and "op" in line
        and line["run"] == now["run"]
        and line["t_us"] < now["t_us"]
    ]


@_fault
def suspend_of_unknown_op(lines: Lines, random: Random) -> bool:
    return _edit(
        lines, random, "SUSPENDED", lambda line: line.update(op=777_777), lambda line: "op" in line
    )


@_fault
def suspend_on_other_axis(lines: Lines, random: Random) -> bool:
    return _edit(
        lines,
        random,
        "SUSPENDED",
        lambda line: line.update(axis="ERASE"),
        lambda line: "op" in line and line["axis"] == "PROGRAM",
    )


@_fault
def suspend_on_other_die(lines: Lines, random: Random) -> bool:
    kind = random.choice(["SUSPENDED", "RESUMED"])
    return _edit(
        lines, random, kind, lambda line: line.update(die=random.choice([8, 9, -1, 2**40]))
    )


@_fault
def remaining_changed(lines: Lines, random: Random) -> bool:
    def change(line: Line) -> None:
        line["remaining_us"] = round(line["remaining_us"] + random.choice([-0.01, 0.01, 50.0]), 2)

    return _edit(lines, random, "SUSPENDED", change, lambda line: "remaining_us" in line)


@_fault
def suspend_retimed(lines: Lines, random: Random) -> bool:
    def change(line: Line) -> None:
        line["at_us"] = round(line["at_us"] + 0.3, 2)

    return _edit(lines, random, "SUSPENDED", change)


@_fault
def resume_not_ok(lines: Lines, random: Random) -> bool:
    return _edit(lines, random, "RESUMED", lambda line: line.update(ok=not line["ok"]))


@_fault
def resume_of_other_op(lines: Lines, random: Random) -> bool:
    return _edit(
        lines,
        random,
        "RESUMED",
        lambda line: line.update(op=line["op"] - 1),
        lambda line: "op" in line,
    )


@_fault
def resume_of_unknown_op(lines: Lines, random: Random) -> bool:
    return _edit(
        lines, random, "RESUMED", lambda line: line.update(op=777_777), lambda line: "op" in line
    )


def _is_chain(line: Line) -> bool:
    return line.get("source") == "RESUME_CHAIN"


@_fault
def chain_with_all_dropped(lines: Lines, random: Random) -> bool:
    """The chain segment after a resume never came to be."""
    place = _pick(random, _places(lines, "COMMIT", source="RESUME_CHAIN"))
    if place is None:
        return False
    seg = lines[place]["seg"]
    lines[:] = [line for line in lines if line.get("seg") != seg]
    return True


@_fault
def chain_commit_dropped(lines: Lines, random: Random) -> bool:
    place = _pick(random, _places(lines, "COMMIT", source="RESUME_CHAIN"))
    if place is None:
        return False
    del lines[place]
    return True


@_fault
def chain_retargeted(lines: Lines, random: Random) -> bool:
    def change(line: Line) -> None:
        line["targets"][0][3] += 1

    return _edit(lines, random, "COMMIT", change, _is_chain)


@_fault
def chain_renamed(lines: Lines, random: Random) -> bool:
    return _edit(lines, random, "COMMIT", lambda line: line.update(op_name="Other"), _is_chain)


@_fault
def chain_of_other_op(lines: Lines, random: Random) -> bool:
    return _edit(
        lines,
        random,
        "COMMIT",
        lambda line: line.update(op=line["op"] - 1),
        lambda line: _is_chain(line) and "op" in line,
    )


@_fault
def chain_source_lost(lines: Lines, random: Random) -> bool:
    return _edit(
        lines,
        random,
        "COMMIT",
        lambda line: line.pop("source"),
        lambda line: _is_chain(line) and "op" in line,
    )


@_fault
def chain_too_long(lines: Lines, random: Random) -> bool:
    """A chain segment with more work than was left."""

    def change(line: Line) -> None:
        line["end_us"] = round(line["end_us"] + 5.0, 2)

    return _edit(lines, random, "COMMIT", change, _is_chain)


@_fault
def erase_resumed_first(lines: Lines, random: Random) -> bool:
    """The erase is resumed while the program within its suspend is suspended."""
    erase = _pick(random, _places(lines, "RESUMED", axis="ERASE", ok=True))
    if erase is None:
        return False
    line = lines.pop(erase)
    program = max(p for p in _places(lines, "RESUMED", axis="PROGRAM") if p < erase)
    line["t_us"] = lines[program]["t_us"]
    lines.insert(program, line)
    return True


@_fault
def erase_resumed_before_program(lines: Lines, random: Random) -> bool:
    """An erase is resumed while a program of its die is suspended."""
    return _edit(
        lines,
        random,
        "RESUMED",
        lambda line: line.update(axis="ERASE"),
        lambda line: line["ok"] and line["axis"] == "PROGRAM",
    )


@_fault
def resumed_first_in_first_out(lines: Lines, random: Random) -> bool:
    """Another program is committed and suspended too; the one suspended first is resumed."""
    place = _pick(random, _places(lines, "RESUMED", axis="PROGRAM", ok=True))
    if place is None or "op" not in lines[place]:
        return False
    resumed = lines[place]
    first = next(e for e in lines if e["kind"] == "COMMIT" and e.get("op") == resumed["op"])
    now, seg = resumed["t_us"], 1 + max(line.get("seg", 0) for line in lines)
    here = {"run": resumed["run"], "t_us": now}
    commit = {**first, **here, "seg": seg, "op": 555_555, "start_us": now, "end_us": now + 9.0}
    commit.pop("source", None)
    suspended = {"die": resumed["die"], "axis": "PROGRAM", "op": 555_555, "at_us": now}
    lines[place:place] = [
        commit,
        {"kind": "OP_START", **here, "seg": seg},
        {"kind": "SUSPENDED", **here, **suspended, "remaining_us": 9.0},
        {"kind": "CANCEL", **here, "seg": seg, "event": "OP_END", "due_us": now + 9.0},
    ]
    return True


# ---- what must change nothing


@_sound
def segments_renumbered(lines: Lines, random: Random) -> bool:
    offset = random.choice([1, 1_000, 2**33])
    for line in lines[1:]:
        if "seg" in line:
            line["seg"] += offset
        for item in line.get("snapshot", {}).get("pending", []):
            item[2] += offset
    return True


@_sound
def ops_renumbered(lines: Lines, random: Random) -> bool:
    offset = random.choice([1, 1_000, 2**33])
    for line in lines[1:]:
        if line.get("op") is not None:
            line["op"] += offset
        for name in ("ongoing", "suspended_erase", "suspended_program"):
            for ops in line.get("snapshot", {}).get(name, []):
                ops[:] = [op if op is None else op + offset for op in ops]
    return True


@_sound
def all_later(lines: Lines, random: Random) -> bool:
    by_us = random.choice([0.01, 123.45, 1e6])
    for line in lines[1:]:
        _shift(line, by_us)
    return True


@_sound
def runs_apart(lines: Lines, random: Random) -> bool:
    """The next run may start later than the last one ended."""
    _shift_run(lines, random.choice([1, 2]), 1000.0)
    return True


@_sound
def ops_unnumbered(lines: Lines, random: Random) -> bool:
    """The same log of a scheduler that numbers no ops."""
    for line in lines[1:]:
        line.pop("op", None)
        for name in ("ongoing", "suspended_erase", "suspended_program"):
            for ops in line.get("snapshot", {}).get(name, []):
                ops[:] = [None] * len(ops)
    return True


@_sound
def second_die(lines: Lines, random: Random) -> bool:
    """Everything happens on die 1 of 2."""
    topology = lines[0]["topology"]
    if topology["dies"] > 1:
        return False
    topology["dies"] = 2
    for line in lines[1:]:
        for item in line.get("targets", []) + line.get("cells", []):
            item[0] = 1
        if "die" in line:
            line["die"] = 1
        if "snapshot" in line:
            snapshot = line["snapshot"]
            snapshot["addr_state"][:0] = [-2] * topology["blocks_per_die"]
            for name in ("ongoing", "suspended_erase", "suspended_program"):
                snapshot[name].insert(0, [])
    return True


@_sound
def fields_of_its_own(lines: Lines, random: Random) -> bool:
    for line in lines:
        line["colour"] = {"of": ["a", 1]}
    return True


def carry_over(lines: Lines, random: Random) -> bool:
    """Run 0's drained OP_ENDs stay queued at its end and are dispatched in run 1 instead.

    Legal, but for no-open-segment-at-run-end. There is one such place.
    """
    end = _places(lines, "RUN_END", run=0)[0]
    begin = _places(lines, "RUN_BEGIN", run=1)[0]
    moved = [p for p in range(1, end) if lines[p].get("drained")]
    if not moved or end - moved[0] > 2 * len(moved):
        return False
    carried = lines[moved[0] : end]
    late = lines[moved[0] - 1]["t_us"]
    pending = [[e["t_us"], "OP_END", e["seg"]] for e in carried if e["kind"] == "OP_END"]
    started = {e["seg"] for e in lines[: moved[0]] if e["kind"] == "OP_START"}
    due = {e["seg"]: e["start_us"] for e in lines if e["kind"] == "COMMIT"}
    pending += [[due[seg], "OP_START", seg] for _, _, seg in pending if seg not in started]
    pending.sort(key=lambda item: item[0])
    for event in carried:
        event["run"] = 1
        event.pop("drained", None)
    lines[end]["t_us"] = late
    lines[begin]["t_us"] = late
    for place in (end, begin):
        lines[place]["snapshot"]["pending"] = copy.deepcopy(pending)
    before = copy.deepcopy(lines[_places(lines, "RUN_BEGIN", run=0)[0]]["snapshot"]["addr_state"])
    blocks = lines[0]["topology"]["blocks_per_die"]
    for event in lines[: moved[0]]:
        for cell in event.get("cells", []):
            before[cell[0] * blocks + cell[1]] = cell[2] if len(cell) > 2 else -1
    for place in (end, begin):
        lines[place]["snapshot"]["addr_state"] = list(before)
    lines[begin + 1 : begin + 1] = carried
    del lines[moved[0] : end]
    return True
