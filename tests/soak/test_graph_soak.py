"""Graphs under load for long: nothing is wrong with what they do, and neither a recording nor its check
takes more memory the longer it is."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest

from benchmarks.peak_memory import peak_mib
from nandtrace.check import TraceVerdict, Verdict, load_invariants, verify_trace
from nandtrace.graph import PutResult
from nandtrace.trace import TraceReader
from nandtrace.vocab.graph import GRAPH
from tests.soak.graph_load import Load, Loaded, record_load

T = TypeVar("T")

FEW_SEEDS = 6
FEW_SECONDS = 6.0
"""So much that the sensors' storm is in it."""

HOUR_S = 3_600.0
SHORTER = 12
DELIVERIES_A_SECOND = 5_000

GROWN_MIB = 32
"""What a peak may grow by while a trace grows from 9 to 107 million events."""


def _alone(work: Callable[..., T], *arguments: object) -> T:
    """Do it in a process of its own, whose peak memory nothing else raises."""
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawned) as pool:
        return pool.submit(work, *arguments).result()


def _verify(path: Path) -> tuple[TraceVerdict, float]:
    return verify_trace(path), peak_mib()


def _check(verdict: TraceVerdict, load: Load) -> None:
    violated = [(item.id, item.violations[0]) for item in verdict.invariants if item.violated]
    assert (load, verdict.verdict, violated) == (load, Verdict.OK, [])


def _kinds(path: Path) -> set[str]:
    with TraceReader(path) as reader:
        return {kind for chunk in reader.index.chunks for kind in chunk.counts}


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
        _check(verdict, load)
        exercised |= {item.id for item in verdict.invariants if item.exercised}
    assert ends == {"UNTIL": 2, "REQUESTED": 2, "ERROR": 2}
    assert {*results} == {*PutResult}
    assert [name for name in load_invariants("graph") if name not in exercised] == []


@pytest.mark.soak
def test_an_hour_of_load(tmp_path: Path) -> None:
    short, path = tmp_path / "short.mpk", tmp_path / "hour.mpk"
    shorter, load = Load(0, HOUR_S / SHORTER), Load(0, HOUR_S)
    _alone(record_load, short, shorter)
    loaded = _alone(record_load, path, load)
    _check_is_heavy(loaded, load)
    assert {*loaded.results} == {*PutResult}
    assert _kinds(path) == {kind.name for kind in GRAPH.kinds}
    first, *_, last = loaded.peaks_mib
    assert last - first < GROWN_MIB
    verdict, peak = _alone(_verify, path)
    _check(verdict, load)
    assert (verdict.events, verdict.runs) == (loaded.summary.events, loaded.summary.runs)
    _, short_peak = _alone(_verify, short)
    assert peak - short_peak < GROWN_MIB
    path.unlink()


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 106))
def test_loads(seed: int, tmp_path: Path) -> None:
    load = Load(seed, 120.0)
    path = tmp_path / "load.mpk"
    _check_is_heavy(record_load(path, load), load)
    _check(verify_trace(path), load)
    path.unlink()
