"""A verdict depends on the events alone: not on chunks, batches, compression or worker processes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nandtrace.check import Options, TraceVerdict, Verdict, verify_trace
from nandtrace.convert.jsonl import import_jsonl
from nandtrace.nand.job import Job, Recipe, new_recorder
from nandtrace.nand.options import Options as RecordOptions
from nandtrace.nand.profiles.loading import load_profile
from nandtrace.nand.recording import JobWork
from nandtrace.pool import start_pool

LOGS = Path(__file__).parents[1] / "data" / "real"
NAMES = ("3ed79f5-mix", "3ed79f5", "97e9f54", "ca1c11a")


def plain(verdict: TraceVerdict) -> list[Any]:
    return [verdict.verdict, verdict.events, verdict.runs, verdict.invariants]


@pytest.mark.parametrize("name", NAMES)
def test_chunks_and_batches_change_nothing(tmp_path: Path, name: str) -> None:
    log = LOGS / f"{name}.jsonl"
    import_jsonl(log, tmp_path / "whole.mpk")
    import_jsonl(log, tmp_path / "cut.mpk", compress=True, chunk_events=7)
    whole = plain(verify_trace(tmp_path / "whole.mpk"))
    for trace in ("whole.mpk", "cut.mpk"):
        assert plain(verify_trace(tmp_path / trace, Options(batch_events=1))) == whole


def test_worker_processes_change_nothing(tmp_path: Path) -> None:
    with start_pool(2) as pool:
        for name in NAMES:
            trace = tmp_path / f"{name}.mpk"
            import_jsonl(LOGS / f"{name}.jsonl", trace)
            options = Options(batch_events=1)
            assert plain(verify_trace(trace, options, pool)) == plain(verify_trace(trace, options))


def test_runs_judged_one_by_one_are_judged_alike(tmp_path: Path) -> None:
    """Runs that carry over what they reserved and suspended, some in a chunk and a batch of their own.

    A program that run 251 takes over is cut in it, and what recovers it comes later.
    """
    options = RecordOptions(seed=6, runs=260, run_for_ns=(200_000,), max_hooks=5)
    job = Job(Recipe(load_profile("suspends").profile, options), range(options.runs))
    trace = tmp_path / "trace.mpk"
    with new_recorder(trace, job) as recorder:
        work = JobWork(job, recorder)
        for _ in work.steps():
            if work.progress().runs_done >= 240:
                recorder.flush()
    whole = verify_trace(trace)
    assert whole.verdict is Verdict.OK
    one_by_one = verify_trace(trace, Options(batch_events=1))
    assert [item.violations for item in one_by_one.invariants if item.violated] == []
