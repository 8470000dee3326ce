"""nandtrace golden, as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from nandtrace.cli.main import run
from nandtrace.schema_files import load_schema
from nandtrace.trace import TraceReader

Capture = pytest.CaptureFixture[str]

MANIFEST = """\
version: 1
goldens:
  - name: first
    profile: default
    seed: 1
    runs: 2
    run_until: 15ms
    verdict: OK
    about: Two short runs.
  - name: deep/second
    profile: own.yaml
    run_until: [12ms, 0.2s]
    max_hooks: 40
    drain: true
    apply_policy: per_op
    bad_blocks: ["0:5"]
    verdict: OK
    about: A profile of its own, and two durations.
"""
OWN_PROFILE = "extends: default\n"
CUT_ERASE = """\
extends: tiny
bootstrap: {enabled: false}
policies: {proposals: script}
script:
  - {at_us: 0, op_name: Block_Erase_SLC, block: 0}
  - {at_us: 999.9, op_name: Nop}
"""
LOST_END = """\
version: 1
goldens:
  - name: violations/no-drain
    profile: own.yaml
    runs: 1
    run_until: 1ms
    drain: false
    verdict: {violated: [some-invariant]}
    about: What is reserved when the run stops is lost.
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CI", raising=False)
    _write("golden/manifest.yaml", MANIFEST)
    _write("golden/own.yaml", OWN_PROFILE)


@pytest.fixture
def accepted(capsys: Capture) -> None:
    """Both goldens are there."""
    assert run(["golden", "accept", "--all"]) == 0
    capsys.readouterr()


def _write(name: str, text: str) -> None:
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text(text)


def _change_seed() -> None:
    _write("golden/manifest.yaml", MANIFEST.replace("seed: 1", "seed: 2"))


def _files() -> list[str]:
    return sorted(
        path.relative_to("golden").as_posix()
        for path in Path("golden").rglob("*")
        if path.is_file()
    )


def _digest(name: str) -> str:
    with TraceReader(name) as reader:
        return reader.index.digest().hex()


SOURCES = ["manifest.yaml", "own.yaml"]
GOLDENS = ["deep/second.mpk", "deep/second.txt", "first.mpk", "first.txt"]


def test_accept_records_what_is_not_there_and_check_agrees(capsys: Capture) -> None:
    assert run(["golden", "accept", "--all"]) == 0
    assert capsys.readouterr().out == (
        "✓ first\n✓ deep/second\ngolden accept: 2 goldens, 0 problems\n"
    )
    assert _files() == GOLDENS + SOURCES
    assert run(["golden", "check"]) == 0
    assert capsys.readouterr().out.endswith("golden check: 2 goldens, 0 problems\n")
    assert _files() == GOLDENS + SOURCES


@pytest.mark.usefixtures("accepted")
def test_a_golden_is_what_record_writes() -> None:
    options = ["--seed", "1", "--runs", "2", "--run-until", "15ms"]
    assert run(["record", *options, "-o", "a.mpk"]) == 0
    assert Path("a.mpk").read_bytes() == Path("golden/first.mpk").read_bytes()


@pytest.mark.usefixtures("accepted")
def test_the_companion(capsys: Capture) -> None:
    with TraceReader("golden/deep/second.mpk") as reader:
        index = reader.index
    lines = Path("golden/deep/second.txt").read_text().splitlines()
    assert lines[:7] == [
        "golden: deep/second",
        "about: A profile of its own, and two durations.",
        "profile: own.yaml",
        "options: --seed 0 --runs 2 --run-until 12000us --run-until 200000us --max-hooks 40 --drain "
        "--apply-policy per_op --bad-blocks 0:5",
        "verdict: OK",
        f"digest: {index.digest().hex()}",
        "runs: 2",
    ]
    assert f"  COMMIT: {index.counts()['COMMIT']}" in lines
    ops = next(place for place, line in enumerate(lines) if line.startswith("ops: "))
    assert sum(int(line.split()[1]) for line in lines[ops + 1 :]) == int(lines[ops].split()[1])


