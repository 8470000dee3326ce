"""The graph scheduler: hand-overs without a trace and with one, beside SimPy; how memory grows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks import graph_simpy
from benchmarks.graph_shapes import (
    SOURCES_A_BAND,
    Shape,
    chain_shape,
    hand_over_shape,
    overload_shape,
    tickers_shape,
)
from benchmarks.measure import in_turns, run_python, timed
from benchmarks.recorded import events_of, verify_recording
from benchmarks.results import DELIVERIES, MEBIBYTES, RATE, TICKS, Figure, Result, rate
from nandtrace.graph import record_graph
from nandtrace.vocab.graph import Band

GROUP = "graph"
RELAYS = 100
TICKERS = 1_000
LARGER = 4
"""Memory is measured at the full length and at this fraction of it."""


def measure_graph(folder: Path, messages: int, repeats: int) -> list[Result]:
    """About so many messages through each graph, but for the memory."""
    return [
        *_measure_hand_over(folder, messages, repeats),
        *_measure_shapes(messages, repeats),
    ]


def measure_graph_memory(folder: Path, messages: int) -> Result:
    """Peak memory of recording, each in a process of its own: it must not grow with the trace."""
    return Result(
        "memory",
        "peak of record, graph",
        MEBIBYTES,
        _peak(folder, f"{messages:,} messages", messages),
        _peak(folder, f"record of {messages // LARGER:,} messages", messages // LARGER),
    )


def _measure_hand_over(folder: Path, messages: int, repeats: int) -> list[Result]:
    """The ratios say how it compares, and how much of the speed is left with a trace."""
    shape = hand_over_shape(messages)
    path = folder / "graph.mpk"
    seconds = in_turns(
        {
            "bare": _running(shape),
            "raw": _recording(shape, path, compress=False),
            "zstd": _recording(shape, folder / "graph-zstd.mpk", compress=True),
            "SimPy": timed(partial(graph_simpy.run_chain, messages, relays=1)),
            "verify": timed(partial(verify_recording, path)),
        },
        repeats,
    )
    bare, raw, zstd, peer = (
        rate(name, shape.deliveries, seconds[key])
        for name, key in (
            ("no trace", "bare"),
            ("traced, raw", "raw"),
            ("traced, zstd", "zstd"),
            ("SimPy", "SimPy"),
        )
    )
    events = events_of(path)
    return [
        Result(GROUP, "hand-over, no trace", DELIVERIES, bare, peer),
        Result(GROUP, "hand-over, traced, raw", DELIVERIES, raw, peer),
        Result(GROUP, "hand-over, traced, raw", DELIVERIES, raw, bare),
        Result(GROUP, "hand-over, traced, zstd", DELIVERIES, zstd, bare),
        Result(
            GROUP,
            "verify of the raw one",
            RATE,
            rate("verify, 1 process", events, seconds["verify"]),
            rate("recording it", events, seconds["raw"]),
        ),
    ]


def _measure_shapes(messages: int, repeats: int) -> list[Result]:
    """Other graphs, without a trace, beside SimPy's."""
    nodes = min(TICKERS, messages)
    relayed, overloaded, ticks = (
        max(1, messages // of) for of in (RELAYS + 1, SOURCES_A_BAND * len(Band), nodes)
    )
    return [
        _beside(
            f"chain of {RELAYS} relays",
            chain_shape(relayed, RELAYS),
            partial(graph_simpy.run_chain, relayed, RELAYS),
            repeats,
        ),
        _beside(
            "three bands, overloaded",
            overload_shape(overloaded),
            partial(graph_simpy.run_overload, overloaded),
            repeats,
        ),
        _beside(
            f"{nodes:,} ticking nodes",
            tickers_shape(nodes, ticks),
            partial(graph_simpy.run_tickers, nodes, ticks),
            repeats,
        ),
    ]


def _beside(what: str, shape: Shape, run_peer: Callable[[], None], repeats: int) -> Result:
    seconds = in_turns({"ours": _running(shape), "SimPy": timed(run_peer)}, repeats)
    unit = DELIVERIES if shape.deliveries else TICKS
    ours, peer = (
        rate(name, shape.deliveries or shape.ticks, seconds[key])
        for name, key in (("no trace", "ours"), ("SimPy", "SimPy"))
    )
    return Result(GROUP, what, unit, ours, peer)


def _running(shape: Shape) -> Callable[[], float]:
    return timed(lambda: shape.check(shape.build().run()))


def _recording(shape: Shape, path: Path, *, compress: bool) -> Callable[[], float]:
    return timed(lambda: shape.check(record_graph(path, shape.build(), compress=compress).report))


def _peak(folder: Path, name: str, messages: int) -> Figure:
    printed = run_python("-m", "benchmarks.graph_peak", folder / "peak.mpk", str(messages))
    return Figure(name, (float(printed),), 0)
