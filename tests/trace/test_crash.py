"""Killed writers, full disks, starts that fail: what was written stays, and nothing else does."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nandtrace import Recorder, Topology
from nandtrace.errors import RecordError, StorageError
from nandtrace.trace import Chunk, Damage, Header, TraceReader, TraceWriter, recover
from nandtrace.vocab import NAND
from tests.strategies import NAND_HEADER
from tests.trace.damage import write_tiny

ENDLESS = """
import sys
from nandtrace.trace import Header, TraceWriter
from nandtrace.vocab import NAND
writer = TraceWriter(sys.argv[1], Header(NAND), chunk_events=40)
for number in range(10**9):
    writer.append(17, number, 0, (writer.code(f"stage {number % 50}"),))
    if number % 10 == 0:
        print(flush=True)
"""

FULL_DISK = """
import resource, signal, sys
from nandtrace.errors import StorageError
from nandtrace.trace import Header, TraceWriter
from nandtrace.vocab import NAND
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    writer = TraceWriter(sys.argv[1], Header(NAND), chunk_events=40)
    for number in range(100_000):
        writer.append(17, number, 0, (writer.code(f"stage {number}"),))
    writer.close()
except StorageError as error:
    print(error)
    sys.exit(3)
"""


def _whole_chunks(path: Path) -> int:
    """The chunks of a partial trace, each sound and in its place; damage only at the end."""
    with TraceReader(path) as reader:
        *chunks, end = reader.walk()
    assert isinstance(end, Damage)
    if chunks and isinstance(chunks[-1], Damage):
        assert chunks.pop().reason == "the file ends inside a frame"
    for ordinal, chunk in enumerate(chunks):
        assert isinstance(chunk, Chunk)
        chunk.validate()
        assert chunk.time_ns.tolist() == list(range(40 * ordinal, 40 * ordinal + 40))
    return len(chunks)


def test_a_writer_killed_at_any_moment_leaves_whole_chunks(tmp_path: Path) -> None:
    chance = random.Random(9)  # noqa: S311 - seeded on purpose
    for number in range(15):
        path = tmp_path / f"{number}.mpk"
        lines = chance.randint(1, 400)
        with subprocess.Popen(
            [sys.executable, "-c", ENDLESS, str(path)], stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout is not None
            for _ in range(lines):
                writer.stdout.readline()
            writer.kill()
        assert not path.exists()
        appended = 10 * (lines - 1) + 1
        partial = tmp_path / f"{number}.mpk.partial"
        saved = _whole_chunks(partial)
        assert saved >= appended // 40
        assert recover(partial, path).chunks == saved


@pytest.mark.parametrize("limit", [4_000, 20_000, 20_001, 50_123])
def test_a_full_disk_is_an_error_and_keeps_what_was_written(tmp_path: Path, limit: int) -> None:
    path = tmp_path / "a.mpk"
    result = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path), str(limit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 3, result.stderr
    assert result.stdout == f"{path}.partial: cannot write: File too large\n"
    assert [item.name for item in tmp_path.iterdir()] == ["a.mpk.partial"]
    assert (tmp_path / "a.mpk.partial").stat().st_size <= limit
    assert _whole_chunks(tmp_path / "a.mpk.partial") >= (limit - 4_000) // 1_000


def test_a_disk_too_full_for_the_header_leaves_no_file(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", FULL_DISK, str(tmp_path / "a.mpk"), "100"]
    assert subprocess.run(arguments, capture_output=True, check=False).returncode == 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "options",
    [
        {"header": Header(NAND, {"seed": {1, 2}})},
        {"header": Header(NAND, {"seed": 2**70})},
        {"header": Header(NAND, {"seed": {1: 2}})},
        {"header": NAND_HEADER, "provenance": {"host": object()}},
        {"header": NAND_HEADER, "chunk_events": 0},
    ],
)
def test_a_start_that_is_refused_leaves_no_file(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(RecordError):
        TraceWriter(tmp_path / "a.mpk", **options)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot write: No such file or directory"):
        TraceWriter(tmp_path / "no" / "a.mpk", NAND_HEADER)


def test_recovering_a_partial_to_its_final_name(tmp_path: Path) -> None:
    raw = write_tiny(tmp_path / "a.mpk", provenance={"host": "lab"})
    (tmp_path / "a.mpk").unlink()
    (tmp_path / "a.mpk.partial").write_bytes(raw)
    assert recover(tmp_path / "a.mpk.partial", tmp_path / "a.mpk").chunks == 3
    assert (tmp_path / "a.mpk").read_bytes() == raw


@pytest.mark.parametrize(
    ("snapshot", "reason"),
    [
        ({"addr_state": [-2, "x"]}, r"RUN_END: snapshot: addr_state\.1 must be integer"),
        ({"pending": [[1, 2]]}, r"RUN_END: snapshot: pending\.0 must contain"),
        ({"ongoing": 3}, "RUN_END: snapshot: ongoing must be array"),
        ({"metrics": {1: 2}}, "a key that is no string"),
        (5, "RUN_END: 'int' object is not iterable"),
    ],
)
def test_a_bad_snapshot_is_refused_and_the_trace_goes_on(
    tmp_path: Path, record: Callable[..., Path], snapshot: Any, reason: str
) -> None:
    path = tmp_path / "a.mpk"
    topology = Topology(dies=1, planes=1, blocks_per_die=2, pages_per_block=4)
    with Recorder(path, topology=topology, program_bases=()) as recorder:
        recorder.begin_run(0, snapshot={})
        with pytest.raises(RecordError, match=reason):
            recorder.end_run(10, snapshot=snapshot)
        recorder.end_run(10, snapshot={"addr_state": [-2, -2]})
    with TraceReader(path) as reader:
        (chunk,) = reader.walk()
    assert [item.state for item in chunk.snapshots] == [{}, {"addr_state": [-2, -2]}]
