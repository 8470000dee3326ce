"""Occupancy: which segments start when, what they touch and hold, and until when.

Times that are compared with starts become *places* among them, so that everything after is arithmetic on
small numbers: a time span is a range of the starts that fall into it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nandtrace.check.batch import Batch
from nandtrace.check.segments import MISSING, Segments
from nandtrace.trace import ListTable
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import Role, Scope

Flags = npt.NDArray[np.bool_]

MAX_LANES = 2**15
"""A device with more planes, over all dies, has no resources judged: no device has so many."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What the header says of op bases: an entry per name of the batch, and a last one for none."""

    known: Flags
    addressed: Flags
    instant: Flags
    plane_set: Flags
    die_wide: Flags
    resets_die: Flags
    resets_all: Flags
    interleaves: Flags


def traits_of(batch: Batch) -> Traits:
    """Look up every name of the batch among the bases of the header."""
    bases = [batch.rules.bases.get(name) for name in (*batch.names, "")]
    bases[-1] = None
    interleaving = frozenset(batch.rules.interleaving_bases or ())

    def flags(values: list[bool]) -> Flags:
        return np.array(values, np.bool_)

    return Traits(
        known=flags([base is not None for base in bases]),
        addressed=flags([base is not None and base.addressed for base in bases]),
        instant=flags([base is not None and base.instant for base in bases]),
        plane_set=flags([base is not None and base.scope is Scope.PLANE_SET for base in bases]),
        die_wide=flags([base is not None and base.scope is Scope.DIE_WIDE for base in bases]),
        resets_die=flags([base is not None and base.role is Role.RESET_LUN for base in bases]),
        resets_all=flags([base is not None and base.role is Role.RESET for base in bases]),
        interleaves=flags([name in interleaving for name in (*batch.names, "")]),
    )


@dataclass(frozen=True, slots=True)
class Starts:
    """One entry per OP_START whose segment is known, in order; its number is its *place*.

    Before those of a run stand the segments that ran when it began (`fresh` False, the time that of the
    RUN_BEGIN). `row` is the segment's in `segments`, `base` its code or the last entry of Traits. `stop`
    is the place of the first start of a later run. `end_ns` is when the segment was over in fact, the
    committed end where its run does not tell, and `end` the place of the first start from then on;
    `completed` says whether it ran to its end.
    """

    row: Int64s
    seq: Int64s
    time_ns: Int64s
    die: Int64s
    base: Int64s
    fresh: Flags
    chained: Flags
    stop: Int64s
    end_ns: Int64s
    end: Int64s
    completed: Flags
    run_stop: Int64s
    """Per run, the place of the first start of a later run."""
    place_of_row: Int64s
    """Per row of `segments` its place, MISSING where it did not run."""

    def __len__(self) -> int:
        return len(self.row)

    def first_from(self, time_ns: Int64s) -> Int64s:
        """Places of the first starts at or after the times."""
        return np.searchsorted(self.time_ns, time_ns, side="left")

    def place_of(self, rows: Int64s) -> Int64s:
        """Places of segments by their rows; MISSING where one did not run, or the row is -1."""
        if not len(self.place_of_row):
            return np.full(len(rows), MISSING, np.int64)
        return np.where(rows >= 0, self.place_of_row[rows], MISSING)

    def after(self, seq: Int64s) -> Int64s:
        """Places of the first starts after the events with these numbers."""
        return np.searchsorted(self.seq, seq, side="right")


