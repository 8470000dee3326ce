"""Chunks that go to a sink: written elsewhere and later, they make the same file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nandtrace import Recorder, Topology, TraceReader
from nandtrace.errors import RecordError, StorageError
from nandtrace.trace import Chunk, ChunkFile
from nandtrace.trace.chunk import ChunkColumns
from tests.strategies import NAND_HEADER, every_kind

Record = Callable[..., Path]

DEVICE: dict[str, Any] = {
    "topology": Topology(dies=2, planes=1, blocks_per_die=2, pages_per_block=64),
    "program_bases": ("PROGRAM_SLC",),
}


class Outbox:
    """A sink that keeps what it takes, and how its trace ended."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.is_open = True
        self.chunks: list[ChunkColumns] = []
        self.end = ""
        self._fails_at = fails_at

    def take(self, columns: ChunkColumns) -> None:
        if not self.is_open or len(self.chunks) == self._fails_at:
            self.is_open = False
            raise RecordError("the outbox is closed")
        self.chunks.append(columns)

    def close(self) -> None:
        self.is_open, self.end = False, "closed"

    def leave_partial(self) -> None:
        self.is_open, self.end = False, "partial"

    def discard(self) -> None:
        self.is_open, self.end = False, "discarded"


def _record_into(sink: Outbox, path: Path, **options: Any) -> Recorder:
    with Recorder(path, sink=sink, **DEVICE, **options) as recorder:
        for method, values in every_kind():
            getattr(recorder, method)(**values)
    return recorder


@pytest.mark.parametrize("chunk_events", [1, 7, 21, 22, 65_536])
@pytest.mark.parametrize("compress", [False, True])
def test_chunks_written_later_make_the_same_bytes(
    record: Record, tmp_path: Path, chunk_events: int, compress: bool
) -> None:
    file_options: dict[str, Any] = {"compress": compress, "provenance": {"host": "lab"}}
    direct = record("direct.mpk", every_kind(), chunk_events=chunk_events, **file_options)
    outbox = Outbox()
    recorder = _record_into(outbox, tmp_path / "later.mpk", chunk_events=chunk_events)
    assert outbox.end == "closed"
    assert recorder.events == sum(len(chunk.kind) for chunk in outbox.chunks) == 63
    assert sorted(item.name for item in tmp_path.iterdir()) == ["direct.mpk"]
    file = ChunkFile(tmp_path / "later.mpk", recorder.header, **file_options)
    for chunk in outbox.chunks:
        file.take(chunk)
    file.close()
    assert (tmp_path / "later.mpk").read_bytes() == direct.read_bytes()


def test_columns_in_bulk_go_the_same_way(tmp_path: Path) -> None:
    def write(**options: Any) -> Recorder:
        with Recorder(tmp_path / "a.mpk", chunk_events=5, **DEVICE, **options) as recorder:
            recorder.begin_run(0, snapshot={})
            recorder.bulk(range(23), [5] * 23, {"OP_START": {"seg": list(range(23))}})
            recorder.end_run(30, snapshot={})
        return recorder

    write()
    direct = (tmp_path / "a.mpk").read_bytes()
    (tmp_path / "a.mpk").unlink()
    outbox = Outbox()
    file = ChunkFile(tmp_path / "a.mpk", write(sink=outbox).header)
    for chunk in outbox.chunks:
        file.take(chunk)
    file.close()
    assert len(outbox.chunks) == 5
    assert (tmp_path / "a.mpk").read_bytes() == direct


def test_a_file_says_how_far_it_is_and_can_be_read_up_to_there(tmp_path: Path) -> None:
    outbox = Outbox()
    recorder = _record_into(outbox, tmp_path / "a.mpk", chunk_events=15)
    file = ChunkFile(tmp_path / "a.mpk", recorder.header)
    partial = tmp_path / "a.mpk.partial"
    assert file.size_bytes == partial.stat().st_size
    progress = []
    for ordinal, columns in enumerate(outbox.chunks):
        before = file.size_bytes
        entry = file.take(columns)
        assert (entry.offset, entry.size_bytes) == (before, file.size_bytes - before)
        assert file.size_bytes == partial.stat().st_size
        with TraceReader(partial) as reader:
            chunks = [item for item in reader.walk() if isinstance(item, Chunk)]
        assert [chunk.meta.ordinal for chunk in chunks] == list(range(ordinal + 1))
        progress.append((entry.first_run, entry.last_run, entry.events))
    assert progress == [(0, 0, 15), (0, 1, 15), (1, 2, 15), (2, 2, 15), (2, 2, 3)]
    file.close()
    with TraceReader(tmp_path / "a.mpk") as reader:
        assert reader.index.digest() == file.index.digest()


