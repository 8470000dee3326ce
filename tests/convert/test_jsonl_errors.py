"""Bad logs: each is one line of error with its place and reason, and leaves no file."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from nandtrace.convert import log_lines
from nandtrace.convert.jsonl import import_jsonl
from nandtrace.errors import LogError, StorageError, UsageError

HEADER = (
    '{"kind":"HEADER","format":"nandtrace-jsonl","version":1,"domain":"nand","time_unit":"us",'
    '"topology":{"dies":1,"planes":2,"blocks_per_die":4,"pages_per_block":8},'
    '"program_bases":["PROGRAM_SLC"]}'
)
BEGIN = (
    '{"kind":"RUN_BEGIN","run":0,"t_us":0.0,"run_until_us":30.0,"snapshot":{"suspended_erase":[[]],'
    '"suspended_program":[[]],"ongoing":[[]],"pending":[[1.0,"OP_END",1]],"addr_state":[-2]}}'
)
COMMIT = (
    '{"kind":"COMMIT","run":0,"t_us":0.0,"seg":1,"op":1,"op_name":"Erase","base":"ERASE",'
    '"start_us":0.0,"end_us":7.0,"targets":[[0,0,0,null]]}'
)
PGM = '{"kind":"APPLY_PGM","run":0,"t_us":0.0,"seg":1,"cells":[[0,0,0]],"celltype":"SLC"}'
RESUMED = '{"kind":"RESUMED","run":0,"t_us":0.0,"die":0,"axis":"ERASE","op":1,"ok":true}'

# What is wrong, a good line, the text in it, what it is replaced by, the place and the reason.
BAD = [
    ("format", HEADER, "nandtrace-jsonl", "ftrace", "line 1, field format", "'ftrace' is not one"),
    ("version", HEADER, '"version":1', '"version":2', "line 1, field version", "2 is not one of 1"),
    ("version 1.0", HEADER, '"version":1', '"version":1.0', "line 1, field version", "integer"),
    ("domain", HEADER, '"nand"', '"graph"', "line 1, field domain", "'graph' is not one of nand"),
    ("unit", HEADER, '"us"', '"ns"', "line 1, field time_unit", "'ns' is not one of us"),
    ("no topology", HEADER, "topology", "topo", "line 1, field topology", "is missing"),
    ("no dies", HEADER, '"dies":1', '"dies":0', "line 1, field topology.dies", "less than 1"),
    (
        "header text",
        HEADER,
        '"version":1',
        '"version":1,"by":"\\ud800"',
        "line 1, field by",
        "no Unicode text",
    ),
    (
        "header number",
        HEADER,
        '"version":1',
        '"version":1,"seed":1e999',
        "line 1, field seed",
        "too large",
    ),
    (
        "header integer",
        HEADER,
        '"version":1',
        f'"version":1,"seed":{2**64}',
        "line 1, field seed",
        "does not fit 64 bits",
    ),
    (
        "header depth",
        HEADER,
        '"version":1',
        f'"version":1,"x":{"[" * 40}{"]" * 40}',
        "line 1, field x[0][0]",
        "nested more than 32 deep",
    ),
    ("no header", HEADER, HEADER, COMMIT, "line 1, field kind", "begins with COMMIT, not with a"),
    ("two headers", COMMIT, COMMIT, HEADER, "line 2, field kind", "a second HEADER"),
    ("no kind", COMMIT, "kind", "kin", "line 2, field kind", "is missing"),
    ("kind", COMMIT, '"COMMIT"', '"COMIT"', "line 2, field kind", "unknown kind 'COMIT'"),
    ("kind no text", COMMIT, '"COMMIT"', "[1]", "line 2, field kind", "unknown kind [1]"),
    ("no seg", COMMIT, '"seg":1,', "", "line 2, field seg", "is missing"),
    ("null seg", COMMIT, '"seg":1', '"seg":null', "line 2, field seg", "None is not of type int"),
    ("seg text", COMMIT, '"seg":1', '"seg":"1"', "line 2, field seg", "'1' is not of type integer"),
    ("seg float", COMMIT, '"seg":1', '"seg":1.0', "line 2, field seg", "1.0 is not of type int"),
    ("seg flag", COMMIT, '"seg":1', '"seg":true', "line 2, field seg", "True is not of type int"),
    ("huge seg", COMMIT, '"seg":1', f'"seg":{2**53}', "line 2, field seg", "is greater than"),
    ("endless", COMMIT, '"seg":1', f'"seg":{"9" * 5000}', "line 2", "not JSON: Exceeds the limit"),
    ("op", COMMIT, '"op":1', '"op":[]', "line 2, field op", "[] is not of type integer or null"),
    ("run", COMMIT, '"run":0', '"run":-1', "line 2, field run", "-1 is less than 0"),
    ("off the grid", COMMIT, "7.0", "7.005", "line 2, field end_us", "7.005 µs is not a multiple"),
    ("time", COMMIT, '"t_us":0.0', '"t_us":"0"', "line 2, field t_us", "'0' is not of type number"),
    ("huge time", COMMIT, "7.0", "1e300", "line 2, field end_us", "1e+300 is greater than"),
    ("infinite", COMMIT, "7.0", "1e999", "line 2, field end_us", "inf is greater than"),
    ("NaN", COMMIT, "7.0", "NaN", "line 2", "not JSON: NaN is no JSON number"),
    ("-Infinity", COMMIT, "7.0", "-Infinity", "line 2", "not JSON: -Infinity is no JSON number"),
    ("surrogate", COMMIT, "Erase", "\\udc80", "line 2, field op_name", "is no Unicode text"),
    ("no name", COMMIT, "Erase", "", "line 2, field op_name", "is empty"),
    ("target", COMMIT, ",null]", "]", "line 2, field targets[0]", "fewer than 4 items"),
    ("page", COMMIT, "null", '"x"', "line 2, field targets[0][3]", "'x' is not of type integer"),
    ("cell", PGM, "[0,0,0]", "[0,0,0,0]", "line 2, field cells[0]", "more than 3 items"),
    ("axis", RESUMED, "ERASE", "READ", "line 2, field axis", "'READ' is not one of ERASE or"),
    ("ok", RESUMED, "true", "1", "line 2, field ok", "1 is not of type boolean"),
    (
        "pending time",
        BEGIN,
        "1.0,",
        "1.001,",
        "line 2, field snapshot.pending[0][0]",
        "1.001 µs is not a multiple",
    ),
    (
        "pending seg",
        BEGIN,
        '"OP_END",1',
        '"OP_END",1.0',
        "line 2, field snapshot.pending[0][2]",
        "1.0 is not of type integer",
    ),
    (
        "pending event",
        BEGIN,
        "OP_END",
        "HOOK",
        "line 2, field snapshot.pending[0][1]",
        "'HOOK' is not one of OP_START or OP_END",
    ),
    (
        "snapshot text",
        BEGIN,
        '"addr_state"',
        '"extra":{"a":["\\ud800"]},"addr_state"',
        "line 2, field snapshot.extra.a[0]",
        "no Unicode text",
    ),
    ("no addr_state", BEGIN, "addr_", "a_", "line 2, field snapshot.addr_state", "is missing"),
    ("truncated", COMMIT, COMMIT, COMMIT[:40], "line 2, column 37", "not JSON: Unterminated"),
    ("two objects", COMMIT, COMMIT, COMMIT * 2, "line 2, column", "not JSON: Extra data"),
    ("no object", COMMIT, COMMIT, "[1,2]", "line 2", "[1, 2] is no JSON object"),
    ("deep", COMMIT, COMMIT, "[" * 200_000, "line 2", "not JSON: nested too deeply"),
]


@pytest.mark.parametrize("row", BAD, ids=lambda row: row[0])
def test_a_bad_line(row: tuple[str, ...], tmp_path: Path) -> None:
    _, good, text, replacement, place, reason = row
    bad = good.replace(text, replacement, 1)
    assert bad != good
    log = tmp_path / "bad.jsonl"
    log.write_text(f"{bad}\n" if good is HEADER else f"{HEADER}\n{bad}\n{COMMIT}\n")
    error = _error(log)
    assert error.place.startswith(place)
    assert reason in error.reason
    assert str(error) == f"{log}: {error.place}: {error.reason}"
    assert len(str(error).splitlines()) == 1
    assert len(error.reason) < 300


@pytest.mark.parametrize(
    ("raw", "place", "reason"),
    [
        (b"", "", "the log is empty"),
        (b"\n \n", "", "the log is empty"),
        (b"\xff\xfe", "line 1, byte 1", "not UTF-8: invalid start byte"),
        (HEADER.encode() + b'\n{"kind":"\xed\xa0\x80"}', "line 2, byte 10", "not UTF-8"),
        (b"\x00" * 100, "line 1, column 1", "not JSON"),
        (b"\x93\xa4NTF1", "line 1, byte 1", "not UTF-8"),
    ],
)
def test_what_is_no_log_at_all(raw: bytes, place: str, reason: str, tmp_path: Path) -> None:
    log = tmp_path / "bad.jsonl"
    log.write_bytes(raw)
    error = _error(log)
    assert error.place == place
    assert reason in error.reason


def test_a_line_that_is_too_long(tmp_path: Path) -> None:
    log = tmp_path / "bad.jsonl"
    with log.open("w") as file:
        file.write(f"{HEADER}\n" + " " * log_lines.MAX_LINE_BYTES + "{}\n")
    error = _error(log)
    assert (error.place, error.reason) == ("line 2", "longer than 8388608 bytes")


def test_a_log_that_cannot_be_read(tmp_path: Path) -> None:
    missing = tmp_path / "missing.jsonl"
    assert _error(missing).reason == "cannot read: No such file or directory"
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(LogError, match="cannot read: Is a directory"):
        import_jsonl(folder, tmp_path / "trace.mpk")


def test_a_bad_line_after_many_chunks_leaves_nothing(real_logs: Path, tmp_path: Path) -> None:
    log = tmp_path / "bad.jsonl"
    log.write_bytes((real_logs / "ca1c11a.jsonl").read_bytes() + b"{}")
    with pytest.raises(LogError, match="line 3102, field kind: is missing"):
        import_jsonl(log, tmp_path / "trace.mpk", chunk_events=50)
    assert list(tmp_path.iterdir()) == [log]


def test_a_failed_import_keeps_the_trace_that_was_there(tmp_path: Path) -> None:
    log, target = tmp_path / "bad.jsonl", tmp_path / "trace.mpk"
    target.write_bytes(b"older")
    log.write_text(f"{HEADER}\n{{}}\n")
    with pytest.raises(LogError):
        import_jsonl(log, target)
    assert target.read_bytes() == b"older"


def test_the_trace_may_not_replace_the_log(real_logs: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    raw = (real_logs / "3ed79f5-mix.jsonl").read_bytes()
    log.write_bytes(raw)
    with pytest.raises(UsageError, match="the trace would replace the log"):
        import_jsonl(log, tmp_path / "." / "log.jsonl")
    assert log.read_bytes() == raw


def test_a_partial_file_of_another_writer_is_left_alone(real_logs: Path, tmp_path: Path) -> None:
    partial = tmp_path / "trace.mpk.partial"
    partial.write_bytes(b"precious")
    with pytest.raises(
        StorageError,
        match=r"trace\.mpk\.partial: cannot write: a writing that was cut short left it",
    ):
        import_jsonl(real_logs / "3ed79f5-mix.jsonl", tmp_path / "trace.mpk")
    assert partial.read_bytes() == b"precious"


def test_a_target_that_cannot_be_written(real_logs: Path, tmp_path: Path) -> None:
    log = real_logs / "3ed79f5-mix.jsonl"
    with pytest.raises(StorageError, match="No such file or directory"):
        import_jsonl(log, tmp_path / "nowhere" / "trace.mpk")
    folder = tmp_path / "trace.mpk"
    folder.mkdir()
    with pytest.raises(StorageError, match="it is there, and no regular file"):
        import_jsonl(log, folder)
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("limit_bytes", [100, 5_000, 20_000])
def test_a_full_disk_leaves_nothing(limit_bytes: int, real_logs: Path, tmp_path: Path) -> None:
    """A limit on the file's size fails the header, a chunk, the last chunk."""
    log = json.dumps(str(real_logs / "3ed79f5.jsonl"))
    target = json.dumps(str(tmp_path / "trace.mpk"))
    program = (
        "from pathlib import Path\n"
        "from nandtrace.convert.jsonl import import_jsonl\n"
        "from nandtrace.errors import StorageError\n"
        "try:\n"
        f"    import_jsonl(Path({log}), Path({target}), chunk_events=100)\n"
        "except StorageError as error:\n"
        "    print(error)\n"
    )
    limits = (limit_bytes, resource.getrlimit(resource.RLIMIT_FSIZE)[1])
    done = subprocess.run(
        [sys.executable, "-c", f"import resource\nresource.setrlimit(1, {limits})\n{program}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert done.stdout == f"{tmp_path / 'trace.mpk.partial'}: cannot write: File too large\n"
    assert list(tmp_path.iterdir()) == []


def _error(log: Path) -> LogError:
    """The error of an import, which left nothing beside the log."""
    before = sorted(log.parent.iterdir())
    with pytest.raises(LogError) as caught:
        import_jsonl(log, log.with_suffix(".mpk"))
    assert sorted(log.parent.iterdir()) == before
    return caught.value
