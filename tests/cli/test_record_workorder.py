"""nandtrace record workorder, and goldens of scenarios, as a user calls them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from nandtrace.cli.main import run
from nandtrace.schema_files import load_schema
from nandtrace.trace import TraceReader

Capture = pytest.CaptureFixture[str]

SCENARIO = """\
[scheduler]
slots = 1
stagger_s = 0
max_depth = 3

[[orders]]
id = "mend"
count = 2
max_retries = 1
takes_s = 1.5
outcomes = ["raise", "complete"]

[[orders]]
id = "paint"
at_s = 1
count = 3
takes_s = 10

[[steps]]
at_s = 3.5
do = "stop"
"""
SUMMARY = """\
repair.mpk: 30 events, 1 run
  simulated time: 4500000 µs
  bytes: {bytes}
  digest: {digest}
  orders: 3
    refused: 2
    claimed: 3
    retried: 1
    completed: 1
    failed: 0
    cancelled: 0
  left over: 2
    PENDING: 1
    WAITING_RETRY: 1
"""


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CI", raising=False)  # accept writes nothing there
    Path("repair.toml").write_text(SCENARIO)


def _files() -> list[str]:
    return sorted(path.relative_to(".").as_posix() for path in Path().rglob("*") if path.is_file())


def _digest(path: str) -> str:
    with TraceReader(path) as reader:
        return reader.index.digest().hex()


def _change(old: str, new: str) -> None:
    assert old in SCENARIO
    Path("repair.toml").write_text(SCENARIO.replace(old, new, 1))


def test_what_is_printed(capsys: Capture) -> None:
    assert run(["record", "workorder", "repair.toml"]) == 0
    output = capsys.readouterr()
    size = Path("repair.mpk").stat().st_size
    assert output.out == SUMMARY.format(bytes=size, digest=_digest("repair.mpk"))
    assert output.err.startswith("nandtrace: ")
    assert output.err.endswith(" orders/s\n")
    assert _files() == ["repair.mpk", "repair.toml"]


def test_json(capsys: Capture) -> None:
    assert run(["record", "workorder", "repair.toml", "-o", "a.mpk", "--json", "--verify"]) == 0
    output = capsys.readouterr()
    assert output.err == ""
    report = json.loads(output.out)
    jsonschema.validate(report, load_schema("record-workorder"))
    verdict = report.pop("verdict")
    assert (verdict["verdict"], verdict["path"]) == ("OK", "a.mpk")
    for key in ("seconds", "orders_per_s"):
        assert report.pop(key) > 0
    assert report == {
        "version": 1,
        "trace": "a.mpk",
        "scenario": "repair",
        "seed": 0,
        "runs": 1,
        "events": 30,
        "enqueued": 3,
        "refused": 2,
        "claimed": 3,
        "retried": 1,
        "completed": 1,
        "failed": 0,
        "cancelled": 0,
        "left_over": {"PENDING": 1, "WAITING_RETRY": 1},
        "time_ns": 4_500_000_000,
        "bytes": Path("a.mpk").stat().st_size,
        "digest": _digest("a.mpk"),
    }


def test_without_verify_there_is_no_verdict(capsys: Capture) -> None:
    _change("[scheduler]", "until_s = 60\n[scheduler]")
    assert run(["record", "workorder", "repair.toml", "--seed", "4", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    jsonschema.validate(report, load_schema("record-workorder"))
    assert (report["verdict"], report["seed"]) == (None, 4)


def test_a_recording_can_be_verified_at_once(capsys: Capture) -> None:
    assert run(["record", "workorder", "repair.toml", "--verify"]) == 0
    assert "\nOK  repair.mpk  " in capsys.readouterr().out


def test_the_same_scenario_gives_the_same_bytes_in_any_process() -> None:
    _change('do = "stop"', 'do = "crash"\nknown = {mend-1 = "FAILED", paint-0 = "COMPLETED"}')
    for name, hash_seed in (("a.mpk", "1"), ("b.mpk", "2")):
        subprocess.run(
            [sys.executable, "-c", "from nandtrace.cli.main import main; main()",
             "record", "workorder", "repair.toml", "--checkpoint", "9", "-o", name],
            check=True, capture_output=True, env={"PYTHONHASHSEED": hash_seed, "PATH": ""},
        )  # fmt: skip
    assert Path("a.mpk").read_bytes() == Path("b.mpk").read_bytes()
    options = ["record", "workorder", "repair.toml", "--checkpoint", "9"]
    assert run([*options, "-o", "c.mpk"]) == 0
    assert Path("a.mpk").read_bytes() == Path("c.mpk").read_bytes()
    assert run([*options, "--seed", "1", "-o", "d.mpk"]) == 0
    assert _digest("a.mpk") != _digest("d.mpk")


def test_the_trace_knows_no_path_of_the_machine() -> None:
    nested = Path("plant/repair.toml")
    nested.parent.mkdir()
    nested.write_text(SCENARIO)
    assert run(["record", "workorder", str(nested.resolve()), "-o", "a.mpk"]) == 0
    assert run(["record", "workorder", "repair.toml", "-o", "b.mpk"]) == 0
    assert Path("a.mpk").read_bytes() == Path("b.mpk").read_bytes()


def test_neither_compression_nor_provenance_changes_the_digest() -> None:
    assert run(["record", "workorder", "repair.toml", "-o", "a.mpk"]) == 0
    options = ["--compress", "--provenance"]
    assert run(["record", "workorder", "repair.toml", "-o", "b.mpk", *options]) == 0
    assert Path("a.mpk").read_bytes() != Path("b.mpk").read_bytes()
    assert _digest("a.mpk") == _digest("b.mpk")
    with TraceReader("b.mpk") as reader:
        list(reader.walk())
        assert {"time", "host", "version"} <= set(reader.provenance)


def test_checkpoints(capsys: Capture) -> None:
    options = ["--checkpoint", "10", "--verify"]
    assert run(["record", "workorder", "repair.toml", *options]) == 0
    output = capsys.readouterr().out
    assert output.startswith("repair.mpk: 34 events, 3 runs\n")
    assert "\nOK  repair.mpk  34 events in 3 runs" in output


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "Missing argument 'SCENARIO.toml'"),
        (["missing.toml"], "missing.toml: cannot read: No such file or directory"),
        (["."], "cannot read: Is a directory"),
        (["repair.toml", "--seed", "-1"], "-1 is not in the range"),
        (["repair.toml", "--checkpoint", "0"], "0 is not in the range"),
        (["repair.toml", "-o", "repair.toml"], "the new trace would replace the scenario"),
        (["repair.toml", "--until", "2"], "No such option"),
    ],
)
def test_usage_errors_write_nothing(capsys: Capture, arguments: list[str], reason: str) -> None:
    assert run(["record", "workorder", *arguments]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert reason in output.err
    assert _files() == ["repair.toml"]


def test_a_wrong_scenario(capsys: Capture) -> None:
    _change("slots = 1", "slot = 1")
    assert run(["record", "workorder", "repair.toml"]) == 2
    assert capsys.readouterr().err == (
        "nandtrace: repair.toml: scheduler.slot: there is no such key\n"
    )
    assert _files() == ["repair.toml"]


def test_an_output_that_cannot_be_written(capsys: Capture) -> None:
    assert run(["record", "workorder", "repair.toml", "-o", "missing/a.mpk"]) == 3
    assert "missing/a.mpk.partial: cannot write" in capsys.readouterr().err


def test_options_of_the_nand_scheduler_do_not_go_with_it(capsys: Capture) -> None:
    assert run(["record", "--seed", "1", "workorder", "repair.toml"]) == 2
    assert (
        capsys.readouterr().err == "nandtrace: --seed: options of workorder come after its name\n"
    )


def test_help_loads_no_scheduler(capsys: Capture) -> None:
    assert run(["record", "--help"]) == 0
    output = capsys.readouterr().out
    assert "  workorder  Run a scenario of work orders and record it.\n" in output
    watch = (
        "import sys; from nandtrace.cli.main import run\n"
        "run(['record', 'workorder', '--help']); print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", watch], check=True, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": ""},
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert lines[0] == "Usage: nandtrace record workorder [OPTIONS] SCENARIO.toml"
    heavy = {"numpy", "psutil", "nandtrace.workorder", "nandtrace.graph", "nandtrace.trace"}
    assert not heavy & set(lines[-1].split())


def test_a_terminal_sees_that_it_works(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert run(["record", "workorder", "repair.toml"]) == 0
    assert capsys.readouterr().out.startswith("repair.mpk: ")


# ---- goldens


MANIFEST = """version: 1
goldens:
  - name: orders/repair
    workorder: scenarios/repair.toml
    seed: 2
    checkpoint: 10
    verdict: OK
    about: Things are mended, and a stop comes.
  - name: orders/plain
    workorder: scenarios/repair.toml
    verdict: OK
    about: The same as it stands.
