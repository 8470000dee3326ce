"""What is written is what is read: any values, one by one or in bulk, compressed or not."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nandtrace.trace import Chunk, Header, TraceReader, TraceWriter
from nandtrace.trace.columns import Encoding, decode_column, encode_column, spec_from_row
from nandtrace.trace.event import Event, events_of
from nandtrace.trace.writer import MAX_STRINGS
from nandtrace.vocab import NAND, NULL, Column, ColumnType, Kind, ListColumn, Vocabulary
from tests.strategies import NAND_HEADER, Row, bulk_tables, int64s, rows


def _expected(given_rows: list[Row]) -> list[Event]:
    events = []
    for seq, (code, time_ns, run, values, items) in enumerate(given_rows):
        kind = NAND.by_code[code]
        fields: dict[str, Any] = {}
        for column, value in zip(kind.columns, values, strict=True):
            if value is not None and value != NULL:
                is_flag = column.type == ColumnType.FLAG and value in (0, 1)
                fields[column.name] = bool(value) if is_flag else value
        if items:
            plain = [tuple(None if v == NULL else v for v in item) for item in items]
            fields[kind.lists[0].name] = plain
        events.append(Event(seq, run, time_ns, kind.name, fields))
    return events


def _write_rows(path: Path, given_rows: list[Row], **options: Any) -> None:
    writer = TraceWriter(path, NAND_HEADER, **options)
    for code, time_ns, run, values, items in given_rows:
        codes = [writer.codes[v] if isinstance(v, str | None) else v for v in values]
        writer.append(code, time_ns, run, codes, items)
    writer.close()


def _write_bulk(path: Path, given_rows: list[Row], **options: Any) -> None:
    writer = TraceWriter(path, NAND_HEADER, **options)
    heads = [np.array([row[at] for row in given_rows], np.int64) for at in (1, 2, 0)]
    writer.append_columns(*heads, bulk_tables(writer, given_rows))
    writer.close()


def _read(path: Path) -> list[Event]:
    with TraceReader(path) as reader:
        chunks = list(reader.walk())
        assert all(isinstance(chunk, Chunk) for chunk in chunks)
        for chunk in chunks:
            chunk.validate()
        return [event for chunk in chunks for event in events_of(chunk, NAND)]


@settings(max_examples=60, deadline=None)
@given(rows, st.sampled_from([1, 5, 65_536]), st.booleans())
def test_events_come_back_and_bulk_gives_the_same_bytes(
    given_rows: list[Row], chunk_events: int, compress: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        one, bulk = Path(folder) / "a.mpk", Path(folder) / "b.mpk"
        options: dict[str, Any] = {"chunk_events": chunk_events, "compress": compress}
        _write_rows(one, given_rows, **options)
        _write_bulk(bulk, given_rows, **options)
        assert one.read_bytes() == bulk.read_bytes()
        assert _read(one) == _expected(given_rows)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.lists(int64s, max_size=20),
        st.lists(st.sampled_from([NULL, -(2**62), 2**62, 2**63 - 1]), max_size=8),
        st.builds(lambda start, step, n: [start + step * i for i in range(n)],
                  st.integers(-(2**40), 2**40), st.integers(-(2**20), 2**20), st.integers(0, 50)),
    )
)  # fmt: skip
def test_a_column_comes_back(values: list[int]) -> None:
    spec, raw = encode_column("key", np.array(values, np.int64))
    assert spec.size_bytes == len(raw)
    again = spec_from_row(spec.to_row())
    assert decode_column(again, memoryview(raw)).tolist() == values


@pytest.mark.parametrize(
    ("values", "encoding", "size_bytes"),
    [
        ([], Encoding.CONSTANT, 0),
        ([NULL] * 9, Encoding.CONSTANT, 0),
        (range(1_000, 9_000, 10), Encoding.DELTA, 0),
        ([0, 1, 0, 1], Encoding.PLAIN, 4),
        ([0, NULL, 254], Encoding.PLAIN, 3),
        ([0, NULL, 255], Encoding.PLAIN, 6),
        ([2**40, 2**40 + 300, 2**40 + 500], Encoding.DELTA, 2),
        ([NULL, 2**63 - 1], Encoding.PLAIN, 16),
    ],
)
def test_the_narrowest_encoding_is_taken(values: Any, encoding: Encoding, size_bytes: int) -> None:
    spec, raw = encode_column("key", np.array(values, np.int64))
    assert (spec.encoding, len(raw)) == (encoding, size_bytes)


def test_strings_of_chunks_already_written_are_forgotten(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "a.mpk", NAND_HEADER)
    code = NAND.by_name["BOOTSTRAP"].code
    for number in range(2 * MAX_STRINGS + 10):
        writer.append(code, number, 0, (writer.code(f"stage {number}"),))
    assert len(writer.codes.strings) == 10
    writer.close()
    assert [event.fields["stage"] for event in _read(tmp_path / "a.mpk")] == [
        f"stage {number}" for number in range(2 * MAX_STRINGS + 10)
    ]


def test_bulk_strings_are_forgotten_too_and_bytes_stay_those_of_rows(tmp_path: Path) -> None:
    kind = NAND.by_name["BOOTSTRAP"]
    given_rows: list[Row] = [
        (kind.code, number, 0, (f"stage {number}",), []) for number in range(3 * MAX_STRINGS)
    ]
    _write_rows(tmp_path / "a.mpk", given_rows)
    writer = TraceWriter(tmp_path / "b.mpk", NAND_HEADER)
    step = 50_000
    for start in range(0, len(given_rows), step):
        part = given_rows[start : start + step]
        heads = [np.array([row[at] for row in part], np.int64) for at in (1, 2, 0)]
        writer.append_columns(*heads, bulk_tables(writer, part))
        assert len(writer.codes.strings) <= 2 * MAX_STRINGS
    writer.close()
    assert (tmp_path / "a.mpk").read_bytes() == (tmp_path / "b.mpk").read_bytes()


def test_names_in_lists_come_back(tmp_path: Path) -> None:
    tags = ListColumn("tags", (Column("tag", ColumnType.NAME), Column("weight")))
    vocabulary = Vocabulary("test", (Kind(3, "TAGGED", (), (tags,)),))
    writer = TraceWriter(tmp_path / "a.mpk", Header(vocabulary))
    for text in ("zebra", "ant"):
        writer.append(3, 0, 0, (), [(writer.code(text), 1), (writer.code("ant"), 2)])
    writer.close()
    with TraceReader(tmp_path / "a.mpk") as reader:
        (chunk,) = reader.walk()
        assert isinstance(chunk, Chunk)
        assert [event.fields for event in events_of(chunk, vocabulary)] == [
            {"tags": [("zebra", 1), ("ant", 2)]},
            {"tags": [("ant", 1), ("ant", 2)]},
        ]


def test_runs_are_found_through_the_index(record: Callable[..., Path], small_calls: Any) -> None:
    with TraceReader(record("a.mpk", small_calls(runs=4), chunk_events=25)) as reader:
        assert [
            [chunk.meta.ordinal for chunk in reader.chunks_of_run(run)] for run in range(5)
        ] == [
            [0],
            [0, 1],
            [1, 2],
            [2],
            [],
        ]
