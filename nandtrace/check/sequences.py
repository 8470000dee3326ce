"""Sequences: an op and what its sequence reserves with it, by the COMMITs of one decision.

A batch is a COMMIT with source PROPOSAL, BOOTSTRAP or BACKLOG and those with source SEQUENCE that follow
it at its time. Batches of one shape (the same bases, the same numbers of targets) are looked at together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from nandtrace.check.batch import Batch
from nandtrace.check.rules import SequenceStep
from nandtrace.check.sequence_shapes import FROM_SUSPENDED, Inherited, Member, matches
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import InheritRule, Source

Flags = npt.NDArray[np.bool_]

_HEADS = (Source.PROPOSAL, Source.BOOTSTRAP, Source.BACKLOG)
_MOST_TARGETS = 1 << 20
_MIX = np.uint64(0x9E3779B97F4A7C15)
_TARGET = ("die", "plane", "block", "page")


@dataclass(frozen=True, slots=True)
class Wrong:
    """Heads of batches that are followed by what may not follow them, and the words for it."""

    heads: Int64s
    expected: str
    actual: str


@dataclass(frozen=True, slots=True)
class Astray:
    """Ops of batches that are not where their rule puts them: rows, and the first target that they
    should have. Rows are those of COMMITs, as in `facts.segments`."""

    rule: str
    rows: Int64s
    due: dict[str, Int64s]


@dataclass(slots=True)
class Sequences:
    """`heads` are the rows of the COMMITs that begin a batch, `sizes` how many COMMITs it has.

    `loose` are COMMITs with source SEQUENCE in no batch, `ruled` counts the ops whose rule says where
    they must be, `from_suspended` are those that read a suspended program. `one_celltype` are pairs of
    an op that begins a batch and one of it that must program the same cell type.
    """

    heads: Int64s
    sizes: Int64s
    loose: Int64s
    wrong: list[Wrong] = field(default_factory=list)
    astray: list[Astray] = field(default_factory=list)
    ruled: int = 0
    from_suspended: list[Int64s] = field(default_factory=list)
    one_celltype: list[tuple[Int64s, Int64s]] = field(default_factory=list)


def derive_sequences(batch: Batch) -> Sequences:
    """Build the table from the COMMITs and the sequences that the header tells."""
    found = _batches(batch)
    told = batch.rules.sequences
    if told is None:
        return found
    base = batch.column("COMMIT", "base")
    alone = found.sizes == 1
    for name, alternatives in told.items():
        if () not in alternatives and alternatives:
            heads = found.heads[alone & (base[found.heads] == batch.code(name))]
            if len(heads):
                found.wrong.append(Wrong(heads, _expected(name, alternatives), "nothing"))
    for heads, members in _shapes(batch, found.heads[~alone], found.sizes[~alone]):
        _judge_shape(batch, found, heads, members)
    return found


def _batches(batch: Batch) -> Sequences:
    source = batch.column("COMMIT", "source")
    if not len(source):
        none = np.empty(0, np.int64)
        return Sequences(none, none, none)
    positions = batch.rows("COMMIT")
    follows = source == batch.code(Source.SEQUENCE)
    moment = batch.time_ns[positions]
    run_row = batch.run_row[positions]
    may_head = np.isin(source, batch.codes(_HEADS))
    starts = np.flatnonzero(~follows | (np.arange(len(source)) == 0))
    group = np.cumsum(~follows | (np.arange(len(source)) == 0)) - 1
    head = starts[group]
    loose = follows & (~may_head[head] | (moment != moment[head]) | (run_row != run_row[head]))
    sizes = np.bincount(group[~loose], minlength=len(starts))
    judged = may_head[starts]
    return Sequences(starts[judged], sizes[judged], np.flatnonzero(loose))


def _shapes(batch: Batch, heads: Int64s, sizes: Int64s) -> list[tuple[Int64s, list[Member]]]:
    """The batches of each shape, and the shape."""
    if not len(heads):
        return []
    base, counts = batch.column("COMMIT", "base"), batch.items("COMMIT", "targets").counts
    token = (base * _MOST_TARGETS + counts).astype(np.uint64)
    key = sizes.astype(np.uint64)
    for place in range(int(sizes.max())):
        longer = np.flatnonzero(sizes > place)
        # Wraps around: a hash, and shapes are few.
        key[longer] = (key[longer] * _MIX ^ token[heads[longer] + place]) * _MIX
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    shapes = []
    for shape, place in enumerate(first.tolist()):
        rows = range(int(heads[place]), int(heads[place]) + int(sizes[place]))
        members = [(batch.name(int(base[row])) or "?", int(counts[row])) for row in rows]
        shapes.append((heads[inverse == shape], members))
    return shapes


def _judge_shape(batch: Batch, found: Sequences, heads: Int64s, members: list[Member]) -> None:
    rules = batch.rules
    name = members[0][0]
    alternatives = (rules.sequences or {}).get(name, ())
    followed = " ".join(base for base, _ in members[1:])
    candidates = matches(members, alternatives, rules)
    if not candidates:
        found.wrong.append(Wrong(heads, _expected(name, alternatives), followed))
        return
    for item in candidates[0]:
        rows = [heads + place for place in range(item.first, item.stop)]
        if item.origin == FROM_SUSPENDED:
            found.from_suspended += rows
        if item.rule is InheritRule.SAME_CELLTYPE and all(item in items for items in candidates):
            found.one_celltype += [(heads, each) for each in rows]
    places = [
        [item for item in items if item.rule is not InheritRule.SAME_CELLTYPE]
        for items in candidates
    ]
    found.ruled += len(heads) * sum(item.stop - item.first for item in places[0])
    _judge_places(batch, found, heads, places)


def _expected(name: str, alternatives: tuple[tuple[SequenceStep, ...], ...]) -> str:
    texts = [" ".join(step.base for step in steps) or "nothing" for steps in alternatives]
    return f"{name} to be followed by {' or '.join(texts) or 'nothing'}"


def _judge_places(
    batch: Batch, found: Sequences, heads: Int64s, candidates: list[list[Inherited]]
) -> None:
    """Ops are astray where they are so by every alternative; they are then judged by the first."""
    verdicts = [[_is_astray(batch, heads, item) for item in items] for items in candidates]
    never = np.zeros(len(heads), np.bool_)
    broken = np.ones(len(heads), np.bool_)
    for verdict in verdicts:
        broken &= np.logical_or.reduce(verdict) if verdict else never
    if not broken.any():
        return
    for item, astray in zip(candidates[0], verdicts[0], strict=True):
        rows = heads[broken & astray]
        if len(rows):
            due = _targets_of(batch, rows + item.origin, 0)
            due["page"] = due["page"] + item.delta
            if item.rule is InheritRule.NONE:
                due["block"][:], due["page"][:] = NULL, NULL
            found.astray.append(Astray(item.rule, rows + item.first, due))


def _is_astray(batch: Batch, heads: Int64s, item: Inherited) -> Flags:
    """Whether the targets of a group are not where their rule puts them."""
    astray = np.zeros(len(heads), np.bool_)
    if item.origin == FROM_SUSPENDED:
        return astray
    mine, theirs = (
        _widths(batch, heads, first, stop)
        for first, stop in ((item.first, item.stop), (item.origin, item.origin_stop))
    )
    for place in range(mine if theirs else 0):
        targets = _targets_of(batch, heads + item.first, place)
        others = range(theirs) if mine != theirs else range(place, place + 1)
        same = [
            _is_at(targets, _targets_of(batch, heads + item.origin, other), item)
            for other in others
        ]
        astray |= ~np.logical_or.reduce(same)
    return astray


def _widths(batch: Batch, heads: Int64s, first: int, stop: int) -> int:
    """How many targets the ops of a group have; the same in every batch of a shape."""
    counts = batch.items("COMMIT", "targets").counts
    return int(counts[heads[0] + first : heads[0] + stop].sum())


def _targets_of(batch: Batch, rows: Int64s, place: int) -> dict[str, Int64s]:
    """The targets `place` after the first of COMMITs: those of a group follow each other."""
    columns = batch.items("COMMIT", "targets").columns
    places = batch.first_targets[rows] + place
    return {name: columns[name][places] for name in _TARGET}


def _is_at(targets: dict[str, Int64s], origin: dict[str, Int64s], item: Inherited) -> Any:
    """Whether targets are where the origin puts them; of a die there is nothing to compare."""
    same = (origin["die"] == targets["die"]) & (origin["plane"] == targets["plane"])
    if item.rule is not InheritRule.NONE:
        same &= origin["block"] == targets["block"]
        same &= origin["page"] + item.delta == targets["page"]
    return same | (origin["page"] == NULL) | (targets["page"] == NULL)
