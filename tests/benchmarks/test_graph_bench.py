"""The graphs that are measured: each does all of its work, and so does the peer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import graph_simpy
from benchmarks.graph_shapes import (
    Sink,
    chain,
    chain_shape,
    hand_over_shape,
    overload,
    overload_shape,
    tickers_shape,
)
from nandtrace.check import Verdict, verify_trace
from nandtrace.graph import NodeError, record_graph
from nandtrace.vocab.graph import Call, Disposition

SHAPES = {
    "hand-over": (hand_over_shape(1_000), 2_000, 0),
    "chain": (chain_shape(100, relays=20), 2_100, 0),
    "overload": (overload_shape(200), 1_800, 0),
    "tickers": (tickers_shape(30, ticks=20), 0, 600),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_does_all_of_its_work(name: str, tmp_path: Path) -> None:
    shape, deliveries, ticks = SHAPES[name]
    assert (shape.deliveries, shape.ticks) == (deliveries, ticks)
    bare = shape.build().run()
    shape.check(bare)
    summary = record_graph(tmp_path / "a.mpk", shape.build())
    assert summary.report == bare
    assert verify_trace(tmp_path / "a.mpk").verdict is Verdict.OK


def test_work_left_undone_is_not_measured() -> None:
    shape = hand_over_shape(1_000)
    error = NodeError("sink", Call.MESSAGE, Disposition.SKIPPED, 0, ValueError())
    with pytest.raises(RuntimeError, match="did not do its work"):
        shape.check(chain(999, relays=1).run())
    with pytest.raises(RuntimeError, match="did not do its work"):
        shape.check(replace(shape.build().run(), errors=(error,)))


def test_the_overload_is_one_of_all_bands() -> None:
    scheduler = overload(100_000)
    scheduler.start()
    scheduler.advance(7_000)
    sinks = [item.node for item in scheduler.plan().nodes if isinstance(item.node, Sink)]
    normal, high, control = (sink.received for sink in sinks)
    assert normal > 1_000
    assert high / normal == pytest.approx(2, rel=0.02)
    assert control / normal == pytest.approx(4, rel=0.02)


def test_the_peer_hands_on_as_much() -> None:
    graph_simpy.run_chain(1_000, relays=1)
    graph_simpy.run_chain(100, relays=20)
    graph_simpy.run_overload(200)
    graph_simpy.run_tickers(30, ticks=20)
