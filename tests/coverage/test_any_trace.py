"""Coverage of traces that are violated, forged, scrambled, incomplete or of nobody's domain."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from nandtrace.convert.jsonl import import_jsonl
from nandtrace.coverage import measure_traces
from nandtrace.trace import Header, TraceReader, TraceWriter
from nandtrace.vocab import NAND, Kind, Vocabulary
from tests.check.forging import forged, scrambled
from tests.check.hand_made import write
from tests.check.replayed_domains import DOMAINS
from tests.check.small_graph import record_graph

DATA = Path(__file__).parents[1] / "data"
SCRAMBLED = 25
FORGED = 12


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_scrambled_log_is_measured(domain: str, tmp_path: Path) -> None:
    chance = random.Random(domain)  # noqa: S311 - seeded on purpose
    traces = []
    for number in range(SCRAMBLED):
        log = chance.choice(list(DOMAINS[domain].stories.values()))()
        for _ in range(chance.randrange(1, 30)):
            log = scrambled(log, chance)
        traces.append(write(tmp_path / f"{number}.mpk", log))
    coverage = measure_traces(traces)
    assert coverage.problems == []
    assert coverage.domains[domain].traces == SCRAMBLED


def test_a_forged_trace_is_measured_or_refused(tmp_path: Path) -> None:
    chance = random.Random(6)  # noqa: S311 - seeded on purpose
    import_jsonl(DATA / "real" / "3ed79f5.jsonl", tmp_path / "a.mpk", chunk_events=100)
    originals = [(tmp_path / "a.mpk").read_bytes(), (DATA / "format" / "v1.mpk").read_bytes()]
    path = tmp_path / "forged.mpk"
    for _ in range(FORGED):
        path.write_bytes(forged(chance.choice(originals), chance, rechain=0.7))
        coverage = measure_traces([path])
        assert coverage.problems or coverage.domains["nand"].traces == 1


def test_whole_runs_of_a_cut_trace_count(tmp_path: Path) -> None:
    trace = record_graph(tmp_path / "a.mpk", chunk_events=8)
    with TraceReader(trace) as reader:
        last = reader.index.chunks[-1]
    trace.write_bytes(trace.read_bytes()[: last.offset + 10])
    coverage = measure_traces([trace])
    ((path, reasons),) = coverage.problems
    assert (path, len(reasons)) == (str(trace), 2)
    graph = coverage.domains["graph"]
    assert graph.tables["kinds"].counts["RUN_END",] == 1
    assert graph.tables["turns"].counts == {("NORMAL", "tick"): 1, ("NORMAL", "messages"): 1}


def test_of_an_unknown_domain_nothing_is_known(tmp_path: Path) -> None:
    kinds = (Kind(0, "RUN_BEGIN"), Kind(1, "RUN_END"))
    writer = TraceWriter(tmp_path / "a.mpk", Header(Vocabulary("toaster", kinds), {}, {}))
    writer.append(0, 0, 0, [])
    writer.append(1, 5, 0, [])
    writer.close()
    coverage = measure_traces([tmp_path / "a.mpk"])
    assert coverage.domains == {}
    assert coverage.problems == [
        (
            str(tmp_path / "a.mpk"),
            ["header: none of the invariants is for the domain 'toaster'"],
        )
    ]


def test_a_header_that_makes_no_sense(tmp_path: Path) -> None:
    device = {"bases": {"READ": {"scope": "EVERYTHING"}}}
    writer = TraceWriter(tmp_path / "a.mpk", Header(NAND, {}, device))
    writer.append(0, 0, 0, [0])
    writer.close()
    ((_, reasons),) = measure_traces([tmp_path / "a.mpk"]).problems
    assert len(reasons) == 1
    assert reasons[0].startswith("header: device.bases.READ.scope is 'EVERYTHING'")


def test_invariants_are_counted_over_traces(tmp_path: Path) -> None:
    calm = record_graph(tmp_path / "a.mpk")
    also = record_graph(tmp_path / "b.mpk")
    counted = measure_traces([calm, also]).domains["graph"].invariants["tick-cadence"]
    assert (counted.traces_evaluated, counted.traces_exercised, counted.traces_violated) == (
        2,
        2,
        0,
    )
    alone = measure_traces([calm]).domains["graph"].invariants["tick-cadence"]
    assert counted.exercised == 2 * alone.exercised > 0


def test_workers_give_the_same(tmp_path: Path) -> None:
    traces = [record_graph(tmp_path / "a.mpk"), DATA / "format" / "v1.mpk", tmp_path / "none.mpk"]
    told: list[int] = []
    with ThreadPoolExecutor(2) as pool:
        side_by_side = measure_traces(traces, pool, told.append)
    assert side_by_side == measure_traces(traces)
    assert told == [1, 2, 3]
