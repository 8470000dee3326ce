"""Work orders under load for long: nothing is wrong with what is done, and neither a recording nor its
check takes more memory the longer it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from nandtrace.check import load_invariants, verify_trace
from nandtrace.vocab.workorder import WORKORDER
from tests.soak.loads import alone, check_holds, counts_of, verify_measured
from tests.soak.workorder_load import WorkLoad, WorkLoaded, record_work

FEW_SEEDS = 6
FEW_ORDERS, FEW_EVENTS = 1_000, 500
MANY_ORDERS, MANY_EVENTS = 200_000, 100_000
SHORTER = 2
"""Half of a trace still is more than what the checker judges at once."""

GROWN_MIB = 32
"""What a peak may grow by while a trace grows from 0.9 to 1.8 million events."""


def _check_is_all(loaded: WorkLoaded, path: Path, load: WorkLoad) -> None:
    """Every order has ended once, and all that can happen has."""
    totals, counts = loaded.totals, counts_of(path)
    ended = totals["completed"] + totals["failed"] + totals["cancelled"]
    assert totals["enqueued"] == ended >= load.orders
    assert {*counts} == {kind.name for kind in WORKORDER.kinds}
    assert (counts["ENQUEUE"], counts["CLAIM"]) == (totals["enqueued"], totals["claimed"])
    assert sum(counts.values()) == loaded.events


def test_a_few_loads(tmp_path: Path) -> None:
    path, exercised = tmp_path / "load.mpk", set()
    for seed in range(FEW_SEEDS):
        load = WorkLoad(seed, FEW_ORDERS, FEW_EVENTS)
        _check_is_all(record_work(path, load), path, load)
        verdict = verify_trace(path)
        check_holds(verdict, load)
        exercised |= {item.id for item in verdict.invariants if item.exercised}
    assert [name for name in load_invariants("workorder") if name not in exercised] == []


def test_a_load_is_always_the_same(tmp_path: Path) -> None:
    load = WorkLoad(1, 200, FEW_EVENTS)
    for name in ("a.mpk", "b.mpk"):
        record_work(tmp_path / name, load)
    assert (tmp_path / "a.mpk").read_bytes() == (tmp_path / "b.mpk").read_bytes()


@pytest.mark.soak
def test_very_many_orders(tmp_path: Path) -> None:
    short, path = tmp_path / "short.mpk", tmp_path / "long.mpk"
    shorter = WorkLoad(0, MANY_ORDERS // SHORTER, MANY_EVENTS)
    load = WorkLoad(0, MANY_ORDERS, MANY_EVENTS)
    alone(record_work, short, shorter)
    loaded = alone(record_work, path, load)
    _check_is_all(loaded, path, load)
    first, *_, last = loaded.peaks_mib
    assert last - first < GROWN_MIB
    verdict, peak = alone(verify_measured, path)
    check_holds(verdict, load)
    assert verdict.events == loaded.events
    _, short_peak = alone(verify_measured, short)
    assert peak - short_peak < GROWN_MIB


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 130))
def test_loads(seed: int, tmp_path: Path) -> None:
    load = WorkLoad(seed, 5_000, 10_000)
    path = tmp_path / "load.mpk"
    _check_is_all(record_work(path, load), path, load)
    check_holds(verify_trace(path), load)
