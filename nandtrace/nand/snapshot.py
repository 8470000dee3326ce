"""Snapshots: the whole state of a scheduler between events, as a plain map."""

from __future__ import annotations

from typing import Any

from nandtrace.nand.model import Model
from nandtrace.nand.ops import OpState
from nandtrace.nand.queue import Due, Entry
from nandtrace.nand.state import Die, Plane, Segment, Suspended
from nandtrace.vocab.nand import Axis


def take_snapshot(model: Model) -> dict[str, Any]:
    """Write the state down; `restoring.restore` reads it back."""
    dies = model.dies
    entries = model.queue.entries()
    return {
        "clock_ns": model.clock_ns,
        "next": {
            "op": model.next_op,
            "seg": model.next_seg,
            "step": model.next_step,
            "refill": model.next_refill,
        },
        "ongoing": [list(die.ongoing) for die in dies],
        "suspended_erase": _suspended_ids(model, Axis.ERASE),
        "suspended_program": _suspended_ids(model, Axis.PROGRAM),
        "suspended": [_suspended_row(die, each) for die in dies for each in _in_order(die)],
        "pending": [_pending_row(entry) for entry in entries],
        "hook_places": [list(entry[3][:3]) for entry in entries if _is_hook(entry)],
        "segments": [_segment_row(each) for die in dies for each in die.open],
        "planes": [[_plane_row(model, die, at) for at in range(len(die.planes))] for die in dies],
        "bus": [list(slot) for slot in model.bus.slots],
        "latches": _marks(dies, "latches"),
        "caches": _marks(dies, "caches"),
        "odt_disabled": [die.number for die in dies if die.odt_disabled],
        "backlog": [[each.op_id for each in die.backlog] for die in dies],
        "waiting": [
            [[each.op_id, each.op.name, each.plane, each.tries] for each in die.backlog]
            for die in dies
        ],
        "addr_state": [state for die in model.addresses.applied for state in die],
        "cell_modes": [mode for die in model.addresses.mode for mode in die],
        "bootstrap": {
            "stage": None if model.stage is None else model.stage.value,
            "read_blocks": sorted(list(block) for block in model.read_blocks),
        },
        "random": model.streams.draws(),
        "metrics": {
            "ops_by_base": {base: count for base, count in model.ops_by_base.items() if count}
        },
    }


def _suspended_ids(model: Model, axis: Axis) -> list[list[int]]:
    return [[each.op_id for each in die.suspended[axis]] for die in model.dies]


def _in_order(die: Die) -> list[Suspended]:
    return [each for axis in Axis for each in die.suspended[axis]]


def _states(states: tuple[OpState, ...]) -> list[list[Any]]:
    return [[state.name, state.duration_ns] for state in states]


def _suspended_row(die: Die, each: Suspended) -> dict[str, Any]:
    return {
        "seg": each.seg,
        "op": each.op_id,
        "op_name": each.op.name,
        "base": each.op.base,
        "source": each.source.value,
        "start_ns": each.start_ns,
        "end_ns": each.cut_ns + each.remaining_ns,
        "targets": [list(target) for target in each.targets],
        "die": die.number,
        "cut_ns": each.cut_ns,
        "remaining": _states(each.remaining),
    }


def _segment_row(segment: Segment) -> dict[str, Any]:
    return {
        "seg": segment.seg,
        "op": segment.op_id,
        "op_name": segment.op.name,
        "base": segment.op.base,
        "source": segment.source.value,
        "start_ns": segment.start_ns,
        "end_ns": segment.end_ns,
        "targets": [list(target) for target in segment.targets],
        "die": segment.die,
        "states": _states(segment.states),
        "ends_batch": segment.ends_batch,
        "resumes": None if segment.resumed is None else segment.resumed.op_id,
        "started": segment.started,
    }


def _is_hook(entry: Entry) -> bool:
    return entry[1] not in (Due.OP_START, Due.OP_END)


def _pending_row(entry: Entry) -> list[Any]:
    """Due time, kind and segment; of a hook the segment whose state it marks, if any."""
    time_ns, due, _, what = entry
    segment = what[3] if _is_hook(entry) else what
    return [time_ns, Due(due).name, None if segment is None else segment.seg]


def _plane_row(model: Model, die: Die, number: int) -> dict[str, Any]:
    plane: Plane = die.planes[number]
    holder = plane.holder  # of another die, where that one's reset ended all
    is_open = holder is not None and holder in model.dies[holder.die].open
    return {
        "tail_ns": plane.tail_ns,
        "interleaves": plane.interleaves,
        "phase_key": model.phase_key(die, number, model.clock_ns),
        "holder": holder.seg if holder is not None and is_open else None,
        "left": bool(plane.left),
    }


def _marks(dies: list[Die], kind: str) -> list[list[Any]]:
    return sorted(
        [die.number, number, mark]
        for die in dies
        for number, plane in enumerate(die.planes)
        for mark in getattr(plane, kind)
    )
