"""Graphs under load for long: nothing is wrong with what they do, and neither a recording nor its check
takes more memory the longer it is."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from nandtrace.check import load_invariants, verify_trace
from nandtrace.graph import PutResult
from nandtrace.vocab.graph import GRAPH
from tests.soak.graph_load import Load, Loaded, record_load
from tests.soak.loads import alone, check_holds, counts_of, verify_measured

FEW_SEEDS = 6
FEW_SECONDS = 6.0
"""So much that the sensors' storm is in it."""

HOUR_S = 3_600.0
SHORTER = 12
DELIVERIES_A_SECOND = 5_000

GROWN_MIB = 32
"""What a peak may grow by while a trace grows from 9 to 107 million events."""


def _check_is_heavy(loaded: Loaded, load: Load) -> None:
    report = loaded.summary.report
    assert report.deliveries >= DELIVERIES_A_SECOND * load.seconds
    assert report.error_count >= 10 * load.seconds
    assert report.time_ns >= load.seconds * 1e9


def test_a_few_loads(tmp_path: Path) -> None:
    path, exercised = tmp_path / "load.mpk", set()
    ends: Counter[str] = Counter()
    results: Counter[PutResult] = Counter()
    for seed in range(FEW_SEEDS):
        load = Load(seed, FEW_SECONDS)
        loaded = record_load(path, load)
        _check_is_heavy(loaded, load)
        ends[loaded.summary.report.reason] += 1
        results += loaded.results
        verdict = verify_trace(path)
        check_holds(verdict, load)
        exercised |= {item.id for item in verdict.invariants if item.exercised}
    assert ends == {"UNTIL": 2, "REQUESTED": 2, "ERROR": 2}
    assert {*results} == {*PutResult}
    assert [name for name in load_invariants("graph") if name not in exercised] == []


@pytest.mark.soak
def test_an_hour_of_load(tmp_path: Path) -> None:
    short, path = tmp_path / "short.mpk", tmp_path / "hour.mpk"
    shorter, load = Load(0, HOUR_S / SHORTER), Load(0, HOUR_S)
    alone(record_load, short, shorter)
    loaded = alone(record_load, path, load)
    _check_is_heavy(loaded, load)
    assert {*loaded.results} == {*PutResult}
    assert {*counts_of(path)} == {kind.name for kind in GRAPH.kinds}
    first, *_, last = loaded.peaks_mib
    assert last - first < GROWN_MIB
    verdict, peak = alone(verify_measured, path)
    check_holds(verdict, load)
    assert (verdict.events, verdict.runs) == (loaded.summary.events, loaded.summary.runs)
    _, short_peak = alone(verify_measured, short)
    assert peak - short_peak < GROWN_MIB
    path.unlink()


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 106))
def test_loads(seed: int, tmp_path: Path) -> None:
    load = Load(seed, 120.0)
    path = tmp_path / "load.mpk"
    _check_is_heavy(record_load(path, load), load)
    check_holds(verify_trace(path), load)
    path.unlink()
