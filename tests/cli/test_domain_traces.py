"""The commands on traces of the domains beside nand: they are recovered as any, and not executed again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nandtrace.cli.main import run
from nandtrace.trace import TraceReader
from tests.check.small_graph import record_graph
from tests.check.small_orders import record_orders

Capture = pytest.CaptureFixture[str]

RECORD: dict[str, Callable[[Path], Path]] = {
    "graph": lambda path: record_graph(path, chunk_events=8),
    "workorder": record_orders,
}


@pytest.fixture(params=RECORD)
def domain(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A domain of which a.mpk is a small trace, in chunks of 8 events or so."""
    monkeypatch.chdir(tmp_path)
    RECORD[request.param](Path("a.mpk"))
    return str(request.param)


def test_a_cut_trace_is_recovered(domain: str, capsys: Capture) -> None:
    trace = Path("a.mpk")
    with TraceReader(trace) as reader:
        last = reader.index.chunks[-1]
    assert last.first_seq == {"graph": 16, "workorder": 24}[domain]
    trace.write_bytes(trace.read_bytes()[: last.offset + 10])
    assert run(["verify", "a.mpk", "--only", "run-bracketed"]) == 3
    assert run(["recover", "a.mpk"]) == 0
    capsys.readouterr()
    assert run(["info", "a.recovered.mpk"]) == 3
    assert f"  events: {last.first_seq}" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["export", "a.mpk"], "export is for nand"),
        (["replay", "a.mpk"], "only nand is executed again"),
        (["record", "--from", "a.mpk", "--run", "0", "-o", "c.mpk"], "only nand is executed again"),
    ],
)
def test_what_is_for_nand_alone(
    domain: str, arguments: list[str], reason: str, capsys: Capture
) -> None:
    assert run(arguments) == 2
    printed = capsys.readouterr()
    said = f"nandtrace: a.mpk: of the domain {domain}; {reason}\n"
    assert (printed.out, printed.err) == ("", said)
    assert not Path("c.mpk").exists()
