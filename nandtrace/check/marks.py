"""Marks: latches, cache states and terminations, with the ops that must have switched them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nandtrace.check.batch import Batch
from nandtrace.check.facts import Facts
from nandtrace.check.items import item_places
from nandtrace.check.resets import derive_resets
from nandtrace.check.rules import BaseRules
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import Outcome, Role

Flags = npt.NDArray[np.bool_]

KINDS = ("LATCH", "CACHE", "ODT")
ODT_WORD = "the termination"

FIELDS = {"LATCH": "latches", "CACHE": "caches", "ODT": "odt_disabled"}
"""Per kind the field of a snapshot that tells which are on, or off for a termination."""


@dataclass(frozen=True, slots=True)
class Words:
    """The marks of a kind that ops switch by the header, and what completed ops do, by base: words that
    go off, and then one that goes on."""

    kind: str
    names: tuple[str, ...]
    by_base: dict[str, tuple[tuple[str, ...], str | None]]
    planes: int
    """Per die: those of the device, one for a termination."""


def words_of(facts: Facts, kind: str) -> Words:
    """Look them up in the header."""
    does = {name: _does(base, kind) for name, base in facts.rules.bases.items()}
    by_base = {name: (off, on) for name, (off, on) in does.items() if off or on}
    names = dict.fromkeys(word for off, on in by_base.values() for word in (*off, on) if word)
    planes = 1 if kind == "ODT" else facts.rules.planes or 0
    return Words(kind, tuple(names), by_base, planes)


def _does(base: BaseRules, kind: str) -> tuple[tuple[str, ...], str | None]:
    if kind == "LATCH":
        return base.frees, base.fills
    if kind == "CACHE":
        return base.leaves, base.enters
    off = (ODT_WORD,) if base.role is Role.ODT_DISABLE else ()
    return off, ODT_WORD if base.role is Role.ODT_ENABLE else None


@dataclass(frozen=True, slots=True)
class Switchings:
    """Marks switched on or off at positions of the batch; `key` tells which."""

    key: Int64s
    position: Int64s
    on: Int64s

    def __len__(self) -> int:
        return len(self.key)

    def select(self, wanted: Int64s | Flags) -> Switchings:
        """Some of them."""
        return Switchings(self.key[wanted], self.position[wanted], self.on[wanted])


def join(parts: Iterable[Switchings]) -> Switchings:
    """All parts, one after another."""
    columns = [(part.key, part.position, part.on) for part in parts]
    return Switchings(*(np.concatenate(values) for values in zip(*columns, strict=True)))


def caused(facts: Facts, words: Words) -> Switchings:
    """What completed ops and resets must have switched."""
    batch, rows = facts.batch, facts.rows_of("OP_END")
    outcome = batch.column("OP_END", "outcome")
    whole = (outcome == batch.code(Outcome.COMPLETED)) | (outcome == NULL)
    known = np.flatnonzero((rows >= 0) & whole)
    base = facts.segments.base[rows[known]]
    parts = [_by_resets(facts, words)]
    for name, (off, on) in words.by_base.items():
        mine = known[base == batch.code(name)]
        if not len(mine):
            continue
        lane, place = _lanes(facts, words, rows[mine], facts.rules.bases[name].addressed)
        positions = batch.rows("OP_END")[mine][place]
        values = dict.fromkeys(off, 0) | ({on: 1} if on else {})
        for word, value in values.items():
            key = lane * len(words.names) + words.names.index(word)
            parts.append(Switchings(key, positions, np.full(len(key), value, np.int64)))
    return join(parts)


def _by_resets(facts: Facts, words: Words) -> Switchings:
    """A reset switches off every latch and cache state of its dies; a termination stays."""
    resets = derive_resets(facts)
    width = 0 if words.kind == "ODT" else words.planes * len(words.names)
    inside = (resets.die >= 0) & (resets.die < (facts.rules.dies or 0))
    die = resets.die[inside]
    key = np.repeat(die * width, width) + np.tile(np.arange(width), len(die))
    positions = np.repeat(facts.batch.positions(resets.seq[inside]), width)
    return Switchings(key, positions, np.zeros(len(key), np.int64))


def _lanes(facts: Facts, words: Words, rows: Int64s, addressed: bool) -> tuple[Int64s, Int64s]:
    """The planes, or dies, that segments touch, each with the place of its segment in `rows`."""
    segments, dies = facts.segments, facts.rules.dies or 0
    if words.kind != "ODT" and addressed:
        place = np.repeat(np.arange(len(rows)), segments.targets.counts[rows])
        items = item_places(segments.targets, rows)
        columns = segments.targets.columns
        die, plane = (columns[name][items] if columns else items for name in ("die", "plane"))
    else:
        place = np.repeat(np.arange(len(rows)), words.planes)
        die, plane = segments.die[rows][place], np.tile(np.arange(words.planes), len(rows))
    inside = (die >= 0) & (die < dies) & (plane >= 0) & (plane < words.planes)
    lane: Int64s = die[inside] * words.planes + plane[inside]
    return lane, place[inside]


def switched(batch: Batch, words: Words) -> Switchings:
    """The events of a kind that are about marks of the header."""
    kind, positions = words.kind, batch.rows(words.kind)
    die, on = batch.column(kind, "die"), batch.column(kind, "on")
    word, plane = np.zeros(len(die), np.int64), np.zeros(len(die), np.int64)
    if kind != "ODT":
        word, plane = batch.column(kind, kind.lower()), batch.column(kind, "plane")
        numbers = {batch.code(name): number for number, name in enumerate(words.names)}
        table = np.full(len(batch.names) + 1, -1, np.int64)
        for code, number in numbers.items():
            if code >= 0:
                table[code] = number
        word = table[np.where(word == NULL, len(batch.names), word)]
    dies = batch.rules.dies or 0
    inside = (die >= 0) & (die < dies) & (plane >= 0) & (plane < words.planes) & (word >= 0)
    mine = np.flatnonzero(inside)
    key = (die[mine] * words.planes + plane[mine]) * len(words.names) + word[mine]
    return Switchings(key, positions[mine], on[mine])


def elsewhere(batch: Batch, words: Words) -> Int64s:
    """The positions of events of a kind that are about no plane, or die, of the device."""
    kind = words.kind
    die = batch.column(kind, "die")
    plane = np.zeros(len(die), np.int64) if kind == "ODT" else batch.column(kind, "plane")
    told = (die != NULL) & (plane != NULL)
    dies = batch.rules.dies or 0
    inside = (die >= 0) & (die < dies) & (plane >= 0) & (plane < words.planes)
    positions: Int64s = batch.rows(kind)[told & ~inside]
    return positions


def begun_with(batch: Batch, words: Words, run_row: Int64s, key: Int64s) -> Int64s:
    """Whether marks were on when runs began: 1 or 0, NULL where the snapshot does not tell."""
    width = (batch.rules.dies or 0) * words.planes * len(words.names)
    told = np.zeros(len(batch.runs), np.bool_)
    held: list[int] = []
    for row, state in enumerate(batch.begin_states):
        entries = (state or {}).get(FIELDS[words.kind])
        if entries is None:
            continue
        told[row] = True
        held += [row * width + place for place in _keys(words, entries, batch.rules.dies or 0)]
    listed = np.isin(run_row * width + key, np.array(held, np.int64))
    on = ~listed if words.kind == "ODT" else listed
    return np.where(told[run_row], on, NULL)


def _keys(words: Words, entries: list[Any], dies: int) -> Iterator[int]:
    """Marks of the device that a snapshot lists."""
    numbers = {name: number for number, name in enumerate(words.names)}
    for entry in entries:
        die, plane, word = (entry, 0, ODT_WORD) if words.kind == "ODT" else entry
        if word in numbers and 0 <= die < dies and 0 <= plane < words.planes:
            yield (die * words.planes + plane) * len(words.names) + numbers[word]