"""
SOURCES = ["manifest.yaml", "scenarios/repair.toml"]
GOLDENS = ["orders/plain.mpk", "orders/plain.txt", "orders/repair.mpk", "orders/repair.txt"]


@pytest.fixture
def golden() -> Path:
    """A folder with a manifest of two goldens, and their scenario."""
    folder = Path("golden")
    (folder / "scenarios").mkdir(parents=True)
    Path("repair.toml").rename(folder / "scenarios/repair.toml")
    (folder / "manifest.yaml").write_text(MANIFEST)
    return folder


def _golden_files() -> list[str]:
    return [name.removeprefix("golden/") for name in _files() if name.startswith("golden/")]


def test_goldens_are_accepted_checked_and_what_record_writes(golden: Path, capsys: Capture) -> None:
    assert run(["golden", "accept", "--all"]) == 0
    assert _golden_files() == sorted(GOLDENS + SOURCES)
    assert run(["golden", "check"]) == 0
    scenario = str(golden / "scenarios/repair.toml")
    options = ["--seed", "2", "--checkpoint", "10", "-o", "a.mpk"]
    assert run(["record", "workorder", scenario, *options]) == 0
    assert Path("a.mpk").read_bytes() == (golden / "orders/repair.mpk").read_bytes()


def test_the_companion_says_how_it_was_recorded(golden: Path) -> None:
    assert run(["golden", "accept", "--all"]) == 0
    lines = (golden / "orders/repair.txt").read_text().splitlines()
    assert lines[:5] == [
        "golden: orders/repair",
        "about: Things are mended, and a stop comes.",
        "workorder: scenarios/repair.toml",
        "options: --seed 2 --checkpoint 10",
        "verdict: OK",
    ]
    assert "  CLAIM: 3" in lines
    plain = (golden / "orders/plain.txt").read_text().splitlines()
    assert plain[3] == "options: none"


def test_a_scenario_that_changed_is_shown_and_accepted(golden: Path, capsys: Capture) -> None:
    assert run(["golden", "accept", "--all"]) == 0
    old = _digest("golden/orders/plain.mpk")
    (golden / "scenarios/repair.toml").write_text(SCENARIO.replace("3.5", "4.25"))
    assert run(["golden", "check", "orders/plain"]) == 1
    assert "orders/plain.mpk.new" in _golden_files()
    capsys.readouterr()
    assert run(["golden", "diff", "orders/plain"]) == 1
    assert "golden/orders/plain.mpk.new" in capsys.readouterr().out
    assert run(["golden", "accept", "orders/plain"]) == 0
    assert _digest("golden/orders/plain.mpk") != old


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("repair.toml\n    seed", "repair.yaml\n    seed", "goldens[0].workorder: 'scenarios/repair.ya"),
        ("seed: 2", "seed: -2", "goldens[0].seed: -2 is less than 0"),
        ("seed: 2", "until: 2s", "goldens[0].until: there is no such key"),
        ("checkpoint: 10", "checkpoint: 0", "goldens[0].checkpoint: 0 is less than 1"),
        ("    about: The same as it stands.\n", "", "goldens[1].about: is missing"),
    ],
)  # fmt: skip
def test_a_wrong_manifest(golden: Path, capsys: Capture, old: str, new: str, reason: str) -> None:
    assert old in MANIFEST
    (golden / "manifest.yaml").write_text(MANIFEST.replace(old, new, 1))
    assert run(["golden", "check"]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"nandtrace: golden/manifest.yaml: {reason}")
    assert error.count("\n") == 1


def test_a_wrong_scenario_names_its_golden(golden: Path, capsys: Capture) -> None:
    (golden / "scenarios/repair.toml").write_text("seed = true")
    assert run(["golden", "check", "orders/plain"]) == 2
    assert capsys.readouterr().err == (
        "nandtrace: golden orders/plain: golden/scenarios/repair.toml: "
        "seed: True is not of type integer\n"
    )
