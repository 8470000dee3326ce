"""nandtrace record --live, as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from nandtrace.check import Verdict, verify_trace
from nandtrace.cli.main import run
from nandtrace.schema_files import load_schema

Capture = pytest.CaptureFixture[str]

SHORT = ["--runs", "3", "--run-until", "20ms"]
BROKEN = ["--no-drain", "--run-until", "50ms"]


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _files() -> list[str]:
    return sorted(path.name for path in Path().iterdir())


def test_it_prints_summary_and_verdict_and_writes_the_same_trace(capsys: Capture) -> None:
    assert run(["record", *SHORT, "--verify", "-o", "trace.mpk"]) == 0
    plain = capsys.readouterr().out
    kept = Path("trace.mpk").read_bytes()
    assert run(["record", *SHORT, "--live", "-o", "trace.mpk"]) == 0
    assert capsys.readouterr().out == plain
    assert Path("trace.mpk").read_bytes() == kept
    assert _files() == ["trace.mpk"]


def test_it_goes_on_from_a_run(capsys: Capture) -> None:
    assert run(["record", *SHORT, "-o", "whole.mpk"]) == 0
    for extra, name in ((["--live", "--compress"], "live.mpk"), (["--compress"], "plain.mpk")):
        assert run(["record", "--from", "whole.mpk", "--run", "0", *extra, "-o", name]) == 0
    assert Path("live.mpk").read_bytes() == Path("plain.mpk").read_bytes()


def test_a_violated_run_stops_it_when_asked_to(capsys: Capture) -> None:
    arguments = ["record", *BROKEN, "--runs", "4000", "--live", "--fail-fast", "-o", "v.mpk"]
    assert run([*arguments, "--json"]) == 1
    output = capsys.readouterr()
    found = json.loads(output.out)
    jsonschema.validate(found, load_schema("record"))
    assert found["runs"] < 4000
    assert found["verdict"]["verdict"] == "VIOLATED"
    assert "nandtrace: stopped early: a run is violated\n" in output.err
    verdict = verify_trace("v.mpk")
    assert verdict.verdict is Verdict.VIOLATED
    assert (verdict.runs, verdict.damages) == (found["runs"], [])


def test_the_runs_before_the_stop_are_replayed(capsys: Capture) -> None:
    arguments = ["record", *BROKEN, "--runs", "4000", "--live", "--fail-fast", "-o", "v.mpk"]
    assert run(arguments) == 1
    last = verify_trace("v.mpk").runs - 1
    capsys.readouterr()
    assert run(["replay", "v.mpk"]) == 0
    output = capsys.readouterr()
    assert output.out.startswith(f"same: v.mpk, {last} runs re-executed, digest ")
    assert f"run {last} was stopped on request and is left out\n" in output.err
    assert run(["replay", "v.mpk", "--run", "1"]) == 0
    assert run(["replay", "v.mpk", "--run", str(last)]) == 2
    assert f"run {last} was stopped on request: nothing says where" in capsys.readouterr().err


def test_a_stop_that_comes_too_late_is_none(capsys: Capture) -> None:
    arguments = ["record", *BROKEN, "--runs", "1", "--live", "--fail-fast", "-o", "v.mpk"]
    assert run(arguments) == 1
    assert "stopped" not in capsys.readouterr().err


def test_a_violation_is_the_exit_code_without_stopping(capsys: Capture) -> None:
    assert run(["record", *BROKEN, "--runs", "2", "--live", "-o", "v.mpk"]) == 1
    output = capsys.readouterr()
    assert "VIOLATED  v.mpk  " in output.out
    assert "stopped" not in output.err


def test_the_graph_that_does_it_can_be_kept(capsys: Capture) -> None:
    assert run(["record", *SHORT, "--live", "--graph-trace", "graph.mpk", "-o", "a.mpk"]) == 0
    assert run(["verify", "graph.mpk"]) == 0
    assert "OK  graph.mpk  " in capsys.readouterr().out
    assert run(["record", *SHORT, "--live", "--graph-trace", "a.mpk", "-o", "a.mpk"]) == 2
    assert "a.mpk: both traces would have this name" in capsys.readouterr().err


def test_the_graphs_trace_replaces_nothing_that_is_read(capsys: Capture) -> None:
    Path("mine.yaml").write_text("extends: default\n")
    assert run(["record", *SHORT, "-o", "whole.mpk"]) == 0
    kept = Path("whole.mpk").read_bytes()
    go_on = ["record", "--from", "whole.mpk", "--run", "0", "--live", "-o", "rest.mpk"]
    for arguments, source, what in (
        (["record", *SHORT, "--profile", "mine.yaml", "--live"], "mine.yaml", "profile"),
        (go_on, "whole.mpk", "trace it continues"),
    ):
        assert run([*arguments, "--graph-trace", source]) == 2
        assert f"{source}: the new trace would replace the {what}" in capsys.readouterr().err
    assert Path("mine.yaml").read_text() == "extends: default\n"
    assert Path("whole.mpk").read_bytes() == kept


def test_what_cannot_be_asked_for(capsys: Capture) -> None:
    for option in (["--fail-fast"], ["--graph-trace", "g.mpk"]):
        assert run(["record", *SHORT, *option]) == 2
        assert "--fail-fast and --graph-trace are for --live" in capsys.readouterr().err
    assert run(["record", *SHORT, "--live", "-o", "missing/a.mpk"]) == 3
    assert "missing/a.mpk.partial: cannot write: No such file" in capsys.readouterr().err
    assert run(["record", *SHORT, "--live", "--graph-trace", "missing/g.mpk", "-o", "a.mpk"]) == 3
    assert "missing/g.mpk.partial: cannot write" in capsys.readouterr().err
    assert _files() == []
