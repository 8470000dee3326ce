"""nandtrace shrink, as a user calls it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import jsonschema
import pytest

from nandtrace.check import verify_trace
from nandtrace.cli.main import run
from nandtrace.schema_files import load_schema
from nandtrace.shrinking.nand_recording import NandRecordings
from nandtrace.trace import TraceReader

Capture = pytest.CaptureFixture[str]

ROOT = Path(__file__).parents[2]
NO_DRAIN = ROOT / "golden/violations/no-drain.mpk"
PER_SEGMENT = ROOT / "golden/violations/per-segment.mpk"

OWN = """\
from nandtrace.nand.drain import Drain
from nandtrace.nand.scheduler import Scheduler

class Late(Drain):
    def drain(self):
        before = self._model.clock_ns
        delivered = super().drain()
        self._model.clock_ns = before
        return delivered

class Behind(Scheduler):
    drain_class = Late
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def own() -> None:
    """own.mpk, recorded by a scheduler that leaves its clock behind."""
    Path("own.py").write_text(OWN)
    words = "--profile tiny --runs 1 --run-until 100us --scheduler own.py:Behind -o own.mpk"
    assert run(["record", *words.split()]) == 0


def _names() -> list[str]:
    return sorted(path.name for path in Path().iterdir() if path.suffix != ".py")


def test_the_command_that_is_printed_gives_the_trace(own: None, capsys: Capture) -> None:
    capsys.readouterr()
    assert run(["shrink", "own.mpk", "--scheduler", "own.py:Behind", "--budget", "6"]) == 0
    output = capsys.readouterr()
    headline, trace, profile, command, *rest = output.out.splitlines()
    assert headline.startswith("own.mpk: time-monotone: ")
    assert headline.endswith(" (recording), 6 candidates tried")
    assert (trace, profile) == ("  trace: own-small.mpk", "  profile: own-small.yaml")
    assert "--scheduler own.py:Behind -o own-small.mpk" in command
    assert "RUN_BEGIN" in rest[0]
    assert "VIOLATED  own-small.mpk" in output.out
    assert _names() == ["own-small.mpk", "own-small.shrink", "own-small.yaml", "own.mpk"]
    before = Path("own-small.mpk").read_bytes()
    Path("own-small.mpk").unlink()
    assert run(shlex.split(command)[1:]) == 0
    assert Path("own-small.mpk").read_bytes() == before


def test_a_scheduler_that_only_the_trace_names_is_not_imported(own: None, capsys: Capture) -> None:
    capsys.readouterr()
    assert run(["shrink", "own.mpk"]) == 2
    assert "it takes --scheduler own.py:Behind" in capsys.readouterr().err
    assert _names() == ["own.mpk"]


def test_json(capsys: Capture) -> None:
    words = ["--budget", "5", "-o", "small.mpk", "--json"]
    assert run(["shrink", str(NO_DRAIN), *words]) == 0
    output = capsys.readouterr()
    report = json.loads(output.out)
    jsonschema.validate(report, load_schema("shrink"))
    assert (report["way"], report["end"], report["tried"]) == ("recording", "budget", 5)
    assert report["invariant"] == "one-op-end-per-segment"
    assert report["source"] == "small.yaml"
    assert report["commands"][0][:4] == ["nandtrace", "record", "--profile", "small.yaml"]
    assert report["verdict"]["verdict"] == "VIOLATED"
    assert "the same command with a larger one goes on from here" in output.err
    assert _names() == ["small.mpk", "small.shrink", "small.yaml"]


FORGETS = ["--scheduler", "nandtrace.selftest.faults.boundaries:ForgetsDraws"]


