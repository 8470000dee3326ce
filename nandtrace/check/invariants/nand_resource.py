"""Invariants of the bus, the planes, and the states in which ops may not start."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from nandtrace.check.exclusion import Label, Spans, find_excluded, members
from nandtrace.check.exclusion_by_op import holders_of, op_state_spans
from nandtrace.check.exclusion_by_suspend import suspend_spans
from nandtrace.check.exclusion_by_switch import cache_spans, latch_spans, odt_spans
from nandtrace.check.facts import Facts
from nandtrace.check.occupancy import Lanes
from nandtrace.check.overlaps import (
    Overlaps,
    count_places,
    count_starts,
    find_forbidden_overlaps,
    find_overlaps,
    held_until,
)
from nandtrace.check.registry import invariant
from nandtrace.check.tables import Finding, finding, nothing, to_frame
from nandtrace.trace.columns import Int64s
from nandtrace.units import ns_to_us_text
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import END

GROUP = "nand resources"

Texts = list[tuple[str, str]]
"""Per offender what was expected, and what was."""


@invariant(
    "bus-exclusive",
    group=GROUP,
    sentence="No two states that hold the bus overlap in time, over all dies.",
    rationale="The dies share one I/O bus: two that drive it at once garble commands and data.",
    source="NAND data sheets: command, address and data bus; nandtrace model: the bus",
    needs=("STATE",),
)
def bus_exclusive(facts: Facts) -> Finding:
    windows = facts.state_windows
    mine = np.flatnonzero(windows.bus == 1)
    mine = mine[np.argsort(windows.entry_ns[mine], kind="stable")]
    late, other = find_overlaps(windows.entry_ns[mine], windows.exit_ns[mine])
    late, other = mine[late], mine[other]
    # What was taken over was judged where it began.
    fresh = facts.occupancy.starts.fresh[windows.place[late]]
    late, other = late[fresh], other[fresh]
    texts = [
        (f"the bus free for {_window_text(facts, its)}", f"held in {_window_text(facts, holder)}")
        for its, holder in zip(late.tolist(), other.tolist(), strict=True)
    ]
    rows = facts.occupancy.starts.row[windows.place[late]]
    run = facts.batch.run_row[facts.batch.positions(windows.seq[mine])]
    counts = (len(mine), int(np.count_nonzero(run[1:] == run[:-1])))
    others = facts.occupancy.starts.row[windows.place[other]]
    return _finding(facts, counts, windows.seq[late], (rows, others), texts)


@invariant(
    "plane-exclusive",
    group=GROUP,
    sentence="No two ops hold a plane at a time; those that are instant or of scope NONE hold none.",
    rationale="A plane has one array and one page buffer: a second op destroys the first one's data.",
    source="NAND data sheets: busy time of a plane; nandtrace model: planes and dies",
    needs=("OP_START",),
)
def plane_exclusive(facts: Facts) -> Finding:
    starts, holders = facts.occupancy.starts, holders_of(facts.occupancy)
    overlaps = find_overlaps(holders.key, held_until(starts, holders))
    planes = facts.rules.planes or 1

    def what(lane: int) -> str:
        return f"die {lane // planes} plane {lane % planes}"

    return _overlap_finding(facts, holders, overlaps, what)


@invariant(
    "multi-plane-exclusive",
    group=GROUP,
    sentence="Ops of scope PLANE_SET that overlap in time on a die are single-plane ops of bases that may "
    "interleave.",
    rationale="The planes of a die share its sequencer: only what the device lets interleave may overlap.",
    source="NAND data sheets: multi-plane operations; nandtrace model: planes and dies",
    needs=("OP_START",),
)
def multi_plane_exclusive(facts: Facts) -> Finding:
    if facts.rules.interleaving_bases is None:
        return nothing()
    starts, traits = facts.occupancy.starts, facts.occupancy.traits
    holders = facts.occupancy.dies.select((traits.plane_set & ~traits.instant)[starts.base])
    single = facts.occupancy.held.count[holders.place] == 1
    free = single & traits.interleaves[starts.base[holders.place]]
    overlaps = find_forbidden_overlaps(holders.key, held_until(starts, holders), free)
    return _overlap_finding(facts, holders, overlaps, lambda die: f"die {die}")


@invariant(
    "excluded-by-op-state",
    group=GROUP,
    sentence="No op starts on a plane where an op is in a state, or has ended as the last one, that "
    "excludes it.",
    rationale="While its array is busy a plane takes few commands, and some ops must be followed by others.",
    source="NAND data sheets: commands allowed while busy; nandtrace model: exclusions",
    needs=("OP_START",),
)
def excluded_by_op_state(facts: Facts) -> Finding:
    if not facts.rules.exclusions.by_op_state:
        return nothing()
    spans, labels = op_state_spans(facts.batch, facts.occupancy, facts.state_windows)
    return _excluded(facts, facts.occupancy.touched_by_commands, spans, labels, _by_op)


@invariant(
    "excluded-by-latch",
    group=GROUP,
    sentence="No op starts on a plane whose filled page latch excludes it.",
    rationale="It would overwrite data that was not yet read out or programmed.",
    source="NAND data sheets: page register and data latches; nandtrace model: latches",
    needs=("OP_START",),
)
def excluded_by_latch(facts: Facts) -> Finding:
    if not facts.rules.exclusions.by_latch_state:
        return nothing()
    spans, labels = latch_spans(facts.batch, facts.occupancy)
    return _excluded(facts, facts.occupancy.touched_by_commands, spans, labels, _by_plane)


@invariant(
    "excluded-by-cache",
    group=GROUP,
    sentence="No op starts on a plane whose cache state excludes it.",
    rationale="In a cache sequence the cache register holds data that only the sequence's own ops expect.",
    source="NAND data sheets: cache read and cache program; nandtrace model: cache states",
    needs=("OP_START",),
)
def excluded_by_cache(facts: Facts) -> Finding:
    if not facts.rules.exclusions.by_cache_state:
        return nothing()
    spans, labels = cache_spans(facts.batch, facts.occupancy)
    return _excluded(facts, facts.occupancy.touched_by_commands, spans, labels, _by_plane)


@invariant(
    "excluded-by-suspend",
    group=GROUP,
    sentence="No op starts on a die that is in a suspend state, or not in one, that excludes it.",
    rationale="Within a suspend few ops are allowed; and what is not suspended can't be resumed.",
    source="NAND data sheets: program and erase suspend; nandtrace model: suspend and resume",
    needs=("OP_START",),
)
def excluded_by_suspend(facts: Facts) -> Finding:
    if not facts.rules.exclusions.by_suspend_state:
        return nothing()
    spans, labels = suspend_spans(facts.batch, facts.occupancy, facts.segments)
    found = _excluded(facts, facts.occupancy.dies_of_commands, spans, labels, _by_die)
    # A die is always in some suspend state: what no state excludes can't fail.
    bases = frozenset(base for label in labels for base in label.bases)
    commands = facts.occupancy.starts.base[facts.occupancy.dies_of_commands.place]
    able = int(np.count_nonzero(members(facts.batch, bases)[commands]))
    return Finding(found.evaluated, able, found.offenders)


@invariant(
    "excluded-by-odt",
    group=GROUP,
    sentence="No op starts on a die whose on-die termination is off where that excludes it.",
    rationale="Without its termination the die's bus signals are not sound at speed.",
    source="NAND data sheets: on-die termination; nandtrace model: exclusions",
    needs=("OP_START",),
)
def excluded_by_odt(facts: Facts) -> Finding:
    if not facts.rules.exclusions.by_odt_state:
        return nothing()
    spans, labels = odt_spans(facts.batch, facts.occupancy)
    return _excluded(facts, facts.occupancy.dies_of_commands, spans, labels, _by_die)


def _overlap_finding(
    facts: Facts, holders: Lanes, overlaps: Overlaps, what: Callable[[int], str]
) -> Finding:
    """One offender per start; `what` names a lane."""
    starts, (late, other) = facts.occupancy.starts, overlaps
    fresh = starts.fresh[holders.place[late]]
    late, other = late[fresh], other[fresh]
    single = np.unique(holders.place[late], return_index=True)[1]
    late, other = late[single], other[single]
    place = holders.place[late]
    texts = [
        (f"{what(lane)} free for {_op_text(facts, its)}", f"held by {_op_text(facts, holder)}")
        for lane, its, holder in zip(
            holders.lane[late].tolist(),
            place.tolist(),
            holders.place[other].tolist(),
            strict=True,
        )
    ]
    counts = count_places(starts, holders)
    others = starts.row[holders.place[other]]
    return _finding(facts, counts, starts.seq[place], (starts.row[place], others), texts)


Describe = Callable[[Facts, str, int, int], str]
"""Says what excluded: from the state, the lane, and the place of the op that brought it about or -1."""


def _excluded(
    facts: Facts, lanes: Lanes, spans: Spans, labels: list[Label], describe: Describe
) -> Finding:
    """The starts of commands that fell into a span that excludes them."""
    starts = facts.occupancy.starts
    found = find_excluded(facts.batch, lanes, starts.base, spans, labels)
    texts = [
        (
            f"no {facts.batch.name(int(starts.base[place]))} in {labels[spans.label[span]].text}",
            f"{_op_text(facts, place)} started while "
            + describe(
                facts, labels[spans.label[span]].text, int(spans.lane[span]), int(spans.owner[span])
            ),
        )
        for place, span in zip(found.place.tolist(), found.span.tolist(), strict=True)
    ]
    counts = (count_starts(starts, lanes.place), found.covered)
    owners = spans.owner[found.span]
    others = np.where(owners >= 0, starts.row[owners], -1)
    rows = (starts.row[found.place], others)
    return _finding(facts, counts, starts.seq[found.place], rows, texts)


def _by_op(facts: Facts, state: str, _lane: int, owner: int) -> str:
    if owner < 0:
        return "the last op on its plane, of a run before, was over"
    if state == END:
        return f"{_op_text(facts, owner)} was the last one on its plane"
    return f"{_op_text(facts, owner)} was in {state}"


def _by_plane(facts: Facts, state: str, lane: int, _owner: int) -> str:
    planes = facts.rules.planes or 1
    return f"die {lane // planes} plane {lane % planes} was in {state}"


def _by_die(_facts: Facts, state: str, lane: int, _owner: int) -> str:
    return f"die {lane} was in {state}"


def _op_text(facts: Facts, place: int) -> str:
    """An op and its time: READ of segment 3 (0 to 25 µs)."""
    starts = facts.occupancy.starts
    row = int(starts.row[place])
    base = facts.batch.name(int(facts.segments.base[row])) or "an op"
    begin = ns_to_us_text(int(starts.time_ns[place]))
    end = ns_to_us_text(int(starts.end_ns[place]))
    return f"{base} of segment {int(facts.segments.seg[row])} ({begin} to {end} µs)"


def _window_text(facts: Facts, window: int) -> str:
    """A state, its time, and whose it is: ISSUE (0 to 1 µs) of READ of segment 3 (0 to 25 µs)."""
    windows = facts.state_windows
    state = facts.batch.name(int(windows.state[window])) or "a state"
    begin = ns_to_us_text(int(windows.entry_ns[window]))
    end = ns_to_us_text(int(windows.exit_ns[window]))
    return f"{state} ({begin} to {end} µs) of {_op_text(facts, int(windows.place[window]))}"


def _finding(
    facts: Facts,
    counts: tuple[int, int],
    seq: Int64s,
    segments_of: tuple[Int64s, Int64s],
    texts: Texts,
) -> Finding:
    """`counts` are how many were evaluated and exercised; `segments_of` are the rows of the segments at
    fault, and of those that they are against, -1 where there is none."""
    rows, others = segments_of
    if not len(seq):
        return Finding(*counts, nothing().offenders)
    segments = facts.segments
    columns = {
        "seg": segments.seg[rows],
        "op": segments.op[rows],
        "die": segments.die[rows],
        "other_seg": np.where(others >= 0, segments.seg[others], NULL),
    }
    frame = to_frame({"seq": seq} | columns).with_columns(
        expected=pl.Series([text for text, _ in texts], dtype=pl.String),
        actual=pl.Series([text for _, text in texts], dtype=pl.String),
    )
    return finding(
        counts[0],
        frame,
        exercised=counts[1],
        expected=pl.col("expected"),
        actual=pl.col("actual"),
    )
