"""What a vocabulary is made of: kinds of events, their columns and the lists that hang on a row."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

RUN_BRACKETS = ("RUN_BEGIN", "RUN_END")
"""The kinds that every domain has: where a run begins and ends, each with a snapshot."""

NULL = -(2**63)
"""How an absent value reads in a decoded column. Every column is int64."""


class ColumnType(StrEnum):
    """How the int64 of a column is to be read."""

    INT = "int"
    TIME = "time_ns"
    FLAG = "flag"
    NAME = "name"
    """An index into the chunk's strings."""


@dataclass(frozen=True, slots=True)
class Column:
    """One value a row of a kind carries."""

    name: str
    type: ColumnType = ColumnType.INT


@dataclass(frozen=True, slots=True)
class ListColumn:
    """A list that hangs on each row: its items are rows of a table of their own, in row order."""

    name: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of event. `code` never changes once released; columns are only appended."""

    code: int
    name: str
    columns: tuple[Column, ...] = ()
    lists: tuple[ListColumn, ...] = ()


@dataclass(frozen=True, slots=True)
class SnapshotField:
    """A field of a snapshot; `derivable` when the events before it determine it."""

    name: str
    derivable: bool = False


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The kinds of one domain, and the fields of its snapshots."""

    domain: str
    kinds: tuple[Kind, ...]
    snapshot: tuple[SnapshotField, ...] = ()
    by_name: dict[str, Kind] = field(init=False, repr=False, compare=False)
    by_code: dict[int, Kind] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {kind.name: kind for kind in self.kinds})
        object.__setattr__(self, "by_code", {kind.code: kind for kind in self.kinds})
        if len(self.by_name) != len(self.kinds) or len(self.by_code) != len(self.kinds):
            raise ValueError("a vocabulary names a kind or a code twice")

    def derivable_fields(self) -> frozenset[str]:
        """Names of the snapshot fields that a replay must reproduce."""
        return frozenset(item.name for item in self.snapshot if item.derivable)


def vocabulary_to_map(vocabulary: Vocabulary) -> dict[str, Any]:
    """Write a vocabulary as the plain map that a trace's header carries."""
    return {
        "kinds": [
            {
                "code": kind.code,
                "name": kind.name,
                "columns": _columns_to_rows(kind.columns),
                "lists": [
                    {"name": item.name, "columns": _columns_to_rows(item.columns)}
                    for item in kind.lists
                ],
            }
            for kind in vocabulary.kinds
        ],
        "snapshot": [[item.name, item.derivable] for item in vocabulary.snapshot],
    }


def vocabulary_from_map(domain: str, plain: dict[str, Any]) -> Vocabulary:
    """Read a vocabulary back from a header. Raises KeyError, TypeError or ValueError on nonsense."""
    kinds = tuple(
        Kind(
            code=_small_code(entry["code"]),
            name=str(entry["name"]),
            columns=_columns_from_rows(entry["columns"]),
            lists=tuple(
                ListColumn(str(item["name"]), _columns_from_rows(item["columns"]))
                for item in entry["lists"]
            ),
        )
        for entry in plain["kinds"]
    )
    snapshot = tuple(SnapshotField(str(name), bool(flag)) for name, flag in plain["snapshot"])
    return Vocabulary(domain, kinds, snapshot)


def _small_code(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= 255:
        raise ValueError(f"a kind's code is {value!r}, not a number from 0 to 255")
    return value


def _columns_to_rows(columns: tuple[Column, ...]) -> list[list[str]]:
    return [[column.name, column.type.value] for column in columns]


def _columns_from_rows(rows: Any) -> tuple[Column, ...]:
    return tuple(Column(str(name), ColumnType(kind)) for name, kind in rows)