def test_what_only_a_replay_shows(capsys: Capture) -> None:
    words = "record --profile tiny --runs 3 --run-until 100us -o forgets.mpk"
    assert run([*words.split(), *FORGETS]) == 0
    capsys.readouterr()
    shrink = ["shrink", "forgets.mpk", "--replay", *FORGETS, "-o", "small.mpk"]
    assert run([*shrink, "--budget", "2", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    jsonschema.validate(report, load_schema("shrink"))
    jsonschema.validate(report["replay"], load_schema("replay"))
    assert (report["invariant"], report["verdict"]) == ("replay", None)
    assert (report["replay"]["run"], report["replay"]["result"]) == (1, "different")
    assert run([*shrink, "--budget", "3"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("forgets.mpk: replay: 16 events shrunk to 16 (recording), 3 candidates")
    assert "different: small.mpk, 1 run re-executed" in text
    assert run(["replay", "small.mpk", "--run", "1", *FORGETS]) == 1


def test_a_search_that_was_cut_short_ends_as_if_it_had_not_been(capsys: Capture) -> None:
    words = ["shrink", str(NO_DRAIN), "--no-record"]
    assert run([*words, "--budget", "9", "-o", "at-once.mpk"]) == 0
    assert run([*words, "--budget", "3", "-o", "twice.mpk"]) == 0
    assert run([*words, "--budget", "9", "-o", "twice.mpk"]) == 0
    assert "went on after" in capsys.readouterr().err
    assert Path("twice.mpk").read_bytes() == Path("at-once.mpk").read_bytes()
    assert _names() == ["at-once.mpk", "twice.mpk"]


def test_ctrl_c_leaves_the_best_so_far(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    measure, calls = NandRecordings.measure, []

    def interrupted(self: NandRecordings, *arguments: object) -> object:
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return measure(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(NandRecordings, "measure", interrupted)
    assert run(["shrink", str(NO_DRAIN), "-o", "small"]) == 130
    assert "interrupted: the same command goes on from here" in capsys.readouterr().err
    violated = [item.id for item in verify_trace("small.mpk").invariants if item.violated]
    assert "one-op-end-per-segment" in violated
    assert _names() == ["small.mpk", "small.shrink", "small.yaml"]


def test_an_excerpt_says_so(capsys: Capture) -> None:
    words = ["--no-record", "--invariant", "page-ascending", "--budget", "8", "-o", "part.mpk"]
    assert run(["shrink", str(PER_SEGMENT), *words]) == 0
    output = capsys.readouterr()
    assert output.out.splitlines()[0].startswith(f"{PER_SEGMENT}: page-ascending: 50 events shrunk")
    assert "(excerpt)" in output.out.splitlines()[0]
    with TraceReader("part.mpk") as reader:
        assert list(reader.walk())
        assert reader.provenance["excerpt"] == "of runs 0 to 0"
    assert _names() == ["part.mpk", "part.shrink"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["golden/three-runs.mpk"], 2, "it violates nothing: there is nothing to shrink"),
        (["golden/violations/no-drain.mpk", "--invariant", "what"], 2, "no invariant 'what'"),
        (
            ["golden/violations/no-drain.mpk", "--invariant", "drain-clock"],
            2,
            "it does not violate drain-clock, but ",
        ),
        (["golden/three-runs.mpk", "--replay"], 2, "is the same: nothing to shrink"),
        (["golden/three-runs.mpk", "--replay", "--no-record"], 2, "--replay goes neither with"),
        (["golden/violations/no-drain.mpk", "--budget", "0"], 2, "it must be at least 1"),
        (["golden/violations/no-drain.mpk", "--budget", "soon"], 2, "a number of candidates"),
        (["golden/violations/no-drain.mpk", "-o", "small.yaml"], 2, "a trace is named *.mpk"),
        (["golden/manifest.yaml"], 3, "not a trace"),
        (["no-such.mpk"], 3, "no such file"),
    ],
)
def test_what_is_wrong(arguments: list[str], code: int, message: str, capsys: Capture) -> None:
    trace, *options = arguments
    path = ROOT / trace if trace.startswith("golden") else Path(trace)
    assert run(["shrink", str(path), *options]) == code
    assert message in capsys.readouterr().err
    assert _names() == []


def test_the_trace_itself_is_not_replaced(capsys: Capture) -> None:
    Path("a.mpk").write_bytes(NO_DRAIN.read_bytes())
    assert run(["shrink", "a.mpk", "-o", "a.mpk"]) == 2
    assert "the new trace would replace the one that is shrunk" in capsys.readouterr().err
    assert Path("a.mpk").read_bytes() == NO_DRAIN.read_bytes()


def test_a_trace_that_is_not_whole_is_refused(capsys: Capture) -> None:
    Path("cut.mpk").write_bytes(NO_DRAIN.read_bytes()[:-30])
    assert run(["shrink", "cut.mpk"]) == 3
    assert "it is not whole" in capsys.readouterr().err
