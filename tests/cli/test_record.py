"""nandtrace record, as a user calls it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from nandtrace.check import Verdict, verify_trace
from nandtrace.cli.main import run
from nandtrace.nand.chosen import blocks_of
from nandtrace.schema_files import load_schema
from nandtrace.trace import TraceReader
from nandtrace.units import duration_ns

Capture = pytest.CaptureFixture[str]

SHORT = ["--runs", "2", "--run-until", "20ms"]


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _digest(name: str) -> str:
    with TraceReader(name) as reader:
        return reader.index.digest().hex()


def _files() -> list[str]:
    return sorted(path.name for path in Path().iterdir())


def test_the_summary(capsys: Capture) -> None:
    assert run(["record", *SHORT, "--seed", "7"]) == 0
    output = capsys.readouterr()
    with TraceReader("default-7.mpk") as reader:
        index, size_bytes = reader.index, reader.size_bytes
    lines = output.out.splitlines()
    assert lines[0] == f"default-7.mpk: {index.events} events, 2 runs"
    assert f"  bytes: {size_bytes}" in lines
    assert f"  digest: {index.digest().hex()}" in lines
    assert sum(int(line.rpartition(": ")[2]) for line in lines if line.startswith("    ")) == int(
        next(line for line in lines if line.startswith("  ops: ")).split()[1]
    )
    assert output.err.startswith("nandtrace: ")
    assert output.err.endswith(" ops/s\n")
    assert output.err.count("\n") == 1


def test_what_is_recorded_is_right_and_can_be_verified_at_once(capsys: Capture) -> None:
    assert run(["record", *SHORT, "--verify", "-o", "a.mpk"]) == 0
    assert "OK  a.mpk  " in capsys.readouterr().out
    assert verify_trace("a.mpk").verdict is Verdict.OK


def test_a_violation_found_at_once_decides_the_exit_code(capsys: Capture) -> None:
    Path("erase.yaml").write_text(
        "extends: tiny\n"
        "bootstrap: {enabled: false}\n"
        "policies: {proposals: script}\n"
        "script:\n"
        "  - {at_us: 0, op_name: Block_Erase_SLC, block: 0}\n"
        "  - {at_us: 999.9, op_name: Nop}\n"
    )
    lost = ["record", "--profile", "erase.yaml", "--runs", "1", "--run-until", "1ms", "--no-drain"]
    assert run([*lost, "--verify", "-o", "a.mpk"]) == 1
    output = capsys.readouterr().out
    assert "VIOLATED  a.mpk  " in output
    assert "✗ one-op-end-per-segment  violated " in output
    assert run([*lost, "--verify", "--json", "-o", "a.mpk"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["profile"], report["ops_by_base"]) == ("erase", {"ERASE": 1, "NOP": 1})
    assert report["verdict"]["verdict"] == "VIOLATED"


def test_json(capsys: Capture) -> None:
    assert run(["record", *SHORT, "--seed", "3", "-o", "a.mpk", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    jsonschema.validate(report, load_schema("record"))
    assert (report["trace"], report["profile"], report["seed"]) == ("a.mpk", "default", 3)
    assert (report["runs"], report["digest"]) == (2, _digest("a.mpk"))
    assert report["ops"] == sum(report["ops_by_base"].values()) > 0
    assert (report["repairs"], report["verdict"]) == ([], None)
    assert run(["record", *SHORT, "-o", "a.mpk", "--json", "--verify"]) == 0
    report = json.loads(capsys.readouterr().out)
    jsonschema.validate(report, load_schema("record"))
    assert (report["verdict"]["verdict"], report["verdict"]["path"]) == ("OK", "a.mpk")


def test_the_same_seed_gives_the_same_bytes_in_any_process(tmp_path: Path) -> None:
    for name, hash_seed in (("a.mpk", "1"), ("b.mpk", "2")):
        subprocess.run(
            [sys.executable, "-c", "from nandtrace.cli.main import main; main()",
             "record", *SHORT, "-o", name],
            check=True, capture_output=True, env={"PYTHONHASHSEED": hash_seed, "PATH": ""},
        )  # fmt: skip
    assert Path("a.mpk").read_bytes() == Path("b.mpk").read_bytes()
    assert run(["record", *SHORT, "--seed", "1", "-o", "c.mpk"]) == 0
    assert _digest("c.mpk") != _digest("a.mpk")


def test_neither_compression_nor_provenance_changes_the_digest() -> None:
    assert run(["record", *SHORT, "-o", "a.mpk"]) == 0
    assert run(["record", *SHORT, "-o", "b.mpk", "--compress", "--provenance"]) == 0
    assert Path("a.mpk").read_bytes() != Path("b.mpk").read_bytes()
    assert _digest("a.mpk") == _digest("b.mpk")
    with TraceReader("b.mpk") as reader:
        list(reader.walk())
        assert {"time", "host", "version"} <= set(reader.provenance)
    with TraceReader("a.mpk") as reader:
        list(reader.walk())
        assert reader.provenance == {}


def test_one_duration_a_run_and_the_last_repeated() -> None:
    assert run(["record", "--run-until", "100us", "--run-until", "0.3ms", "-o", "a.mpk"]) == 0
    assert run(
        ["record", "--run-until", "100", "--run-until", "300", "--runs", "2", "-o", "b.mpk"]
    ) == 0  # fmt: skip
    assert _digest("a.mpk") == _digest("b.mpk")
    with TraceReader("a.mpk") as reader:
        assert reader.index.runs == 2


def test_bad_blocks_are_in_the_header_and_untouched() -> None:
    blocks = ["--bad-blocks", "0:5,1:9", "--bad-blocks", "0:4"]
    assert run(["record", *SHORT, *blocks, "-o", "a.mpk", "--verify"]) == 0
    with TraceReader("a.mpk") as reader:
        assert reader.header.device["bad_blocks"] == [[0, 4], [0, 5], [1, 9]]


def test_bootstrap_is_switched_on_and_off() -> None:
    assert run(["record", *SHORT, "--bootstrap", "-o", "a.mpk"]) == 0
    assert run(["record", *SHORT, "--no-bootstrap", "-o", "b.mpk"]) == 0
    assert _digest("a.mpk") != _digest("b.mpk")


def test_a_recording_goes_on_from_a_boundary(capsys: Capture) -> None:
    assert run(["record", "--runs", "4", "--run-until", "15ms", "-o", "whole.mpk"]) == 0
    assert run(["record", "--from", "whole.mpk", "--run", "1", "-o", "rest.mpk", "--verify"]) == 0
    assert run(["record", "--from", "whole.mpk", "--run", "1"]) == 0
    assert _digest("whole-after-1.mpk") == _digest("rest.mpk")
    capsys.readouterr()
    for number in ("2", "3"):
        events = []
        for name in ("whole.mpk", "rest.mpk"):
            assert run(["cat", name, "--no-seq", "--run", number]) == 0
            lines = capsys.readouterr().out.splitlines()
            events.append([line for line in lines if not line.startswith("#")])
        assert events[0] == events[1]
        assert len(events[0]) > 20


@pytest.mark.parametrize(("after", "runs"), [("0", "2"), ("3", "2")])
def test_so_many_runs_more(after: str, runs: str) -> None:
    assert run(["record", "--runs", "4", "--run-until", "15ms", "-o", "whole.mpk"]) == 0
    more = ["record", "--from", "whole.mpk", "--run", after, "-o", "rest.mpk", "--verify"]
    assert run([*more, "--runs", runs]) == 0
    with TraceReader("rest.mpk") as reader:
        assert reader.index.runs == 2
        assert reader.index.chunks[0].first_run == int(after) + 1


def test_an_older_trace_is_replaced() -> None:
    Path("a.mpk").write_bytes(b"older")
    assert run(["record", *SHORT, "-o", "a.mpk"]) == 0
    assert verify_trace("a.mpk").verdict is Verdict.OK
    assert _files() == ["a.mpk"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--run", "1"], "--run is for --from TRACE"),
        (["--from", "a.mpk"], "--from needs --run"),
        (["--from", "a.mpk", "--run", "0", "--seed", "1"], "--seed: --from takes"),
        (["--from", "a.mpk", "--run", "0", "--profile", "default"], "--profile: --from takes"),
        (
            ["--from", "a.mpk", "--run", "0", "--no-drain", "--bad-blocks", "0:1"],
            "--drain/--no-drain, --bad-blocks: --from takes",
        ),
        (["--runs", "1", "--run-until", "1ms", "--run-until", "2ms"], "2 durations for 1 runs"),
        (["--run-until", "5 parsecs"], "'5 parsecs' is no duration"),
        (["--run-until", "5ns"], "'5ns' is not a multiple of 10 ns"),
        (["--run-until", "0"], "'0' is not between"),
        (["--run-until", "-1"], "'-1' is no duration"),
        (["--runs", "0"], "0 is not in the range"),
        (["--seed", "-1"], "-1 is not in the range"),
        (["--max-hooks", "0"], "0 is not in the range"),
        (["--apply-policy", "never"], "'never' is not one of"),
        (["--bad-blocks", "3"], "'3' is no DIE:BLOCK"),
        (["--bad-blocks", "99:0"], "default with the given options: bad_blocks[0]: die: 99 "),
        (
            ["--bad-blocks", "0:99999"],
            "default with the given options: bad_blocks[0]: block: 99999 ",
        ),
        (["--profile", "no-such-profile"], "no-such-profile"),
        (["--profile", "bad.yaml"], "bad.yaml"),
    ],
)
def test_usage_errors_write_nothing(capsys: Capture, arguments: list[str], reason: str) -> None:
    Path("bad.yaml").write_text("extends: default\nno_such_key: 1\n")
    assert run(["record", *arguments]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert reason in output.err
    assert _files() == ["bad.yaml"]


def test_neither_profile_nor_source_is_replaced(capsys: Capture) -> None:
    assert run(["record", *SHORT, "-o", "a.mpk"]) == 0
    before = Path("a.mpk").read_bytes()
    assert run(["record", "--from", "a.mpk", "--run", "0", "-o", "a.mpk"]) == 2
    assert Path("a.mpk").read_bytes() == before
    Path("mine.yaml").write_text("extends: default\n")
    assert run(["record", "--profile", "mine.yaml", "-o", "mine.yaml"]) == 2
    assert Path("mine.yaml").read_text() == "extends: default\n"


@pytest.mark.parametrize("run_number", ["1", "2", "77"])
def test_a_run_after_which_nothing_comes(capsys: Capture, run_number: str) -> None:
    assert run(["record", *SHORT, "-o", "a.mpk"]) == 0
    capsys.readouterr()
    assert run(["record", "--from", "a.mpk", "--run", run_number, "-o", "b.mpk"]) == 2
    assert "a.mpk" in capsys.readouterr().err
    assert _files() == ["a.mpk"]


def test_a_source_that_is_no_trace(capsys: Capture) -> None:
    Path("a.mpk").write_bytes(b"no trace")
    assert run(["record", "--from", "a.mpk", "--run", "0", "-o", "b.mpk"]) == 3
    assert capsys.readouterr().err.startswith("nandtrace: a.mpk: byte 0: not a trace")


def test_an_output_that_cannot_be_written(capsys: Capture) -> None:
    assert run(["record", *SHORT, "-o", "missing/a.mpk"]) == 3
    assert "missing/a.mpk.partial: cannot write" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10ms", 10_000_000),
        ("500us", 500_000),
        ("500", 500_000),
        ("1.5 s", 1_500_000_000),
        ("20ns", 20),
        ("0.01", 10),
        ("7µs", 7_000),
        ("2MS", 2_000_000),
    ],
)
def test_durations(text: str, expected: int) -> None:
    assert duration_ns(text) == expected


@pytest.mark.parametrize(
    "text", ["", "ms", "1e3", "1,5ms", "0x10", "nan", "1.005us", "9" * 19 + "s"]
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is "):
        duration_ns(text)


def test_blocks() -> None:
    assert blocks_of("0:12, 1:3") == ((0, 12), (1, 3))


DIALECT = Path(__file__).parents[2].parent / "shared" / "real" / "nandseqgen" / "config.yaml"


@pytest.mark.skipif(not DIALECT.is_file(), reason="needs the configuration of nandseqgen")
def test_every_repair_of_a_dialect_is_told(capsys: Capture) -> None:
    arguments = ["record", *SHORT, "--profile", str(DIALECT), "-o", "a.mpk"]
    assert run(arguments) == 0
    lines = capsys.readouterr().err.splitlines()
    count = int(lines[0].removeprefix(f"nandtrace: {DIALECT}: ").removesuffix(" repairs"))
    assert count > 100
    assert all(line.startswith("  ") for line in lines[1 : count + 1])
    assert lines[count + 1].endswith(" ops/s")
    assert run([*arguments, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["repairs"]) == count


def test_a_terminal_sees_how_far_it_is(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert run(["record", *SHORT, "-o", "a.mpk"]) == 0
    assert capsys.readouterr().out.startswith("a.mpk: ")
