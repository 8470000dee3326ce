"""The benchmarks at a tiny size: they run, say what they should, and work on legal events."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import jsonschema
import pytest

from benchmarks.__main__ import main
from benchmarks.generating import NANDSEQGEN, Generation, dispatch_bare
from benchmarks.many_runs import run_counts
from benchmarks.plain_checker import PlainChecker
from benchmarks.results import OPS, RATE, SECONDS, Figure, Result, rate
from benchmarks.rows import calls_of, play, rows_of
from benchmarks.workload import build_workload, open_recorder, write_bulk
from nandtrace.check import Status, verify_trace
from nandtrace.nand.profiles.loading import load_profile
from nandtrace.schema_files import load_schema

TINY_EVENTS = 2_000

UNEXERCISED = {
    "nothing-proposed-after-run-until",  # every run ends before its run_until
    "drain-clock",  # nothing is left to drain
    # The workload has no such events, or its header does not tell the rule.
    "bad-block-untouched",
    "states-as-specified",
    "states-fill-segment",
    "run-end-told",
    "backlog-fifo",
    "bootstrap-preserved",
    "refill-reseeded",
    "read-programmed-page",
    "dout-matches-read",
    "read-has-dout",
    "run-counts",
    "marks-follow-ops",
    "suspended-block-untouched",
    "reset-ends-all",
    "bus-exclusive",
    "plane-exclusive",
    "multi-plane-exclusive",
    "excluded-by-op-state",
    "excluded-by-latch",
    "excluded-by-cache",
    "excluded-by-suspend",
    "excluded-by-odt",
    "sequence-complete",
    "inherit-rules",
}


def test_bench_writes_json_that_follows_its_schema(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "results" / "bench.json"
    assert main(["--events", "1000", "--repeats", "1", "--output", str(output)]) == 0
    plain = json.loads(output.read_text())
    jsonschema.validate(plain, load_schema("bench"))
    assert Counter(item["group"] for item in plain["results"]) == {
        "write": 6,
        "size": 3,
        "read": 2,
        "verify": 4,
        "memory": 6,
        "diff": 2,
        "start-up": 2,
        "generate": 2 if NANDSEQGEN.exists() else 1,
        "record": 4,
        "runs": 4,
        "graph": 8,
        "workorder": 8,
        "campaign": 1,
    }
    assert "DeepDiff of" in capsys.readouterr().out


def test_workload_is_legal_and_exercises_the_catalogue(tmp_path: Path) -> None:
    workload = build_workload(TINY_EVENTS)
    write_bulk(tmp_path / "bulk.mpk", workload)
    verdict = verify_trace(tmp_path / "bulk.mpk")
    assert (verdict.verdict, verdict.events, verdict.runs) == ("OK", workload.total_events, 2)
    held = {item.id for item in verdict.invariants if item.status is Status.HOLDS}
    assert {item.id for item in verdict.invariants} - held <= UNEXERCISED


def test_calls_and_columns_write_the_same_trace(tmp_path: Path) -> None:
    workload = build_workload(TINY_EVENTS)
    write_bulk(tmp_path / "bulk.mpk", workload)
    with open_recorder(tmp_path / "calls.mpk") as recorder:
        play(recorder, calls_of(workload, workload.runs))
    assert (tmp_path / "bulk.mpk").read_bytes() == (tmp_path / "calls.mpk").read_bytes()


def test_plain_checker_sees_what_it_is_compared_for() -> None:
    rows = rows_of(build_workload(TINY_EVENTS), TINY_EVENTS)
    assert PlainChecker().check(rows) == 0
    late = rows[2]._replace(time_ns=rows[2].time_ns + 10)
    assert PlainChecker().check([*rows[:2], late, *rows[3:]]) == 1


def test_ratio_is_how_many_times_better() -> None:
    fast, slow = rate("fast", 100, [1.0, 2.0, 4.0]), rate("slow", 100, [10.0])
    assert (fast.median, Result("read", "x", RATE, fast, slow).ratio) == (50.0, 5.0)
    short, long = Figure("short", (1.0,), 0), Figure("long", (4.0,), 0)
    assert Result("diff", "x", SECONDS, short, long).ratio == 4.0
    assert Result("generate", "x", OPS, fast, slow).ratio == 5.0


def test_a_generation_counts_its_measured_run_alone() -> None:
    generation = Generation(load_profile("tiny").profile, (5_000_000,), warm_up_ns=5_000_000)
    assert generation.measure() > 0
    first = generation.ops, generation.dispatches
    assert 0 < 2 * generation.ops < generation.dispatches
    generation.measure()
    assert (generation.ops, generation.dispatches) == first
    dispatch_bare(generation.dispatches)


def test_runs_are_as_many_as_there_are_ops_for() -> None:
    assert run_counts(40_000) == (1, 100, 10_000)
    assert run_counts(50) == (1, 2, 20)
