"""Export to CSV: what the rows say of suspends, resets, states, and of what can't be read."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from nandtrace import Recorder, Topology, TraceReader, UsageError
from nandtrace.convert.export_csv import ExportResult, What, export_csv, export_file
from nandtrace.trace import TraceWriter
from nandtrace.trace.header import Header
from nandtrace.vocab import NAND, Vocabulary

TIMELINE = "start,end,die,plane,block,page,op_name,op_base,source,op_uid,op_state"
DEVICE: dict[str, Any] = {
    "topology": Topology(dies=2, planes=2, blocks_per_die=4, pages_per_block=8),
    "program_bases": ("PROGRAM_SLC",),
}


def _snapshot() -> dict[str, Any]:
    return {
        "ongoing": [[], []],
        "suspended_erase": [[], []],
        "suspended_program": [[], []],
        "pending": [],
        "addr_state": [-1, -1, -2, -2, -2, -2, -2, -2],
        "cell_modes": ["SLC", "A0SLC", None, None, None, None, None, None],
    }


def _recorder(path: Path, **options: Any) -> Recorder:
    recorder = Recorder(path, **(DEVICE | options))
    recorder.begin_run(0, run_until_ns=1_000_000, snapshot=_snapshot())
    return recorder


def _op(recorder: Recorder, time_ns: int, seg: int, base: str, end_ns: int, **fields: Any) -> None:
    """Commit and start a segment, with 200 ns ISSUE and CORE_BUSY up to its end."""
    settings = {"op": seg, "op_name": base.title(), "source": "PROPOSAL"} | fields
    recorder.commit(time_ns, seg=seg, base=base, start_ns=time_ns, end_ns=end_ns, **settings)
    recorder.op_start(time_ns, seg)
    recorder.state(time_ns, seg, "ISSUE", time_ns + 200, bus=True)
    recorder.state(time_ns, seg, "CORE_BUSY", end_ns)


def _suspended(path: Path, **options: Any) -> Path:
    """A two-plane program, suspended at 1 µs and resumed at 2 µs."""
    targets = [(0, 0, 0, 3), (0, 1, 1, 3)]
    with _recorder(path, **options) as recorder:
        _op(recorder, 0, 0, "PROGRAM_SLC", 3_000, targets=targets)
        _op(recorder, 1_000, 1, "PROGRAM_SUSPEND", 1_250, targets=[(0, 0, 0, None)])
        recorder.suspend(1_000, die=0, axis="PROGRAM", op=0, remaining_ns=2_000, by_seg=1)
        recorder.cancel(1_000, 0, "OP_END", 3_000, "SUSPEND")
        recorder.op_end(1_000, 0, "SUSPENDED")
        recorder.op_end(1_250, 1)
        recorder.commit(
            1_250, seg=2, op=0, op_name="Program_Slc", base="PROGRAM_SLC", start_ns=2_000,
            end_ns=4_000, targets=targets, source="RESUME_CHAIN",
        )  # fmt: skip
        recorder.op_start(2_000, 2)
        recorder.state(2_000, 2, "CORE_BUSY", 4_000)
        recorder.op_end(4_000, 2)
        recorder.end_run(4_000, snapshot=_snapshot())
    return path


def _export(path: Path, what: What) -> tuple[list[str], ExportResult]:
    out = io.StringIO(newline="")
    with TraceReader(path) as reader:
        result = export_csv(reader, what, out)
    return out.getvalue().splitlines(), result


def _payloads(lines: list[str]) -> list[list[dict[str, Any]]]:
    return [json.loads(row["payload"]) for row in csv.DictReader(lines)]


def test_the_timeline_of_a_suspended_program(tmp_path: Path) -> None:
    lines, result = _export(_suspended(tmp_path / "a.mpk"), What.TIMELINE)
    assert lines == [
        TIMELINE,
        "0,0.2,0,0,0,3,Program_Slc,PROGRAM_SLC,PROPOSAL,0,ISSUE",
        "0,0.2,0,1,1,3,Program_Slc,PROGRAM_SLC,PROPOSAL,0,ISSUE",
        "0.2,1,0,0,0,3,Program_Slc,PROGRAM_SLC,PROPOSAL,0,CORE_BUSY",
        "0.2,1,0,1,1,3,Program_Slc,PROGRAM_SLC,PROPOSAL,0,CORE_BUSY",
        "1,1.2,0,0,,,Program_Suspend,PROGRAM_SUSPEND,PROPOSAL,1,ISSUE",
        "1.2,1.25,0,0,,,Program_Suspend,PROGRAM_SUSPEND,PROPOSAL,1,CORE_BUSY",
        "2,4,0,0,0,3,Program_Slc,PROGRAM_SLC,RESUME_CHAIN,2,CORE_BUSY",
        "2,4,0,1,1,3,Program_Slc,PROGRAM_SLC,RESUME_CHAIN,2,CORE_BUSY",
    ]
    assert result == ExportResult(8, [])


def test_the_sequence_has_an_op_once_however_often_it_is_resumed(tmp_path: Path) -> None:
    lines, result = _export(_suspended(tmp_path / "a.mpk"), What.SEQUENCE)
    assert [line.partition(',"')[0] for line in lines] == [
        "seq,time,op_id,op_name,op_uid,payload",
        "0,0,0,Program_Slc,0",
        "1,1,1,Program_Suspend,1",
    ]
    assert _payloads(lines) == [
        [
            {"die": 0, "plane": 0, "block": 0, "page": 3, "celltype": "SLC"},
            {"die": 0, "plane": 1, "block": 1, "page": 3, "celltype": "A0SLC"},
        ],
        [{"die": 0, "plane": 0, "block": None, "page": None}],
    ]
    assert result == ExportResult(2, [])


def test_the_cell_type_of_the_profile_goes_before_the_mode_of_the_block(tmp_path: Path) -> None:
    names = [
        {"name": "Program_Slc", "celltype": "TLC"},
        {"name": "Program_Suspend", "celltype": "NONE"},
    ]
    trace = _suspended(tmp_path / "a.mpk", identity={"profile": {"op_names": names}})
    lines, _ = _export(trace, What.SEQUENCE)
    assert [target.get("celltype") for row in _payloads(lines) for target in row] == [
        "TLC",
        "TLC",
        None,
    ]


@pytest.mark.parametrize("profile", [3, {"op_names": {}}, {"op_names": [1, {}]}])
def test_a_profile_that_makes_no_sense_tells_no_cell_type(tmp_path: Path, profile: Any) -> None:
    trace = _suspended(tmp_path / "a.mpk", identity={"profile": profile})
    lines, _ = _export(trace, What.SEQUENCE)
    assert _payloads(lines)[0][0]["celltype"] == "SLC"


def test_an_erase_sets_the_mode_of_what_comes_after_it(tmp_path: Path) -> None:
    path = tmp_path / "a.mpk"
    with _recorder(path) as recorder:
        _op(recorder, 0, 0, "ERASE", 3_000, targets=[(1, 1, 3, 0)])
        recorder.op_end(3_000, 0)
        recorder.apply_erase(3_000, 0, [(1, 3)], "TLC")
        _op(recorder, 3_000, 1, "PROGRAM_SLC", 4_000, targets=[(1, 1, 3, 0)])
        recorder.op_end(4_000, 1)
        recorder.end_run(4_000, snapshot=_snapshot())
    lines, _ = _export(path, What.SEQUENCE)
    address = {"die": 1, "plane": 1, "block": 3, "page": 0}
    assert _payloads(lines) == [[address], [address | {"celltype": "TLC"}]]


def test_a_reset_cuts_what_runs_and_drops_what_had_not_started(tmp_path: Path) -> None:
    path = tmp_path / "a.mpk"
    with _recorder(path) as recorder:
        _op(recorder, 0, 0, "ERASE", 3_000, targets=[(0, 0, 0, 0)])
        recorder.commit(
            0, seg=1, op=1, op_name="Read", base="READ", start_ns=3_000, end_ns=3_500,
            targets=[(0, 0, 0, 0)],
        )  # fmt: skip
        _op(recorder, 1_000, 2, "RESET", 1_400, targets=[(0, 0, 0, None)])
        recorder.op_end(1_000, 0, "RESET")
        recorder.cancel(1_000, 1, "OP_START", 3_000, "RESET")
        recorder.cancel(1_000, 1, "OP_END", 3_500, "RESET")
        recorder.op_end(1_400, 2)
        recorder.end_run(1_400, snapshot=_snapshot())
    lines, _ = _export(path, What.TIMELINE)
    assert lines[1:] == [
        "0,0.2,0,0,0,0,Erase,ERASE,PROPOSAL,0,ISSUE",
        "0.2,1,0,0,0,0,Erase,ERASE,PROPOSAL,0,CORE_BUSY",
        "1,1.2,0,0,,,Reset,RESET,PROPOSAL,2,ISSUE",
        "1.2,1.4,0,0,,,Reset,RESET,PROPOSAL,2,CORE_BUSY",
    ]
    lines, result = _export(path, What.SEQUENCE)
    assert [row["op_name"] for row in csv.DictReader(lines)] == ["Erase", "Reset"]
    assert result.rows == 2


def test_states_written_when_they_are_entered(tmp_path: Path) -> None:
    path = tmp_path / "a.mpk"
    with _recorder(path) as recorder:
        recorder.commit(
            0, seg=0, op=0, op_name="Read", base="READ", start_ns=0, end_ns=900,
            targets=[(0, 0, 0, 1)],
        )  # fmt: skip
        recorder.op_start(0, 0)
        recorder.state(0, 0, "ISSUE", 200)
        recorder.state(300, 0, "CORE_BUSY", 900)
        recorder.op_end(900, 0)
        recorder.end_run(900, snapshot=_snapshot())
    lines, _ = _export(path, What.TIMELINE)
    assert lines[1:] == [
        "0,0.2,0,0,0,1,Read,READ,,0,ISSUE",
        "0.3,0.9,0,0,0,1,Read,READ,,0,CORE_BUSY",
    ]


def test_what_the_trace_leaves_open_ends_with_it_or_as_reserved(tmp_path: Path) -> None:
    path = tmp_path / "a.mpk"
    with _recorder(path) as recorder:
        _op(recorder, 0, 0, "ERASE", 3_000, targets=[(0, 0, 0, 0)])
        _op(recorder, 500, 1, "READ", 900, targets=[(1, 0, 0, 0)])
        recorder.end_run(2_000, snapshot=_snapshot(), end="DROPPED")
    lines, _ = _export(path, What.TIMELINE)
    assert lines[1:] == [
        "0,0.2,0,0,0,0,Erase,ERASE,PROPOSAL,0,ISSUE",
        "0.2,2,0,0,0,0,Erase,ERASE,PROPOSAL,0,CORE_BUSY",
        "0.5,0.7,1,0,0,0,Read,READ,PROPOSAL,1,ISSUE",
        "0.7,0.9,1,0,0,0,Read,READ,PROPOSAL,1,CORE_BUSY",
    ]


def test_a_name_with_a_comma_and_a_quote(tmp_path: Path) -> None:
    path = tmp_path / "a.mpk"
    with _recorder(path) as recorder:
        _op(recorder, 0, 0, "READ", 900, targets=[(0, 0, 0, 0)], op_name='Read, "fast"')
        recorder.op_end(900, 0)
        recorder.end_run(900, snapshot=_snapshot())
    lines, _ = _export(path, What.TIMELINE)
    assert [row["op_name"] for row in csv.DictReader(lines)] == ['Read, "fast"'] * 2


def test_a_damaged_chunk_costs_its_rows_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.mpk"
    _suspended(path, chunk_events=5)
    with TraceReader(path) as reader:
        entry = reader.index.chunks[1]
    raw = bytearray(path.read_bytes())
    raw[entry.offset + entry.size_bytes - 8] ^= 1
    path.write_bytes(raw)
    lines, result = _export(path, What.TIMELINE)
    assert result.problems[:1] == [
        f"bytes {entry.offset} to {entry.offset + entry.size_bytes}: "
        "the checksum of the frame does not match its bytes"
    ]
    assert lines[3:] == [
        "0.2,1,0,0,0,3,Program_Slc,PROGRAM_SLC,PROPOSAL,0,CORE_BUSY",
        "0.2,1,0,1,1,3,Program_Slc,PROGRAM_SLC,PROPOSAL,0,CORE_BUSY",
        "2,4,0,0,0,3,Program_Slc,PROGRAM_SLC,RESUME_CHAIN,2,CORE_BUSY",
        "2,4,0,1,1,3,Program_Slc,PROGRAM_SLC,RESUME_CHAIN,2,CORE_BUSY",
    ]


def test_a_file_has_its_name_once_it_is_complete(tmp_path: Path) -> None:
    trace, target = _suspended(tmp_path / "a.mpk"), tmp_path / "a.csv"
    target.write_text("an older one")
    with TraceReader(trace) as reader:
        assert export_file(reader, What.TIMELINE, target).rows == 8
    assert target.read_bytes().startswith(TIMELINE.encode() + b"\n0,0.2,0,0,0,3,")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a.mpk"]


def test_the_trace_is_not_replaced(tmp_path: Path) -> None:
    trace = _suspended(tmp_path / "a.mpk")
    before = trace.read_bytes()
    with TraceReader(trace) as reader, pytest.raises(UsageError, match="would replace the trace"):
        export_file(reader, What.SEQUENCE, trace)
    assert trace.read_bytes() == before


def test_a_trace_of_another_domain(tmp_path: Path) -> None:
    path = tmp_path / "a.mpk"
    TraceWriter(path, Header(Vocabulary("graph", NAND.kinds, NAND.snapshot))).close()
    with TraceReader(path) as reader, pytest.raises(UsageError, match="of the domain graph"):
        export_csv(reader, What.SEQUENCE, io.StringIO())
