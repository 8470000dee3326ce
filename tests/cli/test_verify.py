"""`nandtrace verify`, as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from nandtrace.cli.main import run
from nandtrace.cli.workers import PARALLEL_TRACES
from nandtrace.convert.jsonl import import_jsonl
from nandtrace.schema_files import load_schema

LOGS = Path(__file__).parents[1] / "data" / "real"
Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("traces")
    for name in ("3ed79f5-mix", "62176a9"):
        import_jsonl(LOGS / f"{name}.jsonl", folder / f"{name}.mpk")
    return folder


def test_a_good_trace_is_one_line(traces: Path, capsys: Capture) -> None:
    trace = traces / "3ed79f5-mix.mpk"
    assert run(["verify", str(trace)]) == 0
    printed = capsys.readouterr()
    assert printed.out == (
        f"OK  {trace}  386 events in 3 runs; "
        "invariants: 21 holds, 3 not exercised, 32 not evaluated\n"
    )
    assert printed.err == ""


def test_a_bad_trace_shows_the_first_violation(traces: Path, capsys: Capture) -> None:
    assert run(["verify", "--limit", "1", str(traces / "62176a9.mpk")]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:5] == [
        "  ✗ suspend-has-target  violated 35 of 35",
        "    Every SUSPEND acts on an op that is ongoing on its die and axis, and is done by the start of "
        "an op that suspends that axis there.",
        "    event 15, run 0, 9170.06 µs, SUSPEND, die 0",
        "      expected an ongoing op to suspend; actual none ran at 9170.06 µs",
    ]
    assert "    … and 34 more" in lines


def test_verbose_shows_every_invariant(traces: Path, capsys: Capture) -> None:
    assert run(["verify", "-v", str(traces / "3ed79f5-mix.mpk")]) == 0
    out = capsys.readouterr().out
    assert "page-ascending" in out
    assert "backlog-fifo" in out


def test_globs_are_expanded_and_the_worst_verdict_counts(traces: Path, capsys: Capture) -> None:
    assert run(["verify", "--json", str(traces / "*.mpk")]) == 1
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, load_schema("verdict"))
    assert [trace["verdict"] for trace in document["traces"]] == ["OK", "VIOLATED"]
    violated = {
        item["id"]: (item["violated"], item["first"]["seq"])
        for item in document["traces"][1]["invariants"]
        if item["violated"]
    }
    assert violated == {"suspend-has-target": (35, 15), "resume-has-target": (35, 20)}


def test_many_traces_are_verified_side_by_side(
    traces: Path, tmp_path: Path, capsys: Capture
) -> None:
    good, bad = ((traces / f"{name}.mpk").read_bytes() for name in ("3ed79f5-mix", "62176a9"))
    for number in range(PARALLEL_TRACES):
        (tmp_path / f"{number:02}.mpk").write_bytes(bad if number == 7 else good)
    assert run(["verify", "--json", str(tmp_path / "*.mpk")]) == 1
    told = json.loads(capsys.readouterr().out)["traces"]
    assert [Path(trace["path"]).name for trace in told if trace["verdict"] == "OK"] == [
        f"{number:02}.mpk" for number in range(PARALLEL_TRACES) if number != 7
    ]
    assert told[7]["verdict"] == "VIOLATED"


def test_a_cut_trace_is_unknown(traces: Path, tmp_path: Path, capsys: Capture) -> None:
    whole = (traces / "3ed79f5-mix.mpk").read_bytes()
    cut = tmp_path / "cut.mpk"
    cut.write_bytes(whole[:-1])
    assert run(["verify", "--json", str(cut)]) == 3
    (trace,) = json.loads(capsys.readouterr().out)["traces"]
    assert (trace["verdict"], trace["events"]) == ("UNKNOWN", 386)
    assert trace["damages"] != []


def test_a_violation_in_a_damaged_trace_is_a_violation(
    traces: Path, tmp_path: Path, capsys: Capture
) -> None:
    cut = tmp_path / "cut.mpk"
    cut.write_bytes((traces / "62176a9.mpk").read_bytes()[:-1])
    assert run(["verify", str(cut)]) == 1
    assert "damaged: " in capsys.readouterr().out


def test_what_is_no_trace_is_unknown(tmp_path: Path, capsys: Capture) -> None:
    junk = tmp_path / "junk.mpk"
    junk.write_bytes(b"junk")
    assert run(["verify", "--json", str(junk), str(tmp_path / "missing.mpk"), str(tmp_path)]) == 3
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, load_schema("verdict"))
    errors = [trace["error"] for trace in document["traces"]]
    assert errors[0].startswith(f"{junk}: byte 0: not a trace")
    assert errors[1] == f"{tmp_path / 'missing.mpk'}: no such file"
    assert "directory" in errors[2]


def test_require_fails_where_nothing_was_exercised(traces: Path, capsys: Capture) -> None:
    trace = str(traces / "3ed79f5-mix.mpk")
    assert run(["verify", "--require", "page-ascending", trace]) == 0
    assert run(["verify", "--require", "nested-order", trace]) == 1
    assert "required but not exercised: nested-order" in capsys.readouterr().out


def test_only_limits_the_invariants(traces: Path, capsys: Capture) -> None:
    assert run(["verify", "--only", "page-ascending", str(traces / "62176a9.mpk")]) == 0
    assert "invariants: 1 holds" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "name at least one TRACE"),
        (["--only", "nonsense", "x.mpk"], "there is no invariant 'nonsense'"),
        (["--limit", "0", "x.mpk"], "--limit is 0"),
        (["no-such-folder/*.mpk"], "no-such-folder/*.mpk: matches no file"),
        (["--nonsense"], "No such option"),
    ],
)
def test_usage(arguments: list[str], reason: str, capsys: Capture) -> None:
    assert run(["verify", *arguments]) == 2
    assert reason in capsys.readouterr().err


def test_the_list_as_json(capsys: Capture) -> None:
    assert run(["verify", "--list", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, load_schema("catalogue"))
    assert document["invariants"][0]["id"] == "seq-dense"
