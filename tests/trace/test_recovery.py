"""Recovery: intact chunks are saved byte for byte, and every loss stays marked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nandtrace.errors import StorageError, TraceError, UsageError
from nandtrace.trace import Chunk, Damage, Gap, TraceReader, recover

Record = Callable[..., Path]
SmallCalls = Callable[..., Any]


@pytest.fixture
def trace(record: Record, small_calls: SmallCalls) -> Path:
    """54 events in 6 chunks."""
    return record("a.mpk", small_calls(), chunk_events=10)


def _items(path: Path) -> list[Chunk | Damage | Gap]:
    with TraceReader(path) as reader:
        return list(reader.walk())


def _flip_in_chunk(path: Path, ordinal: int) -> None:
    with TraceReader(path) as reader:
        entry = reader.index.chunks[ordinal]
    raw = bytearray(path.read_bytes())
    raw[entry.offset + entry.size_bytes // 2] ^= 1
    path.write_bytes(raw)


def test_a_sound_trace_is_copied(trace: Path, tmp_path: Path) -> None:
    saved = recover(trace, tmp_path / "b.mpk")
    assert (saved.chunks, saved.events, saved.damages) == (6, 54, [])
    assert (tmp_path / "b.mpk").read_bytes() == trace.read_bytes()


def test_a_damaged_chunk_costs_itself_alone(trace: Path, tmp_path: Path) -> None:
    _flip_in_chunk(trace, 2)
    saved = recover(trace, tmp_path / "b.mpk")
    assert (saved.chunks, saved.events) == (5, 44)
    kinds = [type(item).__name__ for item in _items(tmp_path / "b.mpk")]
    assert kinds[:6] == ["Chunk", "Chunk", "Gap", "Chunk", "Chunk", "Chunk"]
    firsts = [item.meta.first_seq for item in _items(tmp_path / "b.mpk") if isinstance(item, Chunk)]
    assert firsts == [0, 10, 30, 40, 50]


def test_what_is_recovered_reads_as_recovered_not_as_damaged(trace: Path, tmp_path: Path) -> None:
    _flip_in_chunk(trace, 2)
    recover(trace, tmp_path / "b.mpk")
    assert not any(isinstance(item, Damage) for item in _items(tmp_path / "b.mpk"))
    with TraceReader(tmp_path / "b.mpk") as reader:
        assert reader.has_footer
        assert next(gap.before_chunk for gap in reader.index.gaps) == 2


def test_recovering_twice_changes_nothing_more(trace: Path, tmp_path: Path) -> None:
    _flip_in_chunk(trace, 2)
    recover(trace, tmp_path / "b.mpk")
    again = recover(tmp_path / "b.mpk", tmp_path / "c.mpk")
    assert again.damages == []
    assert (tmp_path / "c.mpk").read_bytes() == (tmp_path / "b.mpk").read_bytes()


def test_saved_chunks_keep_the_bytes_of_their_writer(trace: Path, tmp_path: Path) -> None:
    with TraceReader(trace) as reader:
        entries = list(reader.index.chunks)
    raw = trace.read_bytes()
    trace.write_bytes(raw[: entries[4].offset + 5])
    recover(trace, tmp_path / "b.mpk")
    saved = (tmp_path / "b.mpk").read_bytes()
    for entry in entries[:4]:
        assert raw[entry.offset : entry.offset + entry.size_bytes] in saved


def test_every_cut_gives_the_chunks_before_it(trace: Path, tmp_path: Path) -> None:
    with TraceReader(trace) as reader:
        ends = [entry.offset + entry.size_bytes for entry in reader.index.chunks]
        first = reader.index.chunks[0].offset
    raw = trace.read_bytes()
    for number, cut in enumerate(range(first, len(raw), 61)):
        source, target = tmp_path / f"{number}.cut", tmp_path / f"{number}.mpk"
        source.write_bytes(raw[:cut])
        assert recover(source, target).chunks == sum(end <= cut for end in ends)


def test_nothing_is_overwritten(trace: Path, tmp_path: Path) -> None:
    (tmp_path / "b.mpk").write_bytes(b"precious")
    with pytest.raises(UsageError, match="exists already"):
        recover(trace, tmp_path / "b.mpk")
    assert (tmp_path / "b.mpk").read_bytes() == b"precious"


def test_what_is_no_trace_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.mpk").write_bytes(b"no trace")
    with pytest.raises(TraceError, match="not a trace"):
        recover(tmp_path / "a.mpk", tmp_path / "b.mpk")
    assert [path.name for path in tmp_path.iterdir()] == ["a.mpk"]


def test_a_folder_that_is_missing(trace: Path, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="No such file or directory"):
        recover(trace, tmp_path / "missing" / "b.mpk")
