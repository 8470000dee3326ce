"""Import of logs: what the real ones become, and how each field maps."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nandtrace.convert import jsonl_events
from nandtrace.convert.jsonl import ImportResult, Note, import_jsonl

SNAPSHOT = {
    "suspended_erase": [[]],
    "suspended_program": [[]],
    "ongoing": [[]],
    "pending": [],
    "addr_state": [-2, -2, -2, -2],
}


def begin(run: int, **snapshot: Any) -> dict[str, Any]:
    return {"kind": "RUN_BEGIN", "run": run, "t_us": 0, "snapshot": {**SNAPSHOT, **snapshot}}


def end(run: int, **snapshot: Any) -> dict[str, Any]:
    return {"kind": "RUN_END", "run": run, "t_us": 9, "snapshot": {**SNAPSHOT, **snapshot}}


def commit(run: int, seg: int, op: int | None = None, **fields: Any) -> dict[str, Any]:
    line = {"kind": "COMMIT", "run": run, "t_us": 1, "seg": seg, "op": op, "op_name": "Erase"}
    return {**line, "base": "ERASE", "start_us": 1, "end_us": 2, **fields}


COUNTS = {
    "3ed79f5-mix": {
        "RUN_BEGIN": 3,
        "RUN_END": 3,
        "COMMIT": 95,
        "OP_START": 95,
        "OP_END": 95,
        "APPLY_ERASE": 8,
        "APPLY_PGM": 87,
    },
    "3ed79f5": {
        "RUN_BEGIN": 3,
        "RUN_END": 3,
        "COMMIT": 301,
        "OP_START": 257,
        "OP_END": 262,
        "SUSPEND": 39,
        "RESUME": 39,
        "CANCEL": 39,
        "APPLY_ERASE": 4,
        "APPLY_PGM": 180,
    },
    "62176a9": {
        "RUN_BEGIN": 3,
        "RUN_END": 3,
        "COMMIT": 179,
        "OP_START": 179,
        "OP_END": 179,
        "SUSPEND": 35,
        "RESUME": 35,
        "APPLY_ERASE": 1,
        "APPLY_PGM": 36,
    },
    "97e9f54": {
        "RUN_BEGIN": 3,
        "RUN_END": 3,
        "COMMIT": 79,
        "OP_START": 79,
        "OP_END": 79,
        "SUSPEND": 26,
        "RESUME": 13,
        "APPLY_ERASE": 2,
        "APPLY_PGM": 26,
    },
    "ca1c11a": {
        "RUN_BEGIN": 3,
        "RUN_END": 3,
        "COMMIT": 1029,
        "OP_START": 1026,
        "OP_END": 1024,
        "APPLY_ERASE": 2,
        "APPLY_PGM": 13,
    },
}


@pytest.mark.parametrize("name", COUNTS)
def test_a_real_log_is_imported_whole(
    name: str, real_logs: Path, imported: Callable[..., Any], tmp_path: Path
) -> None:
    log = real_logs / f"{name}.jsonl"
    events = sum(COUNTS[name].values())
    assert imported(log).counts == COUNTS[name]
    assert import_jsonl(log, tmp_path / "again.mpk") == ImportResult(events, 3, ())


def test_ops_of_a_real_log_are_unique_in_the_trace(
    real_logs: Path, imported: Callable[..., Any]
) -> None:
    trace = imported(real_logs / "3ed79f5.jsonl")
    ops: dict[int, list[int]] = {0: [], 1: [], 2: []}
    for run, op in trace.rows("COMMIT", "run", "op"):
        if op is not None and op not in ops[run]:
            ops[run].append(op)
    assert ops[0] == list(range(1, 57))
    assert ops[1] == list(range(57, 121))
    assert ops[2] == list(range(121, 185))
    # In the log these are ops 7 of run 0, 27 of run 1 and 28 of run 2.
    suspended = trace.rows("SUSPEND", "run", "op", "axis", "remaining_ns")
    assert [suspended[at] for at in (0, 16, 32)] == [
        (0, 7, "PROGRAM", 309_820),
        (1, 83, "PROGRAM", 309_820),
        (2, 148, "PROGRAM", 309_820),
    ]


def test_values_of_a_real_log(real_logs: Path, imported: Callable[..., Any]) -> None:
    trace = imported(real_logs / "3ed79f5.jsonl")
    columns = ("time_ns", "seg", "op", "op_name", "base", "source", "start_ns", "end_ns")
    assert trace.rows("COMMIT", *columns)[0] == (
        0,
        1,
        1,
        "Block_Erase_SLC",
        "ERASE",
        None,
        0,
        7_000_110,
    )
    assert trace.items("COMMIT", "targets")[0] == [(0, 0, 0, 0)]
    assert trace.rows("CANCEL", "time_ns", "seg", "event", "due_ns", "reason")[0] == (
        8_600_000,
        7,
        "OP_END",
        9_049_460,
        None,
    )
    assert trace.rows("RESUME", "time_ns", "die", "axis", "op", "ok")[0] == (
        8_740_240,
        0,
        "PROGRAM",
        7,
        1,
    )
    assert trace.rows("OP_END", "time_ns", "seg", "op", "outcome", "drained")[0] == (
        7_000_110,
        1,
        1,
        None,
        0,
    )
    assert [row for row in trace.rows("OP_END", "drained") if row == (1,)] == [(1,)] * 7
    assert trace.items("APPLY_ERASE", "cells")[0] == [(0, 0, None)]
    assert trace.items("APPLY_PGM", "cells")[1] == [(0, 0, 1)]
    assert trace.snapshots[3]["pending"] == [
        [64_519_930, "OP_START", 194],
        [64_839_750, "OP_START", 195],
    ]
    assert trace.snapshots[1]["addr_state"] == [-1, -2, -2, -2]


def test_ops_without_an_id_stay_without(real_logs: Path, imported: Callable[..., Any]) -> None:
    trace = imported(real_logs / "97e9f54.jsonl")
    assert set(trace.rows("COMMIT", "op")) == {(None,)}
    assert trace.snapshots[1]["suspended_program"] == [[None, None, None]]
    assert trace.snapshots[1]["ongoing"] == [[None, None]]
    # An early revision says of its resumes that there was nothing to resume.
    assert set(trace.rows("RESUME", "op", "ok")) == {(None, 0)}


def test_the_header_becomes_device_and_identity(
    real_logs: Path, imported: Callable[..., Any]
) -> None:
    header = imported(real_logs / "3ed79f5-mix.jsonl").header
    assert header.identity == {
        "format": "nandtrace-jsonl",
        "version": 1,
        "generator": "nandseqgen_v2",
        "seed": 1,
    }
    assert header.device == {
        "topology": {"dies": 1, "planes": 4, "blocks_per_die": 64, "pages_per_block": 2564},
        "program_bases": [
            "PROGRAM_SLC",
            "CACHE_PROGRAM_SLC",
            "COPYBACK_PROGRAM_SLC",
            "ONESHOT_PROGRAM_MSB_23H",
            "ONESHOT_PROGRAM_EXEC_MSB",
            "ONESHOT_CACHE_PROGRAM",
            "ONESHOT_COPYBACK_PROGRAM_EXEC_MSB",
        ],
        "erase_bases": ["ERASE"],
        "celltype_compatible": {"SLC": ["SLC", "A0SLC", "ACSLC"]},
        "apply_policy": "per_op",
        "suspend_closes": "cancel",
        "chain_op_start": False,
        "bad_blocks": [],
    }


def test_a_header_may_say_more(
    write_log: Callable[..., Path], imported: Callable[..., Any]
) -> None:
    log = write_log(
        [],
        erase_bases=["ERASE_SLC"],
        apply_policy="per_segment",
        bad_blocks=[[0, 3]],
        celltype_compatible=None,
        options={"z": 1, "a": [1.5, None]},
    )
    header = imported(log).header
    assert header.device["erase_bases"] == ["ERASE_SLC"]
    assert header.device["apply_policy"] == "per_segment"
    assert header.device["bad_blocks"] == [[0, 3]]
    assert header.device["celltype_compatible"] == {}
    assert header.device["chain_op_start"] is True
    assert header.identity["options"] == {"a": [1.5, None], "z": 1}


def test_null_is_as_good_as_absent(
    write_log: Callable[..., Path], imported: Callable[..., Any]
) -> None:
    log = write_log(
        [
            begin(0) | {"run_until_us": None},
            commit(0, 1, None, source=None, targets=None),
            {"kind": "OP_END", "run": 0, "t_us": 2, "seg": 1, "drained": None, "targets": None},
        ]
    )
    trace = imported(log)
    assert trace.rows("RUN_BEGIN", "run_until_ns") == [(None,)]
    assert trace.rows("COMMIT", "op", "source") == [(None, None)]
    assert trace.rows("OP_END", "drained", "op_name", "base") == [(0, None, None)]
    assert trace.items("OP_END", "targets") == [[]]


def test_a_target_without_a_page(
    write_log: Callable[..., Path], imported: Callable[..., Any]
) -> None:
    log = write_log([commit(0, 1, 1, targets=[[0, 1, 1, None], [0, 0, 2, 7]])])
    assert imported(log).items("COMMIT", "targets") == [[(0, 1, 1, None), (0, 0, 2, 7)]]


def test_nothing_is_judged(write_log: Callable[..., Path], imported: Callable[..., Any]) -> None:
    """Runs without brackets, a clock that goes back, ids and addresses that nothing has."""
    log = write_log(
        [
            {"kind": "OP_END", "run": 7, "t_us": 5.0, "seg": 99},
            {"kind": "OP_END", "run": 2, "t_us": -3.25, "seg": -1},
            commit(2, 1, 1, targets=[[9, 9, 900, 9000]], end_us=0),
        ]
    )
    trace = imported(log)
    assert trace.rows("OP_END", "time_ns", "run", "seg") == [(5000, 7, 99), (-3250, 2, -1)]
    assert trace.items("COMMIT", "targets") == [[(9, 9, 900, 9000)]]


def test_float_noise_rounds_to_the_grid(
    write_log: Callable[..., Path], imported: Callable[..., Any]
) -> None:
    noisy = 0.1 + 0.2
    log = write_log([{"kind": "OP_END", "run": 0, "t_us": noisy, "seg": 1}])
    assert imported(log).rows("OP_END", "time_ns") == [(300,)]


def test_a_snapshot_keeps_fields_of_its_own(
    write_log: Callable[..., Path], imported: Callable[..., Any]
) -> None:
    log = write_log([begin(0, cell_modes=["SLC", None], bus={"free_at": 2.5, "by": 3})])
    state = imported(log).snapshots[0]
    assert state["cell_modes"] == ["SLC", None]
    assert state["bus"] == {"by": 3, "free_at": 2.5}


def test_unknown_fields_are_noted_once_with_their_count(
    write_log: Callable[..., Path], tmp_path: Path
) -> None:
    log = write_log([commit(0, 1, 1, hue=1), commit(0, 2, 2, hue=2, age=3), begin(0) | {"hue": 0}])
    result = import_jsonl(log, tmp_path / "trace.mpk")
    assert result == ImportResult(
        3, 1, (Note("COMMIT", "age", 1), Note("COMMIT", "hue", 2), Note("RUN_BEGIN", "hue", 1))
    )


def test_countless_unknown_fields_are_noted_together(
    write_log: Callable[..., Path], tmp_path: Path
) -> None:
    log = write_log(commit(0, seg, **{f"field{seg:03d}": 0}) for seg in range(130))
    notes = import_jsonl(log, tmp_path / "trace.mpk").notes
    assert notes[0] == Note("COMMIT", "(others)", 30)
    assert notes[1:] == tuple(Note("COMMIT", f"field{seg:03d}", 1) for seg in range(100))


def test_blank_lines_and_a_missing_last_line_break(
    write_log: Callable[..., Path], imported: Callable[..., Any]
) -> None:
    log = write_log([commit(0, 1, 1), commit(0, 2, 2)])
    log.write_bytes(b"\n \r\n" + log.read_bytes().replace(b"\n", b"\r\n\n").rstrip())
    assert imported(log).rows("COMMIT", "seg") == [(1,), (2,)]


def test_ops_carried_into_a_run(
    write_log: Callable[..., Path], imported: Callable[..., Any]
) -> None:
    """Op 1 of run 0 is suspended over the boundary and resumed in run 1, which has an op 1 too."""
    suspended = {"kind": "SUSPENDED", "die": 0, "axis": "ERASE", "at_us": 1, "t_us": 1, "op": 1}
    resumed = {"kind": "RESUMED", "die": 0, "axis": "ERASE", "ok": True, "t_us": 1, "op": 1}
    log = write_log(
        [
            begin(0),
            commit(0, 10, 1),
            suspended | {"run": 0},
            end(0, suspended_erase=[[1]]),
            begin(1, suspended_erase=[[1]]),
            resumed | {"run": 1},
            commit(1, 11, 1, source="RESUME_CHAIN"),
            commit(1, 12, 1),
            suspended | {"run": 1},
            end(1, suspended_erase=[[1, 1]], ongoing=[[1, 9]]),
        ]
    )
    trace = imported(log)
    assert trace.rows("COMMIT", "seg", "op") == [(10, 1), (11, 1), (12, 2)]
    assert trace.rows("RESUME", "op") == [(1,)]
    assert trace.rows("SUSPEND", "op") == [(1,), (2,)]
    assert [state["suspended_erase"] for state in trace.snapshots] == [
        [[]],
        [[1]],
        [[1]],
        [[1, 2]],
    ]
    assert trace.snapshots[3]["ongoing"] == [[2, 3]]


@pytest.mark.parametrize("options", [{"chunk_events": 100}, {"compress": True}])
def test_chunks_and_compression_change_no_event(
    options: dict[str, Any], real_logs: Path, imported: Callable[..., Any]
) -> None:
    log = real_logs / "ca1c11a.jsonl"
    columns = ("time_ns", "run", "seg", "op_name", "start_ns")
    plain, other = imported(log).rows("COMMIT", *columns), imported(log, **options)
    assert other.rows("COMMIT", *columns) == plain
    assert len(other.chunks) == (31 if "chunk_events" in options else 1)


def test_long_lines_make_smaller_chunks(
    write_log: Callable[..., Path],
    imported: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jsonl_events, "MAX_OPEN_BYTES", 30_000)
    wide = [[0, 0, 0, 0]] * 1000
    log = write_log(commit(0, seg, seg, targets=wide) for seg in range(1, 8))
    trace = imported(log)
    # A line has some 15 kB, so a chunk takes one more only while both stay within the bound.
    assert [chunk.meta.events for chunk in trace.chunks] == [2, 2, 2, 1]
    assert trace.rows("COMMIT", "seg") == [(seg,) for seg in range(1, 8)]


def test_the_same_log_makes_the_same_bytes_in_every_process(
    real_logs: Path, tmp_path: Path
) -> None:
    program = (
        "import sys; from pathlib import Path; from nandtrace.convert.jsonl import import_jsonl; "
        "import_jsonl(Path(sys.argv[1]), Path(sys.argv[2]), chunk_events=200)"
    )
    traces = []
    for hash_seed in ("0", "1", "4242"):
        target = tmp_path / f"{hash_seed}.mpk"
        subprocess.run(
            [sys.executable, "-c", program, str(real_logs / "3ed79f5.jsonl"), str(target)],
            check=True,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
        )
        traces.append(target.read_bytes())
    assert len(traces[0]) > 10_000
    assert traces[1] == traces[0]
    assert traces[2] == traces[0]
