"""A chunk with all its columns decoded, and the words in which two chunks are compared."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from nandtrace.trace.chunk import Chunk, Table
from nandtrace.trace.columns import Int64s
from nandtrace.trace.event import check_names
from nandtrace.vocab import Kind, Vocabulary


@dataclass
class DecodedChunk:
    """All columns of a chunk. Build it with `decode_chunk`."""

    chunk: Chunk
    vocabulary: Vocabulary
    first_seq: int
    time_ns: Int64s
    run: Int64s
    kind: Int64s
    tables: dict[str, Table]
    """Of the kinds that occur."""
    snapshots: dict[int, dict[str, Any]]

    @property
    def strings(self) -> list[str]:
        return self.chunk.meta.strings

    @property
    def end_seq(self) -> int:
        return self.first_seq + len(self.time_ns)

    @cached_property
    def rows(self) -> dict[str, Int64s]:
        """Per kind that occurs: the places of its events in the chunk."""
        by_name = self.vocabulary.by_name
        return {name: np.flatnonzero(self.kind == by_name[name].code) for name in self.tables}

    def rows_before(self, name: str, place: int) -> int:
        """How many events of a kind come before a place in the chunk."""
        return int(np.searchsorted(self.rows[name], place)) if name in self.rows else 0


def decode_chunk(chunk: Chunk, vocabulary: Vocabulary) -> DecodedChunk:
    """Decode everything. Raises ChunkError where the chunk contradicts itself."""
    occurring = set(np.unique(chunk.kind).tolist())
    tables = {}
    for kind in vocabulary.kinds:
        if kind.code in occurring:
            tables[kind.name] = chunk.table(kind)
            check_names(chunk, kind, tables[kind.name])
    return DecodedChunk(
        chunk=chunk,
        vocabulary=vocabulary,
        first_seq=chunk.meta.first_seq,
        time_ns=chunk.time_ns,
        run=chunk.run,
        kind=chunk.kind,
        tables=tables,
        snapshots={item.seq: item.state for item in chunk.snapshots},
    )


class Words:
    """How the kinds of two vocabularies correspond: by name, whatever their codes."""

    def __init__(self, old: Vocabulary, new: Vocabulary) -> None:
        self.old = old
        self.new = new
        self.aligned = self._aligned()
        self._codes = self._new_to_old()

    def _new_to_old(self) -> Int64s:
        """Per code of B the code of A; a kind that A lacks gets one that A cannot have."""
        codes = np.arange(256, dtype=np.int64)
        for code in range(256):
            kind = self.new.by_code.get(code)
            if kind is not None and kind.name in self.old.by_name:
                codes[code] = self.old.by_name[kind.name].code
            elif kind is not None or code in self.old.by_code:
                codes[code] = 256 + code
        return codes

    def _aligned(self) -> bool:
        """Whether codes and columns known to both mean the same in both, as in an older version."""
        codes = self.old.by_code.keys() & self.new.by_code.keys()
        names = self.old.by_name.keys() & self.new.by_name.keys()
        by_code = all(self.old.by_code[code].name == self.new.by_code[code].name for code in codes)
        by_name = all(self.old.by_name[name].code == self.new.by_name[name].code for name in names)
        return by_code and by_name and all(_types_agree(*pair) for pair in self.common())

    def as_old(self, kinds: Int64s) -> Int64s:
        """The kinds of B in the codes of A."""
        return self._codes[kinds]

    def common(self) -> list[tuple[Kind, Kind]]:
        """The kinds that both sides know."""
        return [
            (kind, self.new.by_name[kind.name])
            for kind in self.old.kinds
            if kind.name in self.new.by_name
        ]


def _types_agree(old: Kind, new: Kind) -> bool:
    mine, theirs = _types(old), _types(new)
    return all(mine[name] == theirs[name] for name in mine.keys() & theirs.keys())


def _types(kind: Kind) -> dict[str, str]:
    types = {column.name: column.type.value for column in kind.columns}
    for item in kind.lists:
        types |= {f"{item.name}.{column.name}": column.type.value for column in item.columns}
    return types