def test_a_chunk_stands_alone(record: Record, tmp_path: Path) -> None:
    """What a recorder goes on to record changes no chunk that it has handed over."""
    outbox = Outbox()
    recorder = Recorder(tmp_path / "a.mpk", sink=outbox, **DEVICE)
    state = {"addr_state": [-2, -2]}
    recorder.begin_run(0, snapshot=state)
    recorder.bootstrap(5, "first")
    recorder.flush()
    (chunk,) = outbox.chunks
    state["addr_state"][0] = 7
    recorder.bootstrap(6, "before first")
    recorder.flush()
    assert (chunk.first_seq, chunk.strings) == (0, ["first"])
    assert chunk.time_ns.tolist() == [0, 5]
    assert chunk.tables["BOOTSTRAP"].columns["stage"].tolist() == [0]
    assert chunk.snapshots == [(0, b"\x81\xaaaddr_state\x92\xfe\xfe")]
    assert outbox.chunks[1].first_seq == 2


def test_a_sink_is_told_how_the_trace_ends(tmp_path: Path) -> None:
    cut = Outbox()

    def program_that_fails() -> None:
        with Recorder(tmp_path / "a.mpk", sink=cut, **DEVICE) as recorder:
            recorder.begin_run(0, snapshot={})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        program_that_fails()
    assert (cut.end, [len(chunk.kind) for chunk in cut.chunks]) == ("partial", [1])

    unended = Outbox()
    recorder = Recorder(tmp_path / "a.mpk", sink=unended, **DEVICE)
    recorder.begin_run(0, snapshot={})
    with pytest.raises(RecordError, match="run 0 was never ended"):
        recorder.close()
    assert (unended.end, len(unended.chunks)) == ("partial", 1)

    unwanted = Outbox()
    recorder = Recorder(tmp_path / "a.mpk", sink=unwanted, **DEVICE)
    recorder.begin_run(0, snapshot={})
    recorder.discard()
    assert (unwanted.end, unwanted.chunks) == ("discarded", [])
    assert list(tmp_path.iterdir()) == []


def test_what_a_sink_raises_reaches_the_caller_and_then_it_is_left_alone(tmp_path: Path) -> None:
    outbox = Outbox(fails_at=1)
    recorder = Recorder(tmp_path / "a.mpk", sink=outbox, chunk_events=2, **DEVICE)
    recorder.begin_run(0, snapshot={})
    recorder.op_start(1, 0)
    recorder.op_start(2, 1)
    with pytest.raises(RecordError, match="the outbox is closed"):
        recorder.op_start(3, 2)
    recorder.end_run(4, snapshot={})
    recorder.close()
    assert (outbox.end, len(outbox.chunks)) == ("", 1)


def test_a_file_that_is_over_takes_nothing_more(tmp_path: Path) -> None:
    outbox = Outbox()
    _record_into(outbox, tmp_path / "a.mpk")
    for end, names in (
        ("close", ["a.mpk"]),
        ("leave_partial", ["a.mpk.partial"]),
        ("discard", []),
    ):
        folder = tmp_path / end
        folder.mkdir()
        file = ChunkFile(folder / "a.mpk", NAND_HEADER)
        file.take(outbox.chunks[0])
        assert file.is_open
        getattr(file, end)()
        assert not file.is_open
        with pytest.raises(RecordError, match=r"a\.mpk: the trace is closed"):
            file.take(outbox.chunks[0])
        assert len(file.index.chunks) == 1
        file.close()
        assert [item.name for item in folder.iterdir()] == names


def test_a_partial_file_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.mpk.partial").write_bytes(b"precious")
    with pytest.raises(StorageError, match="a writing that was cut short left it"):
        ChunkFile(tmp_path / "a.mpk", NAND_HEADER)
    assert (tmp_path / "a.mpk.partial").read_bytes() == b"precious"
