"""A verdict depends on the events alone: not on chunks, batches, compression or worker processes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nandtrace.check import Options, TraceVerdict, verify_trace
from nandtrace.convert.jsonl import import_jsonl
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