def derive_starts(batch: Batch, segments: Segments, rows: Int64s) -> Starts:
    """Build the table; `rows` has, per OP_START, its segment's row or -1."""
    positions = batch.rows("OP_START")
    known = rows >= 0
    if not known.all():
        positions, rows = positions[known], rows[known]
    seq, run_row = batch.seq[positions], batch.run_row[positions]
    time_ns = batch.time_ns[positions]
    fresh = np.ones(len(rows), np.bool_)
    started = (segments.carried == 1) & (segments.owes_start == 0) & (segments.owes_end > 0)
    running = np.flatnonzero(started)
    if len(running):
        row = np.concatenate([running, rows])
        seq = np.concatenate([segments.seq[running], seq])
        order = np.argsort(seq, kind="stable")
        rows, seq = row[order], seq[order]
        time_ns, run_row = batch.times(seq), segments.run_row[rows]
        fresh = order >= len(running)
    if len(time_ns):
        # A clock that goes back is reported elsewhere; here it must only not go back.
        time_ns = np.maximum.accumulate(time_ns)
    run_stop = np.searchsorted(run_row, np.arange(len(batch.runs)), side="right")
    place_of_row = np.full(len(segments), MISSING, np.int64)
    place_of_row[rows] = np.arange(len(rows))
    outcome = segments.outcome[rows]
    whole = (outcome == batch.code("COMPLETED")) | (outcome == NULL)
    nameless = len(batch.names)
    base, end_ns = segments.base[rows], _ends(batch, segments)[rows]
    return Starts(
        row=rows,
        seq=seq,
        time_ns=time_ns,
        die=segments.die[rows],
        base=np.where((base >= 0) & (base < nameless), base, nameless),
        fresh=fresh,
        chained=segments.source[rows] == batch.code("RESUME_CHAIN"),
        stop=run_stop[run_row],
        end_ns=end_ns,
        end=np.searchsorted(time_ns, end_ns, side="left"),
        completed=whole & (segments.ends[rows] > 0),
        run_stop=run_stop,
        place_of_row=place_of_row,
    )


def _ends(batch: Batch, segments: Segments) -> Int64s:
    """When segments that ran were over: by their OP_END, a suspend, or a reset; else as committed."""
    ended = segments.ends > 0
    ends = np.where(ended, segments.last_end_ns, segments.end_ns)
    cut = ~ended & (segments.cuts > 0)
    ends[cut] = segments.cut_ns[cut]
    reset = ~ended & (segments.resets > 0)
    ends[reset] = batch.times(segments.end_cancel[reset])
    return ends


@dataclass(frozen=True, slots=True)
class Lanes:
    """Pairs of a place and a lane (a plane of the device, or a die), sorted by lane and then place.

    `key` is lane * `width` + place. In order of place the lanes are `by_place`, `count` of them per
    place, from `first` on.
    """

    place: Int64s
    lane: Int64s
    key: Int64s
    width: int
    by_place: Int64s
    first: Int64s
    count: Int64s

    def keys(self, lane: Int64s, place: Int64s) -> Int64s:
        """Where pairs would stand: the positions of the first pairs not before them."""
        return np.searchsorted(self.key, lane * self.width + place)

    def select(self, wanted: Flags) -> Lanes:
        """Those pairs whose place is wanted; `by_place` stays whole."""
        if wanted.all():
            return self
        chosen = np.flatnonzero(wanted[self.place])
        return Lanes(
            self.place[chosen],
            self.lane[chosen],
            self.key[chosen],
            self.width,
            self.by_place,
            self.first,
            self.count,
        )

    def spread(self, places: Int64s) -> tuple[Int64s, Int64s]:
        """Every lane of every given place: indices into `places`, and the lanes."""
        counts = self.count[places]
        which = np.repeat(np.arange(len(places)), counts)
        starts = np.cumsum(counts) - counts
        inner = np.arange(len(which)) - starts[which]
        return which, self.by_place[self.first[places][which] + inner]


def make_lanes(place: Int64s, lane: Int64s, count: int) -> Lanes:
    """Lanes of pairs that are in order of place, out of `count` places."""
    counts = np.bincount(place, minlength=count)
    order = np.argsort(lane.astype(np.uint16), kind="stable")
    width = count + 1
    key = lane[order] * width + place[order]
    single = np.ones(len(key), np.bool_)
    single[1:] = key[1:] != key[:-1]
    if not single.all():
        order, key = order[single], key[single]
    return Lanes(place[order], lane[order], key, width, lane, np.cumsum(counts) - counts, counts)


