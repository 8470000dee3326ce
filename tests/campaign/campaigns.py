"""Campaigns for tests: small files, an engine that records nothing, and processes that behave badly."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from nandtrace.campaign.engine import Engine
from nandtrace.campaign.model import Cell, CellResult, CellState, Limits
from nandtrace.campaign.session import Session
from nandtrace.check.verify import verify_trace

THREE = """
profiles = ["tiny"]
seeds = "0..2"
[options.plain]
runs = 1
run_until = "500us"
[limits]
slots = 2
memory_gating = false
backoff_s = 0.05
"""
"""Three cells that take half a second each."""


def write_campaign(folder: Path, text: str = THREE, name: str = "small.toml") -> Path:
    """A campaign file in a folder."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def result_ok(cell: Cell, **values: object) -> CellResult:
    """A result as a real cell's; the digest is none."""
    figures = {"seconds": 1.0 + cell.seed, "events": 10, "runs": 1, "bytes": 3, "digest": "00" * 32}
    return CellResult(CellState.OK, **(figures | values))  # type: ignore[arg-type]


class PaperEngine(Engine):
    """Settles cells as it is told to, without any process; cells that are not in `results` are OK."""

    name = "local"

    def __init__(self, results: Mapping[str, CellResult | Exception] | None = None) -> None:
        self.results = dict(results or {})
        self.settled: list[str] = []
        self.stop_after: int | None = None

    def check(self, limits: Limits) -> None:
        """Paper takes no memory."""

    def run(self, session: Session) -> None:
        for cell in session.cells():
            session.began(cell)
            if self.stop_after is not None and len(self.settled) >= self.stop_after:
                session.stop.request()
                session.ended(cell)
                return
            result = self.results.get(cell.id, result_ok(cell))
            if isinstance(result, Exception):
                raise result
            trace = None
            if result.state is not CellState.FAILED:
                trace = session.scratch / "trace"
                trace.write_text(cell.id)
            session.settle(cell, result, trace, 1)
            self.settled.append(cell.id)


@pytest.fixture
def paper(monkeypatch: pytest.MonkeyPatch) -> PaperEngine:
    """A paper engine in the place of every real one."""
    engine = PaperEngine()
    monkeypatch.setattr("nandtrace.campaign.run.make_engine", lambda *_: engine)
    return engine


SCRIPT = """
import json, os, signal, sys, time
spec = json.loads(sys.stdin.readline())
seed, trace = spec["identity"]["options"]["seed"], spec["trace"]
attempt = int(trace.rpartition("-")[2].removesuffix(".mpk"))

def answer(**values):
    print(json.dumps({"seconds": 0.5, **values}))
    sys.exit(0)

def record(verdict="OK", **values):
    with open(trace, "w") as file:
        file.write(f"seed {seed}")
    answer(**{"version": "0", "generator": 1, "verdict": verdict, "events": 2, "runs": 1, "bytes": 6,
              "digest": "ab" * 32, "violations": {}, "problem": None, **values})

"""


@pytest.fixture
def cell_script(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Has the local engine run a script for each cell: SCRIPT, with `seed`, `attempt`, `record` and so on,
    and what it is given."""

    def use(body: str) -> None:
        script = tmp_path / "cell_script.py"
        script.write_text(SCRIPT + body)
        command = (sys.executable, "-S", "-E", str(script))
        monkeypatch.setattr("nandtrace.campaign.cell_handler.CELL_COMMAND", command)

    return use


def trace_verdict(trace: Path) -> str:
    """The verdict on a trace, with what is violated."""
    verdict = verify_trace(trace)
    violated = [(item.id, item.violations[0]) for item in verdict.invariants if item.violated]
    return " ".join([verdict.verdict.value, verdict.error or "", *map(str, violated)]).strip()
