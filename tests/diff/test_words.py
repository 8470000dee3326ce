"""Traces of different vocabularies: kinds and columns are compared by name, never by code."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nandtrace.diff import ABSENT, Change, Result, compare
from nandtrace.diff.decoded import Words
from nandtrace.trace import Header, TraceWriter
from nandtrace.trace.chunk import ListTable, Table
from nandtrace.vocab import NULL, Column, ColumnType, Kind, ListColumn, Vocabulary

NAME = ColumnType.NAME
OLD = Vocabulary(
    "test",
    (
        Kind(0, "PING", (Column("hop"), Column("word", NAME))),
        Kind(1, "PONG", (Column("hop"),), (ListColumn("at", (Column("die"),)),)),
        Kind(2, "STOP"),
    ),
)
RENUMBERED = Vocabulary(
    "test",
    (
        Kind(7, "STOP"),
        Kind(1, "PING", (Column("word", NAME), Column("hop"))),
        Kind(0, "PONG", (Column("hop"),), (ListColumn("at", (Column("die"),)),)),
    ),
)
GROWN = Vocabulary(
    "test",
    (
        Kind(0, "PING", (Column("hop"), Column("word", NAME), Column("late"))),
        *OLD.kinds[1:],
        Kind(3, "NEW"),
    ),
)
RETYPED = Vocabulary("test", (Kind(0, "PING", (Column("hop"), Column("word"))), *OLD.kinds[1:]))


def _write(path: Path, vocabulary: Vocabulary, words: list[str], **extra: list[int]) -> Path:
    """PING, PONG, PING, PONG with a list, STOP."""
    writer = TraceWriter(path, Header(vocabulary), chunk_events=10)
    codes = [vocabulary.by_name[name].code for name in ("PING", "PONG", "PING", "PONG", "STOP")]
    ping = vocabulary.by_name["PING"]
    columns = {"hop": [1, 2], "late": [NULL, NULL]} | extra
    if "word" not in extra:
        columns["word"] = [writer.code(word) for word in words]
    at = ListTable(np.array([0, 2]), {"die": np.array([3, 4])})
    writer.append_columns(
        np.arange(5),
        np.zeros(5, np.int64),
        np.array(codes),
        {
            "PING": Table({item.name: np.array(columns[item.name]) for item in ping.columns}, {}),
            "PONG": Table({"hop": np.array([1, 2])}, {"at": at}),
        },
    )
    writer.close()
    return path


def test_renumbered_kinds_and_columns_in_another_order_are_the_same(tmp_path: Path) -> None:
    old = _write(tmp_path / "a.mpk", OLD, ["low", "high"])
    diff = compare(old, _write(tmp_path / "b.mpk", RENUMBERED, ["low", "high"]))
    assert diff.divergence is None
    assert diff.header == [
        Change("vocabulary.kinds.PING.code", 0, 1),
        Change("vocabulary.kinds.PONG.code", 1, 0),
        Change("vocabulary.kinds.STOP.code", 2, 7),
    ]


def test_names_are_compared_as_strings(tmp_path: Path) -> None:
    old = _write(tmp_path / "a.mpk", OLD, ["a", "b"])
    diff = compare(old, _write(tmp_path / "b.mpk", OLD, ["c", "d"]))
    assert diff.divergence is not None
    assert diff.divergence.fields == [Change("word", "a", "c")]
    diff = compare(old, _write(tmp_path / "c.mpk", RENUMBERED, ["a", "c"]))
    assert diff.divergence is not None
    assert (diff.divergence.seq, diff.divergence.fields) == (2, [Change("word", "b", "c")])


def test_a_new_column_counts_only_where_it_has_a_value(tmp_path: Path) -> None:
    old = _write(tmp_path / "a.mpk", OLD, ["a", "b"])
    grown = _write(tmp_path / "b.mpk", GROWN, ["a", "b"])
    assert compare(old, grown).divergence is None
    assert [change.path for change in compare(old, grown).header] == [
        "vocabulary.kinds.NEW",
        "vocabulary.kinds.PING.columns.late",
    ]
    late = _write(tmp_path / "c.mpk", GROWN, ["a", "b"], late=[NULL, 5])
    diff = compare(old, late)
    assert diff.divergence is not None
    assert (diff.divergence.seq, diff.divergence.fields) == (2, [Change("late", ABSENT, 5)])


def test_a_name_is_never_equal_to_its_code(tmp_path: Path) -> None:
    old = _write(tmp_path / "a.mpk", OLD, ["a", "b"])
    diff = compare(old, _write(tmp_path / "b.mpk", RETYPED, [], word=[0, 1]))
    assert diff.result is Result.DIFFERENT
    assert diff.divergence is not None
    assert diff.divergence.fields == [Change("word", "a", 0)]


def test_which_vocabularies_may_be_compared_by_their_chains() -> None:
    assert Words(OLD, OLD).aligned
    assert Words(OLD, GROWN).aligned
    assert not Words(OLD, RENUMBERED).aligned
    assert not Words(OLD, RETYPED).aligned
