"""The story of a violation: the events about what it is about, wherever they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nandtrace.check.verdict import Violation
from nandtrace.trace import Chunk, Table, TraceReader
from nandtrace.vocab import ColumnType, Kind, Vocabulary

FIRST, LAST, AFTER, NEAR = 2, 5, 6, 2
"""Of the events about it: the first and the last ones before the violation, and those after it; of what
happened at its place, the last ones."""

_SEGMENTS = ("seg", "other_seg")
_SEGMENT_COLUMNS = ("seg", "by_seg")
_OWN = ("op", "msg", "order", "id")
_WIDER = ("edge", "node", "slot")
"""Said of a violation that none of the narrower ones is said of."""

_AT_A_PLACE = ("APPLY_ERASE", "APPLY_PGM", "LATCH", "CACHE", "ODT")

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Subject:
    """By column the values that an event about it has one of."""

    columns: dict[str, tuple[int | str, ...]]
    place: dict[str, int | str]


def story_of(reader: TraceReader, violation: Violation) -> list[int]:
    """Numbers of the events about a violation, ascending: those of its run that name what it is about, and
    what happened at its place before, in whatever run. Raises TraceError where they can't be read."""
    subject = _subject(violation)
    about: list[int] = []
    for chunk in reader.chunks_of_run(violation.run):
        of_run = chunk.run == violation.run
        about += _numbers(chunk, of_run & _about(chunk, reader.header.vocabulary, subject))
    before = [seq for seq in about if seq < violation.seq]
    after = [seq for seq in about if seq > violation.seq]
    chosen = {*before[:FIRST], *before[-LAST:], *after[:AFTER]}
    chosen.update(_before_at_place(reader, violation, subject))
    chosen.update(int(seq) for name, seq in violation.place.items() if name == "other_seq")
    return sorted(chosen)


def _before_at_place(reader: TraceReader, violation: Violation, subject: _Subject) -> list[int]:
    """The last events before a violation that applied to its block, or switched something at its plane."""
    found: list[int] = []
    if not subject.place.keys() & {"die", "block"}:
        return found
    entries = [entry for entry in reader.index.chunks if entry.first_seq <= violation.seq]
    for entry in reversed(entries):
        chunk = reader.chunk_at(entry.offset)
        near = _numbers(chunk, _near(chunk, reader.header.vocabulary, subject))
        found = [seq for seq in near if seq < violation.seq] + found
        if len(found) >= NEAR:
            break
    return found[-NEAR:]


def _subject(violation: Violation) -> _Subject:
    place = violation.place
    segments = tuple(place[name] for name in _SEGMENTS if name in place)
    columns = dict.fromkeys(_SEGMENT_COLUMNS, segments) if segments else {}
    columns |= {name: (place[name],) for name in _OWN if name in place}
    wider = next((name for name in _WIDER if name in place), None)
    if not columns and wider is not None:
        columns[wider] = (place[wider],)
    return _Subject(columns, place)


def _numbers(chunk: Chunk, wanted: Flags) -> list[int]:
    numbers: list[int] = chunk.seq[wanted].tolist()
    return numbers


def _about(chunk: Chunk, vocabulary: Vocabulary, subject: _Subject) -> Flags:
    """Events that name one of the subject's segments, or its op, message or order."""
    found = np.zeros(chunk.meta.events, np.bool_)
    for kind, table in _tables(chunk, vocabulary):
        found[chunk.kind == kind.code] = _any_named(chunk, kind, table, subject)
    return found


def _any_named(chunk: Chunk, kind: Kind, table: Table, subject: _Subject) -> Flags:
    found = np.zeros(chunk.meta.counts[kind.name], np.bool_)
    for column in kind.columns:
        values = subject.columns.get(column.name, ())
        if column.type is ColumnType.NAME:
            known = chunk.meta.strings
            values = tuple(known.index(str(value)) for value in values if value in known)
        if values:
            found |= np.isin(table.columns[column.name], values)
    return found


def _near(chunk: Chunk, vocabulary: Vocabulary, subject: _Subject) -> Flags:
    """What was applied to the subject's block, and switched on its plane or die."""
    found = np.zeros(chunk.meta.events, np.bool_)
    for kind, table in _tables(chunk, vocabulary):
        if kind.name in _AT_A_PLACE:
            found[chunk.kind == kind.code] = _at_place(kind, table, subject.place)
    return found


def _at_place(kind: Kind, table: Table, place: dict[str, int | str]) -> Flags:
    if not kind.lists:
        return _matches(table.columns, place, ("die", "plane"))
    cells = table.lists[kind.lists[0].name]
    hit = _matches(cells.columns, place, ("die", "block"))
    if "block" not in place:
        hit[:] = False
    owner = np.repeat(np.arange(len(cells.counts)), cells.counts)
    found = np.zeros(len(cells.counts), np.bool_)
    found[owner[hit]] = True
    return found


def _matches(
    columns: dict[str, npt.NDArray[np.int64]], place: dict[str, int | str], names: tuple[str, ...]
) -> Flags:
    """Rows that agree with a place in those of the names that both have; none where it lacks the first."""
    size = len(next(iter(columns.values())))
    if names[0] not in place:
        return np.zeros(size, np.bool_)
    agrees = np.ones(size, np.bool_)
    for name in names:
        if name in columns and name in place:
            agrees &= columns[name] == place[name]
    return agrees


def _tables(chunk: Chunk, vocabulary: Vocabulary) -> Iterator[tuple[Kind, Table]]:
    for kind in vocabulary.kinds:
        if chunk.meta.counts.get(kind.name):
            yield kind, chunk.table(kind)
