"""The orders that are measured: all of them are done, with any trace, and by the peers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import workorder_pools
from benchmarks.workorder_load import (
    idle_cpu_s,
    idle_loop_cpu_s,
    record,
    run_queued,
    run_submitted,
)
from nandtrace.check import Verdict, verify_trace
from nandtrace.trace import TraceReader

ORDERS = 300


def _counts(path: Path) -> Counter[str]:
    counts: Counter[str] = Counter()
    with TraceReader(path) as reader:
        for chunk in reader.index.chunks:
            counts.update(chunk.counts)
    return counts


@pytest.mark.parametrize("run", [run_queued, run_submitted])
@pytest.mark.parametrize("write_ahead", [False, True])
def test_all_orders_are_done_and_recorded(
    run: Callable[..., None], write_ahead: bool, tmp_path: Path
) -> None:
    path = tmp_path / "a.mpk"
    record(path, ORDERS, run, write_ahead=write_ahead)
    counts = _counts(path)
    assert [counts[kind] for kind in ("ENQUEUE", "CLAIM", "COMPLETE", "RELEASE")] == [ORDERS] * 4
    assert verify_trace(path).verdict is Verdict.OK


def test_a_queue_with_a_bound_keeps_it(tmp_path: Path) -> None:
    record(tmp_path / "a.mpk", ORDERS, run_submitted)
    with TraceReader(tmp_path / "a.mpk") as reader:
        assert reader.header.device["max_depth"] == 64
    assert "REFUSE" not in _counts(tmp_path / "a.mpk")


def test_work_left_undone_is_not_measured() -> None:
    with pytest.raises(RuntimeError, match="the pool did 2 of 3"):
        workorder_pools.check_done(2, 3)


def test_the_peers_do_as_much() -> None:
    workorder_pools.run_asyncio(ORDERS)
    workorder_pools.run_asyncio(ORDERS, looking=True)
    workorder_pools.run_threads(ORDERS)


def test_idling_costs_something_at_all() -> None:
    assert idle_cpu_s(0.01) > 0
    assert idle_loop_cpu_s(0.01) > 0
