"""nandtrace record graph, as a user calls it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from nandtrace.cli.main import run
from nandtrace.schema_files import load_schema
from nandtrace.trace import TraceReader

Capture = pytest.CaptureFixture[str]

PAGE = (Path(__file__).parents[2] / "docs" / "graphs.md").read_text()
MILL, PROGRAM, HOOKS = re.findall(r"^```python\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
"""A pump of 6 + seed strokes and a mill that raises at every third one; and a program that feeds the mill."""

SUMMARY = """\
mill.mpk: 52 events, 1 run
  shut down: FINISHED
  simulated time: 6002 µs
  turns: 12
  deliveries: 6
  ticks: 6
  errors: 2
  bytes: {bytes}
  digest: {digest}
  left over: 0
"""
STALLED = """\
from nandtrace.graph import InputPort, Node, OutputPort, Scheduler
class Pump(Node):
    outputs = (OutputPort("strokes"),)
    def on_start(self):
        print("pumping")
        for stroke in range(5):
            self.emit("strokes", stroke)
class Mill(Node):
    inputs = (InputPort("strokes"),)
    def on_start(self):
        raise OSError("no water")
class Lamp(Node):
    def on_start(self):
        raise OSError("no power")
def build():
    scheduler = Scheduler().register(Mill("mill")).register(Pump("pump")).register(Lamp("lamp"))
    scheduler.connect("pump:strokes", "mill:strokes", capacity=3)
    return scheduler
