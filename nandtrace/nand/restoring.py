"""Restoring: a scheduler's state read back from a snapshot, so that it goes on as if never interrupted."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

from nandtrace.nand.model import Model
from nandtrace.nand.ops import Op, OpState
from nandtrace.nand.queue import Due
from nandtrace.nand.state import Segment, Suspended, Waiting
from nandtrace.trace.recorder import Target
from nandtrace.trace.snapshot_schema import check_snapshot
from nandtrace.vocab import NAND
from nandtrace.vocab.nand import BootstrapStage, Role, Source


def restore(model: Model, state: Mapping[str, Any], seed: int) -> None:
    """Put a fresh model into the state of a snapshot.

    Raises ValueError where the snapshot is not one of this profile.
    """
    check_snapshot(NAND.domain, dict(state))
    try:
        _restore(model, state, seed)
    except KeyError as error:
        raise ValueError(f"the snapshot does not fit the profile: it has no {error}") from error
    except (IndexError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise ValueError(f"the snapshot does not fit the profile: {error}") from error


def _restore(model: Model, state: Mapping[str, Any], seed: int) -> None:
    model.clock_ns = operator.index(state["clock_ns"])
    counters = state["next"]
    model.next_op, model.next_seg = counters["op"], counters["seg"]
    model.next_step, model.next_refill = counters["step"], counters["refill"]
    model.streams = model.streams_class(seed, state["random"])
    stage = state["bootstrap"]["stage"]
    model.stage = None if stage is None else BootstrapStage(stage)
    model.read_blocks = {(die, block) for die, block in state["bootstrap"]["read_blocks"]}
    model.ops_by_base.update(state["metrics"]["ops_by_base"])
    model.bus.slots = [(start, end, seg) for start, end, seg in state["bus"]]
    _restore_addresses(model, state)
    _restore_marks(model, state)
    suspended = _restore_suspended(model, state)
    segments = _restore_segments(model, state, suspended)
    _restore_planes(model, state, segments)
    _restore_queue(model, state, segments)
    for die, waiting in zip(model.dies, state["waiting"], strict=True):
        die.backlog = [
            Waiting(op_id, model.catalogue.by_name[name], plane, tries)
            for op_id, name, plane, tries in waiting
        ]
    for die in model.dies:
        running = {segment.op_id for segment in die.open if segment.started}
        if not running <= set(die.ongoing):
            raise ValueError(f"a running op of die {die.number} is not among its ongoing ones")
        model.refresh_die(die)


def _restore_addresses(model: Model, state: Mapping[str, Any]) -> None:
    model.addresses.restore(state["addr_state"], state["cell_modes"], model.streams.address)


def _restore_marks(model: Model, state: Mapping[str, Any]) -> None:
    for die, plane, latch in state["latches"]:
        model.dies[die].planes[plane].latches.append(latch)
    for die, plane, cache in state["caches"]:
        model.dies[die].planes[plane].caches.append(cache)
    for number in state["odt_disabled"]:
        model.dies[number].odt_disabled = True
    for die, ongoing in zip(model.dies, state["ongoing"], strict=True):
        die.ongoing = list(ongoing)


def _restore_suspended(model: Model, state: Mapping[str, Any]) -> dict[int, Suspended]:
    by_op = {}
    for row in state["suspended"]:
        op = model.catalogue.by_name[row["op_name"]]
        remaining = _states(op, row["remaining"])
        suspended = Suspended(
            row["op"],
            op,
            _targets(row["targets"]),
            row["seg"],
            Source(row["source"]),
            row["start_ns"],
            row["cut_ns"],
            remaining,
            sum(each.duration_ns for each in remaining),
        )
        if op.axis is None:
            raise ValueError(f"{op.name} can't be suspended")
        model.dies[row["die"]].suspended[op.axis].append(suspended)
        by_op[suspended.op_id] = suspended
        model.plan(suspended.op, suspended.targets)
    return by_op


def _restore_segments(
    model: Model, state: Mapping[str, Any], suspended: Mapping[int, Suspended]
) -> dict[int, Segment]:
    segments = {}
    for row in state["segments"]:
        op = model.catalogue.by_name[row["op_name"]]
        targets = _targets(row["targets"])
        die = model.dies[row["die"]]
        segment = Segment(
            row["seg"],
            row["op"],
            op,
            Source(row["source"]),
            row["start_ns"],
            row["end_ns"],
            _states(op, row["states"]),
            targets,
            die.number,
            *model.planes_of(op, targets),
            row["ends_batch"],
            resumed=None if row["resumes"] is None else suspended[row["resumes"]],
            started=row["started"],
        )
        die.open.append(segment)
        segments[segment.seg] = segment
        if op.instant and not segment.started:
            die.waiting_instants += 1
        if op.switches and not segment.started:
            die.switching = segment
        if op.axis is not None and segment.started:
            die.running[op.axis] = segment
        if segment.started:
            _restore_reset(model, segment)
        model.plan(op, targets)
    return segments


def _restore_reset(model: Model, segment: Segment) -> None:
    """A reset that runs keeps its die, or all of them."""
    for die in model.dies:
        if segment.op.role is Role.RESET or (
            segment.op.role is Role.RESET_LUN and die.number == segment.die
        ):
            die.reset_until_ns = max(die.reset_until_ns, segment.end_ns)


def _restore_planes(
    model: Model, state: Mapping[str, Any], segments: Mapping[int, Segment]
) -> None:
    for die, rows in zip(model.dies, state["planes"], strict=True):
        for plane, row in zip(die.planes, rows, strict=True):
            plane.tail_ns, plane.interleaves = row["tail_ns"], row["interleaves"]
            plane.phase_key = row["phase_key"]
            plane.holder = None if row["holder"] is None else segments[row["holder"]]
            if row["left"]:
                plane.left = model.catalogue.end_excludes[row["phase_key"]]
            model.refresh_plane(plane)


def _restore_queue(model: Model, state: Mapping[str, Any], segments: Mapping[int, Segment]) -> None:
    places = iter(state["hook_places"])
    for time_ns, kind, seg in state["pending"]:
        due = Due[kind]
        if due is Due.OP_START:
            segments[seg].start_id = model.queue.push(time_ns, due, segments[seg])
        elif due is Due.OP_END:
            segments[seg].end_id = model.queue.push(time_ns, due, segments[seg])
        else:
            die, plane, step = next(places)
            segment = None if seg is None else segments[seg]
            model.queue.push(time_ns, due, (die, plane, step, segment))


def _states(op: Op, rows: list[list[Any]]) -> tuple[OpState, ...]:
    """States with their durations at that moment; what they mean, the op says."""
    known = {state.name: state for state in op.states}
    return tuple(
        OpState(name, duration_ns, known[name].bus, known[name].key, known[name].excludes)
        for name, duration_ns in rows
    )


def _targets(rows: list[list[Any]]) -> tuple[Target, ...]:
    return tuple((die, plane, block, page) for die, plane, block, page in rows)