@dataclass(frozen=True, slots=True)
class Occupancy:
    """Starts, with the lanes that they touch, hold, and the dies that they are on.

    An op touches the planes that it addresses, or all of its die. What it holds is the same, but for a
    DIE_WIDE op, which holds all of its die. Its states are on what it holds, those of a reset of all dies
    on all planes. Starts of unknown bases have no lanes. Lanes of commands are those of starts whose
    OP_START is here, but for what a resume goes on with.
    """

    traits: Traits
    starts: Starts
    touched_by_commands: Lanes
    dies_of_commands: Lanes
    held: Lanes
    in_state: Lanes
    dies: Lanes
    resets: Int64s
    """Places of the starts that reset their die or all."""


def derive_occupancy(batch: Batch, segments: Segments, rows: Int64s) -> Occupancy:
    """Build the tables; `rows` as for derive_starts. Without a topology nothing has lanes."""
    traits = traits_of(batch)
    starts = derive_starts(batch, segments, rows)
    known = traits.known[starts.base]
    dies, planes = batch.rules.dies or 0, batch.rules.planes or 0
    if dies * planes > MAX_LANES:
        dies = planes = 0
    targets = segments.targets
    addressed = traits.addressed[starts.base]
    wide = traits.die_wide[starts.base]
    touched = _lanes(starts, targets, known, ~addressed, (dies, planes))
    held = touched
    if (wide & addressed).any():
        held = _lanes(starts, targets, known, ~addressed | wide, (dies, planes))
    in_state, everywhere = held, traits.resets_all[starts.base]
    if everywhere.any():
        whole = ~addressed | wide
        in_state = _lanes(starts, targets, known, whole, (dies, planes), everywhere=everywhere)
    on_die = np.flatnonzero(known & (starts.die >= 0) & (starts.die < dies))
    of_dies = make_lanes(on_die, starts.die[on_die], len(starts))
    resetting = (traits.resets_all | traits.resets_die)[starts.base] & starts.fresh
    commands = starts.fresh & ~starts.chained
    return Occupancy(
        traits,
        starts,
        touched.select(commands),
        of_dies.select(commands),
        held,
        in_state,
        of_dies,
        np.flatnonzero(resetting),
    )


def _lanes(
    starts: Starts,
    targets: ListTable,
    known: Flags,
    whole: Flags,
    shape: tuple[int, int],
    *,
    everywhere: Flags | None = None,
) -> Lanes:
    """The planes of every start: its targets', where `whole` all of its die, where `everywhere` all."""
    dies, planes = shape
    counts = np.where(whole, planes, targets.counts[starts.row])
    if everywhere is not None:
        whole = whole | everywhere
        counts[everywhere] = dies * planes
    counts[~known] = 0
    place = np.repeat(np.arange(len(starts)), counts)
    inner = np.arange(len(place)) - (np.cumsum(counts) - counts)[place]
    die, plane = starts.die[place], inner
    if everywhere is not None and len(place):
        of_all = everywhere[place]
        die = np.where(of_all, inner // planes, die)
        plane = np.where(of_all, inner % planes, plane)
    aimed = np.flatnonzero(~whole[place])
    first = np.cumsum(targets.counts) - targets.counts
    item = first[starts.row[place[aimed]]] + inner[aimed]
    for name, column in (("die", die), ("plane", plane)):
        if len(item):
            column[aimed] = targets.columns[name][item]
    inside = (die >= 0) & (die < dies) & (plane >= 0) & (plane < planes)
    if not inside.all():
        place, die, plane = place[inside], die[inside], plane[inside]
    return make_lanes(place, die * planes + plane, len(starts))
