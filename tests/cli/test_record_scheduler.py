"""nandtrace record --scheduler: a class of the user's in place of the NAND scheduler."""

from __future__ import annotations

from pathlib import Path

import pytest

from nandtrace.cli.main import run
from nandtrace.nand.options import Options
from nandtrace.nand.profiles.loading import load_profile
from nandtrace.nand.recording import continue_recording, record
from nandtrace.nand.scheduler import Scheduler
from nandtrace.trace import TraceReader

Capture = pytest.CaptureFixture[str]

SHORT = ["record", "--profile", "tiny", "--runs", "2", "--run-until", "1ms"]

OWN = """\
from helper import said
from nandtrace.nand.scheduler import Scheduler

class Plain(Scheduler):
    pass

class Chatty(Scheduler):
    def begin_run(self, run_until_ns):
        print(said)
        super().begin_run(run_until_ns)

class Quiet(Scheduler):
    def _hook(self, due, place):
        if not self.run_hooks:
            super()._hook(due, place)

class Broken(Scheduler):
    def begin_run(self, run_until_ns):
        raise KeyError("plan")

class Other:
    pass

number = 3
"""


@pytest.fixture(autouse=True)
def _own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.py").write_text(OWN)
    Path("helper.py").write_text("said = 'a run begins'\n")


def _identity(path: str) -> dict[str, object]:
    with TraceReader(path) as reader:
        return reader.header.identity


@pytest.mark.parametrize(
    ("target", "label"), [("own:Plain", "own:Plain"), ("./own.py:Plain", "own.py:Plain")]
)
def test_a_class_that_changes_nothing_changes_only_the_header(
    capsys: Capture, target: str, label: str
) -> None:
    assert run([*SHORT, "-o", "ours.mpk"]) == 0
    assert run([*SHORT, "--scheduler", target, "-o", "own.mpk", "--verify"]) == 0
    assert _identity("own.mpk") == _identity("ours.mpk") | {"scheduler": label}
    with TraceReader("ours.mpk") as ours, TraceReader("own.mpk") as own:
        assert ours.index.events == own.index.events
    capsys.readouterr()
    assert run(["replay", "own.mpk", "--scheduler", target]) == 0
    assert run(["replay", "own.mpk", "--run", "1", "--scheduler", target]) == 0
    assert run(["replay", "ours.mpk", "--scheduler", target]) == 0


def test_what_a_class_does_otherwise_is_recorded_and_replayed(capsys: Capture) -> None:
    assert run([*SHORT, "--scheduler", "own:Quiet", "-o", "a.mpk"]) == 0
    assert run(["replay", "a.mpk", "--scheduler", "own:Quiet"]) == 0
    capsys.readouterr()
    assert run(["replay", "a.mpk", "--scheduler", "own:Plain"]) == 1
    assert "first divergence" in capsys.readouterr().out


def test_what_it_prints_goes_to_stderr(capsys: Capture) -> None:
    assert run([*SHORT, "--scheduler", "own:Chatty", "-o", "a.mpk", "--json"]) == 0
    output = capsys.readouterr()
    assert output.out.startswith("{")
    assert output.err.count("a run begins") == 2


def test_it_may_record_live(capsys: Capture) -> None:
    assert run([*SHORT, "--scheduler", "own:Plain", "-o", "a.mpk"]) == 0
    assert run([*SHORT, "--scheduler", "own:Plain", "-o", "live.mpk", "--live"]) == 0
    assert Path("live.mpk").read_bytes() == Path("a.mpk").read_bytes()


@pytest.mark.parametrize(
    "arguments", [["replay", "a.mpk"], ["record", "--from", "a.mpk", "--run", "0"]]
)
def test_what_only_a_trace_names_is_not_imported(capsys: Capture, arguments: list[str]) -> None:
    assert run([*SHORT, "--scheduler", "own:Plain", "-o", "a.mpk"]) == 0
    Path("own.py").write_text("raise SystemExit('it was imported')")
    capsys.readouterr()
    assert run(arguments) == 2
    assert capsys.readouterr().err == (
        "nandtrace: a.mpk: recorded by the scheduler own:Plain: it takes --scheduler own:Plain\n"
    )


def test_a_recording_is_continued_by_the_class_that_is_named(capsys: Capture) -> None:
    own = ["--scheduler", "own:Plain"]
    assert run([*SHORT, *own, "-o", "a.mpk"]) == 0
    assert run(["record", "--from", "a.mpk", "--run", "0", *own, "-o", "rest.mpk"]) == 0
    assert _identity("rest.mpk") == _identity("a.mpk") | {"first_run": 1}
    assert run(["replay", "rest.mpk", *own]) == 0


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("own", "'own' is no MODULE:CLASS or FILE.py:CLASS"),
        ("not there:Plain", "not there:Plain: 'not there' is no module, and no file ending in .py"),
        ("absent:Plain", "absent:Plain: ModuleNotFoundError: No module named 'absent'"),
        ("absent.py:Plain", "absent.py:Plain: there is no file absent.py"),
        ("own:Absent", "own:Absent: the module has no class 'Absent'"),
        ("own:Other", "own:Other: it is no subclass of nandtrace.nand.scheduler.Scheduler"),
        ("own:number", "own:number: it is no subclass of nandtrace.nand.scheduler.Scheduler"),
        ("own:Broken", "own:Broken: own.py:19: KeyError: 'plan'"),
    ],
)
def test_a_class_that_can_not_be_used(capsys: Capture, target: str, reason: str) -> None:
    assert run([*SHORT, "--scheduler", target, "-o", "a.mpk"]) == 2
    assert capsys.readouterr().err == f"nandtrace: {reason}\n"
    assert not Path("a.mpk").exists()


def test_it_comes_not_before_the_name_of_another_scheduler(capsys: Capture) -> None:
    assert run(["record", "--scheduler", "own:Plain", "graph", "own:build"]) == 2
    assert capsys.readouterr().err == (
        "nandtrace: --scheduler: options of graph come after its name\n"
    )


class _Plain(Scheduler):
    """Does what ours does."""


def test_a_program_names_its_class_by_its_module() -> None:
    profile, options = load_profile("tiny").profile, Options(runs=2, run_for_ns=(1_000_000,))
    record("a.mpk", profile, options, scheduler=_Plain)
    continue_recording("rest.mpk", "a.mpk", 0, scheduler=_Plain)
    assert _identity("a.mpk")["scheduler"] == f"{__name__}:_Plain"
    assert _identity("rest.mpk")["scheduler"] == f"{__name__}:_Plain"