@pytest.mark.usefixtures("accepted")
def test_a_change_is_put_beside_the_golden_shown_and_accepted(capsys: Capture) -> None:
    old = _digest("golden/first.mpk")
    _change_seed()
    assert run(["golden", "check"]) == 1
    lines = capsys.readouterr().out.splitlines()
    new = _digest("golden/first.mpk.new")
    assert lines[:2] == [
        "✗ first",
        f"    recorded anew it differs: digest {old[:16]} -> {new[:16]}",
    ]
    assert "    what was recorded now waits in first.mpk.new" in lines
    assert lines[-2:] == ["✓ deep/second", "golden check: 2 goldens, 1 problem"]
    assert _digest("golden/first.mpk") == old

    assert run(["golden", "status"]) == 1
    assert "first.mpk.new waits to be accepted or rejected" in capsys.readouterr().out
    assert run(["golden", "diff", "first"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["A golden/first.mpk", "B golden/first.mpk.new"]
    assert "  identity.options.seed: 1 -> 2" in lines

    assert run(["golden", "accept", "first"]) == 0
    assert _digest("golden/first.mpk") == new
    assert _files() == GOLDENS + SOURCES
    assert run(["golden", "check"]) == 0
    assert run(["golden", "status"]) == 0


@pytest.mark.usefixtures("accepted")
def test_a_change_is_rejected(capsys: Capture) -> None:
    old = _digest("golden/first.mpk")
    _change_seed()
    assert run(["golden", "check", "first"]) == 1
    assert run(["golden", "reject", "first"]) == 0
    assert _files() == GOLDENS + SOURCES
    assert _digest("golden/first.mpk") == old
    capsys.readouterr()
    assert run(["golden", "reject", "first"]) == 2
    assert capsys.readouterr().err == "nandtrace: golden first: nothing waits to be rejected\n"
    assert run(["golden", "reject", "--all"]) == 0


@pytest.mark.usefixtures("accepted")
def test_what_waits_is_gone_once_the_recording_agrees_again() -> None:
    _change_seed()
    assert run(["golden", "check"]) == 1
    _write("golden/manifest.yaml", MANIFEST)
    assert run(["golden", "check"]) == 0
    assert _files() == GOLDENS + SOURCES


@pytest.mark.usefixtures("accepted")
def test_a_golden_without_a_new_one_is_recorded_for_a_diff(capsys: Capture) -> None:
    assert run(["golden", "diff", "first"]) == 0
    assert capsys.readouterr().out.splitlines()[1] == "B recorded now"
    _change_seed()
    assert run(["golden", "diff", "first", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    jsonschema.validate(report, load_schema("diff"))
    assert report["b"]["path"] == "recorded now"
    assert _files() == GOLDENS + SOURCES


@pytest.mark.usefixtures("accepted")
def test_nothing_is_written_in_continuous_integration(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("CI", "true")
    _change_seed()
    assert run(["golden", "check"]) == 1
    assert "waits" not in capsys.readouterr().out
    assert _files() == GOLDENS + SOURCES
    for arguments in (["accept", "--all"], ["accept", "first"], ["reject", "--all"]):
        assert run(["golden", *arguments]) == 2
        assert "nothing is written" in capsys.readouterr().err
    assert _files() == GOLDENS + SOURCES


@pytest.mark.usefixtures("accepted")
def test_a_missing_golden_fails(capsys: Capture) -> None:
    Path("golden/first.mpk").unlink()
    assert run(["golden", "status"]) == 1
    assert "✗ first\n    it is missing\n" in capsys.readouterr().out
    assert run(["golden", "check"]) == 1
    assert "✗ first\n    it is missing\n" in capsys.readouterr().out
    assert "first.mpk.new" in _files()


@pytest.mark.usefixtures("accepted")
@pytest.mark.parametrize("name", ["stray.mpk", "deep/stray.txt", "gone.mpk.new"])
def test_a_file_of_no_golden_fails(capsys: Capture, name: str) -> None:
    _write(f"golden/{name}", "stray")
    for verb in ("check", "status"):
        assert run(["golden", verb]) == 1
        assert f"✗ {name}\n    it belongs to no golden of the manifest\n" in capsys.readouterr().out
    assert run(["golden", "check", "first"]) == 0


@pytest.mark.usefixtures("accepted")
def test_a_companion_that_says_something_else_fails(capsys: Capture) -> None:
    companion = Path("golden/first.txt")
    right = companion.read_text()
    for wrong in (right.replace("runs: 2", "runs: 3"), None):
        if wrong is None:
            companion.unlink()
        else:
            companion.write_text(wrong)
        assert run(["golden", "check"]) == 1
        assert "first.txt is missing or does not describe it" in capsys.readouterr().out
    assert run(["golden", "accept", "first"]) == 0
    assert companion.read_text() == right


@pytest.mark.usefixtures("accepted")
def test_another_sentence_in_the_manifest_is_for_the_companion_too() -> None:
    _write("golden/manifest.yaml", MANIFEST.replace("Two short runs.", "Two runs."))
    assert run(["golden", "check"]) == 1
    assert run(["golden", "accept", "first"]) == 0
    assert run(["golden", "check"]) == 0


@pytest.mark.usefixtures("accepted")
def test_a_damaged_golden_fails(capsys: Capture) -> None:
    path = Path("golden/first.mpk")
    raw = bytearray(path.read_bytes())
    with TraceReader(path) as reader:
        raw[reader.index.chunks[0].offset + 200] ^= 1
    path.write_bytes(raw)
    assert run(["golden", "check"]) == 1
    assert "its verdict is UNKNOWN, not OK" in capsys.readouterr().out
    path.write_bytes(raw[:-1])
    assert run(["golden", "check"]) == 1
    assert "it is no complete trace" in capsys.readouterr().out
    assert run(["golden", "accept", "first"]) == 0
    assert run(["golden", "check"]) == 0


def test_a_trace_of_another_verdict_is_not_accepted(capsys: Capture) -> None:
    _write("golden/manifest.yaml", LOST_END)
    _write("golden/own.yaml", CUT_ERASE)
    assert run(["golden", "accept", "violations/no-drain", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    jsonschema.validate(report, load_schema("golden"))
    (state,) = report["goldens"]
    verdict, found = state["verdict"].split(" ", 1)
    assert verdict == "VIOLATED"
    assert "one-op-end-per-segment" in found.split(", ")
    assert state["problems"] == [
        f"not accepted: its verdict is VIOLATED {found}, not VIOLATED some-invariant"
    ]
    assert _files() == SOURCES

    _write("golden/manifest.yaml", LOST_END.replace("some-invariant", found))
    assert run(["golden", "accept", "violations/no-drain"]) == 0
    assert run(["golden", "check"]) == 0
    assert _files() == [*SOURCES, "violations/no-drain.mpk", "violations/no-drain.txt"]
    right = Path("golden/violations/no-drain.txt").read_text()
    assert f"verdict: VIOLATED {found}\n" in right

    _write("golden/manifest.yaml", LOST_END.replace("{violated: [some-invariant]}", "OK"))
    capsys.readouterr()
    assert run(["golden", "check"]) == 1
    assert f"its verdict is VIOLATED {found}, not OK" in capsys.readouterr().out


@pytest.mark.usefixtures("accepted")
def test_json(capsys: Capture) -> None:
    _change_seed()
    for verb, code in (("check", 1), ("status", 1), ("reject", 0)):
        arguments = ["--all"] if verb == "reject" else []
        assert run(["golden", verb, *arguments, "--json"]) == code
        report = json.loads(capsys.readouterr().out)
        jsonschema.validate(report, load_schema("golden"))
        assert (report["command"], report["unreferenced"]) == (verb, [])
        assert report["goldens"][0]["name"] == "first"
        assert report["goldens"][0]["digest"] == _digest("golden/first.mpk")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["check", "third"], "golden/manifest.yaml: there is no golden 'third'"),
        (["accept"], "golden accept: name goldens, or give --all"),
        (["reject", "first", "--all"], "golden reject: name goldens, or give --all"),
        (["check", "--dir", "elsewhere"], "elsewhere/manifest.yaml: cannot read: No such file"),
    ],
)
def test_usage(capsys: Capture, arguments: list[str], reason: str) -> None:
    assert run(["golden", *arguments]) == 2
    assert capsys.readouterr().err.startswith(f"nandtrace: {reason}")
    assert _files() == SOURCES


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("version: 1", "version: 2", "version: 1 was expected"),
        ("    seed: 1\n", "    seed: -1\n", "goldens[0].seed: -1 is less than 0"),
        ("    seed: 1\n", "    seed: 1.0\n", "goldens[0].seed: 1.0 is not of type integer"),
        ("    seed: 1\n", "    sed: 1\n", "goldens[0].sed: there is no such key"),
        ("    about: Two short runs.\n", "", "goldens[0].about: is missing"),
        ("name: first", "name: ../first", "goldens[0].name: '../first' does not"),
        ("name: first", "name: deep/second", "deep/second is there 2 times"),
        ("15ms", "300 parsecs", "first: '300 parsecs' is no duration"),
        ("15ms", "1.003", "first: '1.003' is not a multiple of 10 ns"),
        ("verdict: OK", "verdict: GOOD", "goldens[0].verdict: 'GOOD'"),
        ("per_op", "never", "goldens[1].apply_policy: 'never'"),
        ('"0:5"', '"5"', "goldens[1].bad_blocks[0]: '5' does not"),
        ("version: 1\n", "version: 1\nversion: 1\n", "version is there twice"),
        ("version: 1\n", "version: [\n", "not YAML"),
        ("runs: 2", "runs: 0", "goldens[0].runs: 0 is less than 1"),
        ("max_hooks: 40", "runs: 1", "deep/second: 2 durations for 1 runs"),
    ],
)
def test_a_wrong_manifest(capsys: Capture, old: str, new: str, reason: str) -> None:
    _write("golden/manifest.yaml", MANIFEST.replace(old, new, 1))
    assert run(["golden", "check"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("nandtrace: golden/manifest.yaml: ")
    assert reason in error
    assert error.count("\n") == 1
    assert _files() == SOURCES


def test_a_wrong_profile_names_its_golden(capsys: Capture) -> None:
    _write("golden/own.yaml", "extends: default\nno_such_key: 1\n")
    assert run(["golden", "check", "deep/second"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("nandtrace: golden deep/second: ")
    assert "own.yaml" in error


GRAPHS = """\
version: 1
goldens:
  - name: graph/one
    graph: graphs/one/mill.py:build
    seed: 2
    until: 3.0005ms
    checkpoint: 10
    verdict: OK
    about: A pump that is stopped before it is done.
  - name: graph/two
    graph: graphs/two/mill.py:build
    verdict: OK
    about: A module of the same name in another folder.
"""
MILL = """\
from grist import STROKES
from nandtrace.graph import InputPort, Node, OutputPort, Scheduler
class Pump(Node):
    outputs = (OutputPort("strokes"),)
    desired_tick_interval_ms = 1
    def on_tick(self):
        print("stroke")
        for _ in range(STROKES):
            self.emit("strokes", None)
class Mill(Node):
    inputs = (InputPort("strokes"),)
    def __init__(self, seed):
        super().__init__("mill")
        self.left = 3 + seed
    def on_message(self, port, message):
        self.left -= 1
        if self.left == 0:
            self.scheduler.shutdown()
def build(seed=0):
    scheduler = Scheduler().register(Pump("pump")).register(Mill(seed))
    scheduler.connect("pump:strokes", "mill:strokes")
    return scheduler
"""


@pytest.fixture
def graphs() -> None:
    """A manifest of two graphs whose modules, and the modules beside them, have the same names."""
    for folder, strokes in (("one", 1), ("two", 2)):
        Path(f"golden/graphs/{folder}").mkdir(parents=True)
        _write(f"golden/graphs/{folder}/mill.py", MILL)
        _write(f"golden/graphs/{folder}/grist.py", f"STROKES = {strokes}\n")
    Path("golden/own.yaml").unlink()
    _write("golden/manifest.yaml", GRAPHS)


GRAPH_SOURCES = [
    "graphs/one/grist.py",
    "graphs/one/mill.py",
    "graphs/two/grist.py",
    "graphs/two/mill.py",
    "manifest.yaml",
]
GRAPH_GOLDENS = ["graph/one.mpk", "graph/one.txt", "graph/two.mpk", "graph/two.txt"]


@pytest.mark.usefixtures("graphs")
def test_graphs_are_accepted_checked_and_what_record_writes(capsys: Capture) -> None:
    assert run(["golden", "accept", "--all"]) == 0
    assert _files() == GRAPH_GOLDENS + GRAPH_SOURCES
    capsys.readouterr()
    assert run(["golden", "check", "--json"]) == 0
    output = capsys.readouterr()
    report = json.loads(output.out)
    jsonschema.validate(report, load_schema("golden"))
    assert [(state["name"], state["verdict"]) for state in report["goldens"]] == [
        ("graph/one", "OK"),
        ("graph/two", "OK"),
    ]
    assert set(output.err.splitlines()) == {"stroke"}
    options = ["--seed", "2", "--until", "3000.5", "--checkpoint", "10", "-o", "one.mpk"]
    assert run(["record", "graph", "golden/graphs/one/mill.py:build", *options]) == 0
    assert Path("one.mpk").read_bytes() == Path("golden/graph/one.mpk").read_bytes()
    assert _digest("golden/graph/one.mpk") != _digest("golden/graph/two.mpk")


@pytest.mark.usefixtures("graphs")
def test_the_companion_of_a_graph() -> None:
    assert run(["golden", "accept", "--all"]) == 0
    lines = Path("golden/graph/one.txt").read_text().splitlines()
    assert lines == [
        "golden: graph/one",
        "about: A pump that is stopped before it is done.",
        "graph: graphs/one/mill.py:build",
        "options: --seed 2 --until 3000.5us --checkpoint 10",
        "verdict: OK",
        f"digest: {_digest('golden/graph/one.mpk')}",
        *lines[6:],
    ]
    assert lines[-2:] == ["deliveries: 3", "  pump:strokes->mill:strokes: 3"]
    assert Path("golden/graph/two.txt").read_text().splitlines()[2:4] == [
        "graph: graphs/two/mill.py:build",
        "options: none",
    ]


@pytest.mark.usefixtures("graphs")
def test_a_golden_graph_does_not_depend_on_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["golden", "accept", "--all"]) == 0
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "grist.py").write_text("STROKES = 7\n")
    monkeypatch.chdir(elsewhere)
    assert run(["golden", "check", "--dir", str(tmp_path / "golden")]) == 0
    assert run(["golden", "check", "--dir", "../golden"]) == 0


@pytest.mark.usefixtures("graphs")
def test_a_graph_that_changed_is_put_beside_the_golden_shown_and_accepted(capsys: Capture) -> None:
    assert run(["golden", "accept", "--all"]) == 0
    old = _digest("golden/graph/two.mpk")
    _write("golden/graphs/two/grist.py", "STROKES = 3\n")
    assert run(["golden", "check"]) == 1
    assert "graph/two.mpk.new" in _files()
    capsys.readouterr()
    assert run(["golden", "diff", "graph/two"]) == 1
    assert capsys.readouterr().out.startswith(
        "A golden/graph/two.mpk\nB golden/graph/two.mpk.new\ndifferent: the events"
    )
    assert run(["golden", "reject", "graph/two"]) == 0
    assert _digest("golden/graph/two.mpk") == old
    assert run(["golden", "accept", "graph/two"]) == 0
    assert _digest("golden/graph/two.mpk") != old
    assert run(["golden", "check"]) == 0
    assert run(["golden", "status"]) == 0
    assert _files() == GRAPH_GOLDENS + GRAPH_SOURCES


@pytest.mark.usefixtures("graphs")
@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("two/mill.py:build", "two/mill.py", "goldens[1].graph: 'graphs/two/mill.py' does not fit"),
        ("two/mill.py:build", "two.mill:build", "goldens[1].graph: 'graphs/two.mill:build' does not"),
        ("seed: 2", "seed: -2", "goldens[0].seed: -2 is less than 0"),
        ("seed: 2", "runs: 2", "goldens[0].runs: there is no such key"),
        ("seed: 2", "profile: default", "goldens[0].profile: there is no such key"),
        ("checkpoint: 10", "checkpoint: 0", "goldens[0].checkpoint: 0 is less than 1"),
        ("3.0005ms", "soon", "graph/one: 'soon' is no duration"),
        ("    about: A module of the same name in another folder.\n", "", "goldens[1].about: is missing"),
    ],
)  # fmt: skip
def test_a_wrong_manifest_of_graphs(capsys: Capture, old: str, new: str, reason: str) -> None:
    assert old in GRAPHS
    _write("golden/manifest.yaml", GRAPHS.replace(old, new, 1))
    assert run(["golden", "check"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("nandtrace: golden/manifest.yaml: ")
    assert reason in error
    assert error.count("\n") == 1


@pytest.mark.usefixtures("graphs")
@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("from grist", "from bran", "golden/graphs/one/mill.py:1: ModuleNotFoundError: No module"),
        ("def build(", "def make(", "the module has no function 'build'"),
        ("seed=0", "", "a seed is given, and the function has no parameter 'seed'"),
        ("    scheduler.connect", "    str", "node mill: no edge leads to its input 'strokes'"),
        (
            "Scheduler().",
            "Scheduler(clock=__import__('nandtrace.graph').graph.RealClock()).",
            "by a real clock no recording comes out the same again",
        ),
    ],
)  # fmt: skip
def test_a_wrong_graph_names_its_golden(capsys: Capture, old: str, new: str, reason: str) -> None:
    text = MILL.replace(old, new, 1).replace(
        'str("pump:strokes", "mill:strokes")', 'str("pump:strokes")'
    )
    if "seed=0" in old:
        text = text.replace("Mill(seed)", "Mill(0)")
    _write("golden/graphs/one/mill.py", text)
    assert run(["golden", "check", "graph/one"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("nandtrace: golden graph/one: golden/graphs/one/mill.py:build: ")
    assert reason in error
    assert error.count("\n") == 1
    assert _files() == GRAPH_SOURCES
