"""What the recorder takes and refuses: whole events or nothing, and the same bytes on either way in."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nandtrace import NAND, Recorder, Topology, TraceReader
from nandtrace.errors import RecordError, StorageError
from nandtrace.trace import Chunk, Damage
from nandtrace.trace import writer as writer_module
from nandtrace.vocab import ColumnType

Record = Callable[..., Path]
Calls = list[tuple[str, dict[str, Any]]]

COMMIT = {
    "seg": 1,
    "op": 7,
    "op_name": "Read",
    "base": "READ",
    "source": "PROPOSAL",
    "start_ns": 10,
    "end_ns": 20,
    "targets": [(0, 0, 0, 3), (0, 1, 1, 3)],
}

EVERY_KIND: Calls = [
    ("hook", {"time_ns": 0, "hook": "PHASE_HOOK", "die": 0, "plane": None}),
    ("propose", {"time_ns": 0, "phase_key": "READ.DATA_OUT", "reason": "busy"}),
    ("commit", {"time_ns": 1, **COMMIT}),
    ("commit", {"time_ns": 1, **COMMIT, "seg": 2, "op": None, "targets": [(0, 0, 0, None)]}),
    ("commit", {"time_ns": 1, **COMMIT, "seg": 3, "source": None, "targets": []}),
    ("op_start", {"time_ns": 10, "seg": 1}),
    ("state", {"time_ns": 10, "seg": 1, "state": "ISSUE", "until_ns": 11, "bus": True}),
    ("suspend", {"time_ns": 12, "die": 0, "axis": "ERASE", "op": 7, "remaining_ns": 8}),
    ("cancel", {"time_ns": 12, "seg": 1, "event": "OP_END", "due_ns": 20, "reason": "SUSPEND"}),
    ("op_end", {"time_ns": 12, "seg": 1, "outcome": "SUSPENDED"}),
    ("resume", {"time_ns": 13, "die": 0, "axis": "ERASE", "op": 7, "by_seg": 2}),
    ("apply_erase", {"time_ns": 20, "seg": 1, "cells": [(0, 0)], "celltype": "SLC"}),
    ("apply_pgm", {"time_ns": 20, "seg": 1, "cells": [(0, 0, 0), (0, 1, 0)], "celltype": "SLC"}),
    ("latch", {"time_ns": 20, "on": True, "die": 0, "plane": 0, "latch": "READ"}),
    ("cache", {"time_ns": 20, "on": False, "die": 0, "plane": 1, "cache": "CACHE_READ"}),
    ("odt", {"time_ns": 20, "on": True, "die": 0}),
    ("backlog", {"time_ns": 20, "on": True, "op": None, "op_name": "Read"}),
    ("bootstrap", {"time_ns": 20, "stage": "ERASE_ALL"}),
    ("drain_begin", {"time_ns": 20, "pending": 2}),
    ("drain_end", {"time_ns": 30, "delivered": 2}),
]

BAD_CALLS: list[tuple[str, dict[str, Any], str]] = [
    ("op_start", {"seg": 1.0}, "OP_START.seg: 1.0 is not an integer"),
    ("op_start", {"seg": None}, "OP_START.seg: None is not an integer"),
    ("op_start", {"seg": 2**63}, "OP_START.seg: 9223372036854775808 does not fit 64 bits"),
    ("op_start", {"seg": 0, "time_ns": "0"}, "OP_START.time_ns: '0' is not an integer"),
    ("op_end", {"seg": 0, "outcome": 3}, "3 is not a string"),
    ("op_end", {"seg": 0, "outcome": ["COMPLETED"]}, "is not a string"),
    ("commit", {**COMMIT, "targets": [(0, 0, 0, 3), (0, 1, 1.5, 3)]}, "COMMIT: .* is no list"),
    ("commit", {**COMMIT, "targets": [(0, 0)]}, "targets: .* is no list"),
    ("commit", {**COMMIT, "targets": 5}, "targets: 5 is no list"),
    ("apply_pgm", {"seg": 0, "cells": [(0, 0)], "celltype": "SLC"}, "APPLY_PGM: .* is no list"),
    ("apply_erase", {"seg": 0, "cells": [0], "celltype": "SLC"}, "cells: .* is no list"),
    ("commit", {**COMMIT, "targets": [(0, 0, 0, 0)] * 70_000}, "a list of 70000 items"),
]


def _run_of(calls: Calls, runs: int = 1) -> Calls:
    """Runs that hold the same calls."""
    begin = ("begin_run", {"time_ns": 0, "run_until_ns": 25, "snapshot": {"ongoing": [[]]}})
    end = ("end_run", {"time_ns": 30, "snapshot": {"ongoing": [[1]]}, "end": "DRAINED"})
    return [begin, *calls, end] * runs


def _events(path: Path) -> int:
    with TraceReader(path) as reader:
        items = list(reader.walk())
    assert not any(isinstance(item, Damage) for item in items)
    return sum(item.meta.events for item in items if isinstance(item, Chunk))


def test_every_kind_has_a_call() -> None:
    methods = {method for method, _ in EVERY_KIND} | {"begin_run", "end_run"}
    assert {name.upper() for name in methods} == {
        {"RUN_BEGIN": "BEGIN_RUN", "RUN_END": "END_RUN"}.get(kind.name, kind.name)
        for kind in NAND.kinds
    }


@pytest.mark.parametrize(("method", "values", "reason"), BAD_CALLS)
def test_a_bad_value_is_refused_at_once_and_leaves_nothing(
    record: Record, tmp_path: Path, method: str, values: dict[str, Any], reason: str
) -> None:
    expected = record("expected.mpk", _run_of(EVERY_KIND))
    topology = Topology(dies=2, planes=1, blocks_per_die=2, pages_per_block=64)
    with Recorder(
        tmp_path / "a.mpk", topology=topology, program_bases=("PROGRAM_SLC",)
    ) as recorder:
        for place, (name, arguments) in enumerate(_run_of(EVERY_KIND)):
            if place == 4:
                with pytest.raises(RecordError, match=reason):
                    getattr(recorder, method)(**{"time_ns": 5, **values})
            getattr(recorder, name)(**arguments)
    assert (tmp_path / "a.mpk").read_bytes() == expected.read_bytes()


def test_a_refused_boundary_leaves_neither_event_nor_snapshot(record: Record) -> None:
    with pytest.raises(RecordError, match=r"RUN_BEGIN\.time_ns: 0\.5 is not an integer"):
        record("a.mpk", [("begin_run", {"time_ns": 0.5, "snapshot": {"ongoing": [[]]}})])
    with TraceReader(record("b.mpk", _run_of([]))) as reader:
        (chunk,) = reader.walk()
    assert isinstance(chunk, Chunk)
    assert [(item.seq, item.state) for item in chunk.snapshots] == [
        (0, {"ongoing": [[]]}),
        (1, {"ongoing": [[1]]}),
    ]


def test_events_outside_a_run_are_refused(record: Record) -> None:
    with pytest.raises(RecordError, match="OP_START outside a run"):
        record("a.mpk", [("op_start", {"time_ns": 0, "seg": 1})])
    with pytest.raises(RecordError, match="OP_START outside a run"):
        record("b.mpk", [*_run_of([]), ("op_start", {"time_ns": 0, "seg": 1})])
    with pytest.raises(RecordError, match="run 0 has not ended"):
        record("c.mpk", [*_run_of([])[:1], *_run_of([])])


def test_a_snapshot_is_of_the_moment_it_was_handed_over(record: Record) -> None:
    state: dict[str, Any] = {"addr_state": [-2, -2]}

    calls = _run_of([])
    calls[0] = ("begin_run", {"time_ns": 0, "snapshot": state})
    calls.insert(1, ("op_start", {"time_ns": 0, "seg": _ChangeThenSeg(state, 5)}))
    with TraceReader(record("a.mpk", calls)) as reader:
        (chunk,) = reader.walk()
    assert isinstance(chunk, Chunk)
    assert state == {"addr_state": [5, -2]}
    assert chunk.snapshots[0].state == {"addr_state": [-2, -2]}


def test_an_exception_keeps_the_events_before_it(tmp_path: Path) -> None:
    topology = Topology(dies=1, planes=1, blocks_per_die=2, pages_per_block=4)

    def traced_program() -> None:
        with Recorder(tmp_path / "a.mpk", topology=topology, program_bases=()) as recorder:
            recorder.begin_run(0, snapshot={})
            recorder.op_start(10, 1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        traced_program()
    assert not (tmp_path / "a.mpk").exists()
    with TraceReader(tmp_path / "a.mpk.partial") as reader:
        chunk, damage = reader.walk()
    assert isinstance(chunk, Chunk)
    assert chunk.kind.tolist() == [0, 5]
    assert isinstance(damage, Damage)
    assert "no end" in damage.reason


def test_an_unended_run_is_kept_but_not_sealed(tmp_path: Path) -> None:
    topology = Topology(dies=1, planes=1, blocks_per_die=2, pages_per_block=4)
    recorder = Recorder(tmp_path / "a.mpk", topology=topology, program_bases=())
    recorder.begin_run(0, snapshot={})
    with pytest.raises(RecordError, match="run 0 was never ended"):
        recorder.close()
    assert (tmp_path / "a.mpk.partial").exists()
    with pytest.raises(StorageError, match="a writing that was cut short left it"):
        Recorder(tmp_path / "a.mpk", topology=topology, program_bases=())


@pytest.mark.parametrize("chunk_events", [1, 7, 22, 65_536])
@pytest.mark.parametrize("compress", [False, True])
def test_events_one_by_one_or_in_bulk_give_the_same_bytes(
    record: Record, tmp_path: Path, chunk_events: int, compress: bool
) -> None:
    options = {"chunk_events": chunk_events, "compress": compress}
    one_by_one = record("a.mpk", _run_of(EVERY_KIND, runs=3), **options)
    whole = record("whole.mpk", _run_of(EVERY_KIND, runs=3))
    _copy_in_bulk(whole, tmp_path / "b.mpk", **options)
    assert (tmp_path / "b.mpk").read_bytes() == one_by_one.read_bytes()
    assert _events(one_by_one) == 3 * (len(EVERY_KIND) + 2)


def test_long_lists_end_a_chunk_early_on_either_way(record: Record, tmp_path: Path) -> None:
    targets = [(0, 0, 0, page) for page in range(60_000)]
    commits = [
        ("commit", {"time_ns": 1, **COMMIT, "seg": seg, "targets": targets}) for seg in range(24)
    ]
    long = record("a.mpk", _run_of([*commits, *EVERY_KIND]))
    with TraceReader(long) as reader:
        sizes = [entry.events for entry in reader.index.chunks]
        lists = [
            chunk.table(NAND.by_name["COMMIT"]).lists["targets"]
            for chunk in reader.walk()
            if isinstance(chunk, Chunk) and "COMMIT" in chunk.meta.counts
        ]
    assert sizes == [11, 12, 23]
    sums = [int(item.counts.sum()) for item in lists]
    assert sums == [10 * 60_000, 12 * 60_000, 2 * 60_000 + 3]
    _copy_in_bulk(long, tmp_path / "b.mpk")
    assert (tmp_path / "b.mpk").read_bytes() == long.read_bytes()


def test_large_snapshots_end_a_chunk_early(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "CHUNK_SNAPSHOT_BYTES", 100)
    calls = _run_of([], runs=4)
    for _, values in calls:
        values["snapshot"] = {"addr_state": [-2] * 40}
    with TraceReader(record("a.mpk", calls)) as reader:
        chunks = list(reader.walk())
    assert [len(chunk.snapshots) for chunk in chunks if isinstance(chunk, Chunk)] == [1] * 8


def test_a_snapshot_beyond_the_bound_is_refused(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "MAX_SNAPSHOT_BYTES", 100)
    with pytest.raises(RecordError, match="a snapshot of 215 bytes; a trace takes 100"):
        record("a.mpk", [("begin_run", {"time_ns": 0, "snapshot": {"addr_state": [255] * 100}})])


BAD_BULK: list[tuple[dict[str, Any], str]] = [
    ({"OP_START": {"seg": [1]}}, "OP_START.seg: 1 values for 2 events"),
    ({"OP_START": {"seg": [1.0, 2.0]}}, "OP_START.seg: not an array of integers but of float64"),
    ({"OP_START": {"seg": [[1, 2]]}}, "OP_START.seg: 2 dimensions, not one"),
    ({"OP_START": {"seg": np.array([1, 2**63], np.uint64)}}, "does not fit 64 bits"),
    ({"OP_START": {"seg": [1, 2], "wing": [1, 2]}}, "OP_START has no column 'wing'"),
    ({"OP_START": {"op_name": ([0, 2], ["a"])}}, "a code that names none of its 1 strings"),
    ({"OP_START": {"op_name": ([0, -1], ["a"])}}, "a code that names none of its 1 strings"),
    ({"OP_START": {"op_name": ([0, 0], [5])}}, "5 is not a string"),
    ({"OP_START": {"op_name": [0]}}, "not a pair of codes and strings"),
    ({}, "OP_START: 2 events but no columns"),
    ({"RUN_END": {}}, "'RUN_END' is no kind for bulk columns"),
]


@pytest.mark.parametrize(("tables", "reason"), BAD_BULK)
def test_bulk_columns_that_misfit_are_refused_whole(
    record: Record, tables: dict[str, Any], reason: str
) -> None:
    kinds = [NAND.by_name["OP_START"].code] * 2
    calls = _run_of([("bulk", {"time_ns": [1, 2], "kind": kinds, "tables": tables})])
    with pytest.raises(RecordError, match=reason):
        record("a.mpk", calls)


def test_lists_that_misfit_are_refused(record: Record) -> None:
    commit = {"seg": [1], "start_ns": [1], "end_ns": [2]}
    for counts, reason in (
        ([-1], "a count that is not 0 to 65536"),
        ([70_000], "a count that is not 0 to 65536"),
        ([1, 1], "2 counts for 1 events"),
    ):
        targets = {"count": counts, "die": [], "plane": [], "block": [], "page": []}
        tables = {"COMMIT": {**commit, "targets": targets}}
        bulk = {"time_ns": [0], "kind": [NAND.by_name["COMMIT"].code], "tables": tables}
        with pytest.raises(RecordError, match=reason):
            record(f"{counts[0]}.mpk", _run_of([("bulk", bulk)]))


class _ChangeThenSeg:
    """A segment id that, when the recorder reads it, changes a state handed over before."""

    def __init__(self, state: dict[str, Any], seg: int) -> None:
        self.state, self.seg = state, seg

    def __index__(self) -> int:
        self.state["addr_state"][0] = self.seg
        return self.seg


def _copy_in_bulk(source: Path, target: Path, **options: Any) -> None:
    """Record a trace anew, each of its runs by one bulk call."""
    topology = Topology(dies=2, planes=1, blocks_per_die=2, pages_per_block=64)
    with (
        TraceReader(source) as reader,
        Recorder(target, topology=topology, program_bases=("PROGRAM_SLC",), **options) as recorder,
    ):
        chunks = [chunk for chunk in reader.walk() if isinstance(chunk, Chunk)]
        runs = sorted({run for chunk in chunks for run in chunk.run.tolist()})
        for run in runs:
            recorder.begin_run(0, run_until_ns=25, snapshot={"ongoing": [[]]})
            for chunk in chunks:
                recorder.bulk(*_bulk_of(chunk, run))
            recorder.end_run(30, snapshot={"ongoing": [[1]]}, end="DRAINED")


def _bulk_of(chunk: Chunk, run: int) -> tuple[Any, Any, dict[str, Any]]:
    inner = (chunk.run == run) & (chunk.kind > 1)
    tables = {}
    for kind in NAND.kinds[2:]:
        table = chunk.table(kind)
        rows = chunk.run[chunk.kind == kind.code] == run
        columns: dict[str, Any] = {}
        for column in kind.columns:
            values = table.columns[column.name][rows]
            is_name = column.type == ColumnType.NAME
            columns[column.name] = (values, chunk.meta.strings) if is_name else values
        for item in kind.lists:
            given = table.lists[item.name]
            items = np.repeat(rows, given.counts)
            columns[item.name] = {"count": given.counts[rows]} | {
                name: values[items] for name, values in given.columns.items()
            }
        tables[kind.name] = columns
    return chunk.time_ns[inner], chunk.kind[inner], tables


@pytest.mark.parametrize("kind", ["fifo", "folder", "dangling link", "no name"])
def test_what_is_no_regular_file_is_never_replaced(kind: str, tmp_path: Path) -> None:
    target = tmp_path / "a.mpk"
    if kind == "fifo":
        os.mkfifo(target)
    elif kind == "folder":
        target.mkdir()
    elif kind == "dangling link":
        target.symlink_to(tmp_path / "nowhere")
    else:
        target = Path()
    before = sorted(tmp_path.iterdir())
    with pytest.raises(StorageError, match=r"no regular file|names no file"):
        Recorder(target, topology=Topology(1, 1, 1, 1), program_bases=())
    assert sorted(tmp_path.iterdir()) == before


def test_an_appender_records_what_a_call_does(tmp_path: Path) -> None:
    """Quick rows and checked ones, mixed, give the same trace."""
    traces = []
    for quick in (False, True):
        path = tmp_path / f"{quick}.mpk"
        with Recorder(path, topology=Topology(1, 1, 1, 4), program_bases=()) as recorder:
            hook, op_end = recorder.appender("HOOK"), recorder.appender("OP_END", 3, lists=False)
            name = recorder.names.__getitem__
            recorder.begin_run(0, snapshot={})
            recorder.hook(5, "PHASE_HOOK", 0, 0)
            if quick:
                hook(6, name("PHASE_HOOK"), 0, 0)
                op_end(7, 3, name("COMPLETED"), 0)
            else:
                recorder.hook(6, "PHASE_HOOK", 0, 0)
                recorder.op_end(7, 3)
            recorder.hook(8, "PHASE_HOOK", 0, 0)
            recorder.breathe()
            recorder.end_run(9, snapshot={})
        traces.append(path.read_bytes())
    assert traces[0] == traces[1]


@pytest.mark.parametrize(
    ("row", "reason"),
    [((6, 0, 0), "a row that is not of 4 values"), ((6, "x", 0, 0), "is not an integer")],
)
def test_a_quick_row_that_is_none_is_found_when_it_is_packed(
    row: tuple[Any, ...], reason: str, tmp_path: Path
) -> None:
    recorder = Recorder(tmp_path / "a.mpk", topology=Topology(1, 1, 1, 4), program_bases=())
    recorder.begin_run(0, snapshot={})
    recorder.appender("HOOK")(*row)
    with pytest.raises(RecordError, match=f"HOOK: .*{reason}"):
        recorder.flush()
    recorder.discard()
    assert not list(tmp_path.iterdir())


def test_many_quick_rows_make_chunks_of_the_usual_size(tmp_path: Path) -> None:
    path = tmp_path / "a.mpk"
    with Recorder(
        path, topology=Topology(1, 1, 1, 4), program_bases=(), chunk_events=64
    ) as recorder:
        hook = recorder.appender("HOOK")
        recorder.begin_run(0, snapshot={})
        for time_ns in range(1_000):
            hook(time_ns, 0, 0, 0)
            recorder.breathe()
        recorder.end_run(1_000, snapshot={})
    with TraceReader(path) as reader:
        assert sum(entry.events for entry in reader.index.chunks) == 1_002
        assert max(entry.events for entry in reader.index.chunks) <= 64