"""


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mill.py").write_text(MILL)


def _digest(name: str) -> str:
    with TraceReader(name) as reader:
        return reader.index.digest().hex()


def _identity(name: str) -> dict[str, Any]:
    with TraceReader(name) as reader:
        return reader.header.identity


def _files() -> list[str]:
    return sorted(path.name for path in Path().iterdir())


def _change(old: str, new: str) -> None:
    assert old in MILL
    Path("mill.py").write_text(MILL.replace(old, new))


def test_the_summary(capsys: Capture) -> None:
    assert run(["record", "graph", "mill:build"]) == 0
    output = capsys.readouterr()
    size_bytes = Path("mill.mpk").stat().st_size
    assert output.out == SUMMARY.format(bytes=size_bytes, digest=_digest("mill.mpk"))
    lines = output.err.splitlines()
    assert lines[:3] == [
        "nandtrace: 2 exceptions in nodes:",
        "  mill: message (pump:strokes->mill:strokes): ValueError: stroke 6 is too hard",
        "  mill: message (pump:strokes->mill:strokes): ValueError: stroke 3 is too hard",
    ]
    assert lines[3].endswith(" deliveries/s")
    assert len(lines) == 4
    assert _files() == ["mill.mpk", "mill.py"]


def test_the_page_shows_what_is_printed(capsys: Capture) -> None:
    shown = re.findall(r"^```console\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)[0]
    ran = 0
    for step in re.split(r"^\$ nandtrace ", shown, flags=re.MULTILINE)[1:]:
        command, _, expected = step.strip().partition("\n")
        assert run(command.split()) == 0
        pattern = re.escape(expected + "\n").replace("…", ".*")
        assert re.fullmatch(pattern, capsys.readouterr().out), command
        ran += 1
    assert ran == 2


def test_what_is_left_over_and_disabled(capsys: Capture) -> None:
    Path("mill.py").write_text(STALLED)
    assert run(["record", "graph", "mill:build"]) == 0
    output = capsys.readouterr()
    assert output.out.splitlines()[-5:] == [
        "  left over: 5",
        "    pump:strokes->mill:strokes: 3 queued, 2 pending",
        "  disabled: 2",
        "    mill: pump:strokes->mill:strokes",
        "    lamp: no inputs",
    ]
    assert output.err.splitlines()[:2] == ["pumping", "nandtrace: 2 exceptions in nodes:"]


def test_json(capsys: Capture) -> None:
    Path("mill.py").write_text(STALLED)
    assert run(["record", "graph", "mill.py:build", "-o", "a.mpk", "--json", "--verify"]) == 0
    output = capsys.readouterr()
    report = json.loads(output.out)
    jsonschema.validate(report, load_schema("record-graph"))
    assert output.err == "pumping\n"
    verdict = report.pop("verdict")
    assert (verdict["verdict"], verdict["path"]) == ("OK", "a.mpk")
    for key in ("seconds", "deliveries_per_s"):
        report.pop(key)
    assert report == {
        "version": 1,
        "trace": "a.mpk",
        "target": "mill.py:build",
        "seed": None,
        "until_ns": None,
        "real_time": False,
        "reason": "FINISHED",
        "runs": 1,
        "events": 22,
        "turns": 0,
        "deliveries": 0,
        "ticks": 0,
        "errors": 2,
        "first_errors": [
            {
                "node": node,
                "call": "START",
                "edge": None,
                "attempt": None,
                "disposition": "DISABLED",
                "time_ns": 0,
                "type": "OSError",
                "text": text,
            }
            for node, text in (("mill", "no water"), ("lamp", "no power"))
        ],
        "left_over": {"pump:strokes->mill:strokes": {"QUEUED": 3, "PENDING": 2}},
        "disabled": {"mill": ["pump:strokes->mill:strokes"], "lamp": []},
        "time_ns": 0,
        "bytes": Path("a.mpk").stat().st_size,
        "digest": _digest("a.mpk"),
    }


def test_json_of_a_message_that_failed(capsys: Capture) -> None:
    assert run(["record", "graph", "mill:build", "--seed", "1", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    jsonschema.validate(report, load_schema("record-graph"))
    assert (report["seed"], report["errors"], report["verdict"]) == (1, 2, None)
    assert report["first_errors"][0] == {
        "node": "mill",
        "call": "MESSAGE",
        "edge": "pump:strokes->mill:strokes",
        "attempt": 1,
        "disposition": "SKIPPED",
        "time_ns": 2_001_000,
        "type": "ValueError",
        "text": "stroke 6 is too hard",
    }


def test_of_many_exceptions_the_first_are_shown(capsys: Capture) -> None:
    assert run(["record", "graph", "mill:build", "--seed", "30"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "nandtrace: 12 exceptions in nodes, the first 5:"
    assert [line.partition("stroke ")[2] for line in lines[1:6]] == [
        f"{stroke} is too hard" for stroke in (36, 33, 30, 27, 24)
    ]
    assert len(lines) == 7


def test_a_recording_can_be_verified_at_once(capsys: Capture) -> None:
    assert run(["record", "graph", "mill:build", "--verify"]) == 0
    assert "\nOK  mill.mpk  " in capsys.readouterr().out


def test_the_identity_has_no_path_of_the_machine() -> None:
    nested = Path("plant/wet")
    nested.mkdir(parents=True)
    (nested / "mill.py").write_text(MILL)
    where = str((nested / "mill.py").resolve())
    arguments = ["--until", "2.5ms", "--seed", "9"]
    assert run(["record", "graph", f"{where}:build", *arguments, "-o", "a.mpk"]) == 0
    assert run(["record", "graph", "plant/wet/mill.py:build", *arguments, "-o", "b.mpk"]) == 0
    assert Path("a.mpk").read_bytes() == Path("b.mpk").read_bytes()
    assert _identity("a.mpk") == {
        "generator": "nandtrace.graph",
        "version": 1,
        "target": "mill.py:build",
        "seed": 9,
        "until_ns": 2_500_000,
    }
    assert run(["record", "graph", "plant.wet.mill:build", "-o", "c.mpk"]) == 0
    assert _identity("c.mpk")["target"] == "plant.wet.mill:build"
    assert (_identity("c.mpk")["seed"], _identity("c.mpk")["until_ns"]) == (0, None)
    assert str(Path.cwd()).encode() not in Path("a.mpk").read_bytes()


def test_the_same_graph_gives_the_same_bytes_in_any_process() -> None:
    for name, hash_seed in (("a.mpk", "1"), ("b.mpk", "2")):
        subprocess.run(
            [sys.executable, "-c", "from nandtrace.cli.main import main; main()",
             "record", "graph", "mill:build", "-o", name],
            check=True, capture_output=True, env={"PYTHONHASHSEED": hash_seed, "PATH": ""},
        )  # fmt: skip
    assert Path("a.mpk").read_bytes() == Path("b.mpk").read_bytes()
    assert run(["record", "graph", "mill:build", "-o", "c.mpk"]) == 0
    assert Path("a.mpk").read_bytes() == Path("c.mpk").read_bytes()
    assert run(["record", "graph", "mill:build", "--seed", "1", "-o", "d.mpk"]) == 0
    assert _digest("a.mpk") != _digest("d.mpk")


def test_neither_compression_nor_provenance_changes_the_digest() -> None:
    assert run(["record", "graph", "mill:build", "-o", "a.mpk"]) == 0
    options = ["--compress", "--provenance"]
    assert run(["record", "graph", "mill:build", "-o", "b.mpk", *options]) == 0
    assert Path("a.mpk").read_bytes() != Path("b.mpk").read_bytes()
    assert _digest("a.mpk") == _digest("b.mpk")
    with TraceReader("b.mpk") as reader:
        list(reader.walk())
        assert {"time", "host", "version"} <= set(reader.provenance)


def test_until_shuts_the_graph_down(capsys: Capture) -> None:
    assert run(["record", "graph", "mill:build", "--until", "2500"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:6] == [
        "  shut down: UNTIL",
        "  simulated time: 2500 µs",
        "  turns: 4",
        "  deliveries: 2",
        "  ticks: 2",
    ]


def test_checkpoints(capsys: Capture) -> None:
    options = ["--seed", "94", "--checkpoint", "100", "--verify"]
    assert run(["record", "graph", "mill:build", *options]) == 0
    output = capsys.readouterr().out
    assert output.startswith("mill.mpk: 753 events, 7 runs\n")
    assert "\nOK  mill.mpk  753 events in 7 runs" in output


def test_the_clock_of_the_function_is_kept(capsys: Capture) -> None:
    _change("Scheduler()\n", "Scheduler(clock=VirtualClock(turn_ns=10_000))\n")
    Path("mill.py").write_text(
        Path("mill.py").read_text().replace("import InputPort", "import VirtualClock, InputPort")
    )
    assert run(["record", "graph", "mill:build"]) == 0
    assert "  simulated time: 6020 µs\n" in capsys.readouterr().out
    assert run(["record", "graph", "mill:build", "--real-time", "-o", "a.mpk"]) == 2
    assert capsys.readouterr().err == (
        "nandtrace: mill:build: --real-time, but its scheduler was given a virtual clock\n"
    )
    assert _files() == ["mill.mpk", "mill.py"]


def test_real_time(capsys: Capture) -> None:
    _change("desired_tick_interval_ms = 1\n", "desired_tick_interval_ms = 0.1\n")
    assert run(["record", "graph", "mill:build", "--real-time", "--verify"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "  shut down: FINISHED"
    assert lines[2].startswith("  real time: ")
    assert "  deliveries: 6" in lines


def test_a_graph_with_a_real_clock_of_its_own(capsys: Capture) -> None:
    _change("Scheduler()\n", "Scheduler(clock=RealClock())\n")
    Path("mill.py").write_text(
        Path("mill.py").read_text().replace("import InputPort", "import RealClock, InputPort")
    )
    for options in ([], ["--real-time"]):
        assert run(["record", "graph", "mill:build", "--json", *options]) == 0
        assert json.loads(capsys.readouterr().out)["real_time"] is True


INTERRUPTED = """\
import signal
from nandtrace.graph import Node, Scheduler
class Clockwork(Node):
    desired_tick_interval_ms = 0.1
    ticked = 0
    def on_tick(self):
        self.ticked += 1
        if self.ticked % 3 == 0:
            signal.raise_signal(signal.SIGINT)
