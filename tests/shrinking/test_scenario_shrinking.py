"""Scenarios of work orders, made smaller."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from nandtrace.check import verify_trace
from nandtrace.cli.main import run
from nandtrace.errors import UsageError
from nandtrace.selftest.faults.workorder import deciding
from nandtrace.selftest.faults.workorder.seeding import faulty
from nandtrace.shrinking import Budget, End, Way, shrink_trace
from nandtrace.shrinking.toml_text import toml_text
from nandtrace.workorder import scenario_life
from nandtrace.workorder.scenario_loading import load_scenario

ROOT = Path(__file__).parents[2]
SCENARIOS = sorted((ROOT / "golden/orders").glob("*.toml"))


@pytest.mark.parametrize(
    "name", ["critical-pressure", pytest.param("everything", marks=pytest.mark.soak)]
)
def test_one_order_is_left(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(scenario_life, "Scheduler", faulty(deciding.IgnoresCritical))
    big = ROOT / f"golden/orders/{name}.toml"
    assert run(["record", "workorder", str(big), "-o", "big.mpk"]) == 0
    shrunk = shrink_trace("big.mpk", "small", invariant="no-critical-claim", budget=Budget(400))
    assert (shrunk.way, shrunk.end) == (Way.RECORDING, End.COMPLETE)
    assert shrunk.before.counted > shrunk.after.counted
    assert shrunk.after.counted <= 16
    scenario = tomllib.loads(Path("small.toml").read_text())
    assert len(scenario["orders"]) == 1
    assert "steps" not in scenario
    before = shrunk.trace.read_bytes()
    (command,) = shrunk.commands
    assert command == ("nandtrace", "record", "workorder", "small.toml", "-o", "small.mpk")
    shrunk.trace.unlink()
    assert run([*command[1:]]) == 0
    assert shrunk.trace.read_bytes() == before
    violated = [item.id for item in verify_trace("small.mpk").invariants if item.violated]
    assert "no-critical-claim" in violated


def test_what_is_right_is_not_shrunk(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gates\.mpk: it violates nothing"):
        shrink_trace(ROOT / "golden/workorder/gates.mpk", tmp_path / "small")


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_a_scenario_reads_back_as_it_was_written(path: Path, tmp_path: Path) -> None:
    scenario = load_scenario(path)
    again = tmp_path / path.name
    again.write_text(toml_text(scenario.plain))
    assert load_scenario(again) == scenario


def test_text_and_keys_of_any_kind_are_written() -> None:
    plain = {"a b": 'say "é"\n\x7f', "list": [1, 2.5, True], "table": {"key": {"x.y": "z"}}}
    assert tomllib.loads(toml_text(plain)) == plain