def build():
    return Scheduler().register(Clockwork("clockwork"))
"""


def test_an_interrupt_ends_a_recording_by_the_real_clock(capsys: Capture) -> None:
    Path("mill.py").write_text(INTERRUPTED)
    assert run(["record", "graph", "mill:build", "--real-time"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert (lines[1], lines[5]) == ("  shut down: REQUESTED", "  ticks: 3")


def test_an_interrupt_leaves_nothing_of_one_by_the_virtual_clock(capsys: Capture) -> None:
    Path("mill.py").write_text(INTERRUPTED)
    assert run(["record", "graph", "mill:build"]) == 130
    assert capsys.readouterr().err.strip() == "nandtrace: interrupted"
    assert _files() == ["mill.py"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "Missing argument 'MODULE:FUNCTION'"),
        (["mill"], "'mill' is no MODULE:FUNCTION or FILE.py:FUNCTION"),
        (["nowhere:build"], "nowhere:build: ModuleNotFoundError: No module named 'nowhere'"),
        (["nowhere.py:build"], "nowhere.py:build: there is no file nowhere.py"),
        (["mill:run"], "mill:run: the module has no function 'run'"),
        (["mill:Mill"], "mill:Mill: only 'seed' is given, and it needs 'name' too"),
        (["mill:build", "--seed", "-1"], "-1 is not in the range"),
        (["mill:build", "--until", "0"], "'0' is not between 1 ns and 36 years"),
        (["mill:build", "--until", "soon"], "'soon' is no duration"),
        (["mill:build", "--checkpoint", "0"], "0 is not in the range"),
        (["mill:build", "-o", "mill.py"], "mill.py: the new trace would replace the graph's module"),
        (["mill:build", "--runs", "2"], "No such option"),
    ],
)  # fmt: skip
def test_usage_errors_write_nothing(capsys: Capture, arguments: list[str], reason: str) -> None:
    assert run(["record", "graph", *arguments]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert reason in output.err
    assert _files() == ["mill.py"]
    assert Path("mill.py").read_text() == MILL


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("scheduler = Scheduler()", "raise OSError('dry')", "mill.py:28: OSError: dry"),
        ("return scheduler", "return [scheduler]", "it returned no Scheduler but a value of type list"),
        ("capacity=4", "capacity=0", "mill.py:30: "),
        ('"mill:strokes"', '"mill:stones"', "mill.py:30: "),
        ("    scheduler.connect(", "    str(", "mill.py:30: TypeError: "),
        (
            '    scheduler.connect("pump:strokes", "mill:strokes", capacity=4, policy="block")\n',
            "",
            "node mill: no edge leads to its input 'strokes', which needs one",
        ),
        ("    return scheduler", "    scheduler.run()\n    return scheduler", "the graph runs already"),
        ("(seed: int = 0)", "()", "a seed is given, and the function has no parameter 'seed'"),
        ("class Pump", "class Pump(:", "mill.py:4: SyntaxError: invalid syntax"),
        ("class Pump", "raise SystemExit(3)\nclass Pump", "mill.py:4: it ends the program: exit code 3"),
    ],
)  # fmt: skip
def test_graphs_that_cannot_be_recorded(capsys: Capture, old: str, new: str, reason: str) -> None:
    _change(old, new)
    assert run(["record", "graph", "mill:build", "--seed", "1"]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("nandtrace: mill:build: ")
    assert reason in output.err
    assert output.err.count("\n") == 1
    assert _files() == ["mill.py"]


def test_a_node_that_ends_the_program(capsys: Capture) -> None:
    _change("            raise ValueError(", "            raise SystemExit(")
    assert run(["record", "graph", "mill:build"]) == 2
    assert "mill:build: a node ended the program: SystemExit(" in capsys.readouterr().err


def test_an_output_that_cannot_be_written(capsys: Capture) -> None:
    assert run(["record", "graph", "mill:build", "-o", "missing/a.mpk"]) == 3
    assert "missing/a.mpk.partial: cannot write" in capsys.readouterr().err


def test_options_of_the_nand_scheduler_do_not_go_with_it(capsys: Capture) -> None:
    assert run(["record", "--seed", "1", "-o", "a.mpk", "graph", "mill:build"]) == 2
    assert capsys.readouterr().err == (
        "nandtrace: --seed, --output: options of graph come after its name\n"
    )
    assert run(["record", "no-such-scheduler"]) == 2
    assert "No such command 'no-such-scheduler'" in capsys.readouterr().err
    assert _files() == ["mill.py"]


def test_help_shows_both_uses_and_loads_no_scheduler(capsys: Capture) -> None:
    assert run(["record", "--help"]) == 0
    output = capsys.readouterr().out
    assert output.startswith(
        "Usage: nandtrace record [OPTIONS] | (graph | workorder) [OPTIONS] SOURCE\n"
    )
    assert "--profile" in output
    assert "  graph      Run a graph and record what its scheduler does.\n" in output
    assert run(["record", "graph", "--help"]) == 0
    assert capsys.readouterr().out.startswith(
        "Usage: nandtrace record graph [OPTIONS] MODULE:FUNCTION\n"
    )
    watch = (
        "import sys; from nandtrace.cli.main import run\n"
        "run(['record', '--help']); run(['record', 'graph', '--help']); print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", watch], check=True, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": ""},
    )  # fmt: skip
    loaded = set(done.stdout.splitlines()[-1].split())
    heavy = {"numpy", "polars", "nandtrace.graph", "nandtrace.nand.job", "nandtrace.trace"}
    assert not loaded & heavy


def test_a_terminal_sees_that_it_works(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert run(["record", "graph", "mill:build"]) == 0
    assert capsys.readouterr().out.startswith("mill.mpk: ")


def test_the_hooks_example(tmp_path: Path) -> None:
    (tmp_path / "mill.py").write_text(MILL)
    ending = "from mill import build\nscheduler = build()\nscheduler.log = Deliveries()\n"
    ending += "scheduler.run()\nprint(dict(scheduler.log.by_edge))\n"
    (tmp_path / "hooks.py").write_text(HOOKS + ending)
    done = subprocess.run(
        [sys.executable, "hooks.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("{'pump:strokes->mill:strokes': 6}\n", "")


def test_the_asyncio_example(tmp_path: Path) -> None:
    (tmp_path / "mill.py").write_text(MILL)
    (tmp_path / "program.py").write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, "program.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("3\n", "")
