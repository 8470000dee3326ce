"""The peer: the same hand-overs by SimPy, with processes, and stores of the same capacity.

SimPy has no bands, types, policies or errors to look after, and keeps no log.
"""

from __future__ import annotations

from collections.abc import Generator
from itertools import pairwise
from typing import Any

import simpy

from benchmarks.graph_shapes import CAPACITY, SOURCES_A_BAND, TICK_MS
from nandtrace.vocab.graph import Band

Process = Generator[simpy.Event, Any, None]


def run_chain(messages: int, relays: int) -> None:
    """A source, so many relays and a sink in a row."""
    env = simpy.Environment()
    stores = [simpy.Store(env, CAPACITY) for _ in range(relays + 1)]
    env.process(_source(stores[0], messages))
    for taken, given in pairwise(stores):
        env.process(_relay(taken, given))
    received = [0]
    env.process(_sink(stores[-1], received))
    env.run()
    _check(received[0], messages)


def run_overload(messages: int) -> None:
    """Nine sources, each with a store, as it has an edge in the graph, and a process that reads it."""
    env = simpy.Environment()
    received = [0]
    for _ in Band:
        for _ in range(SOURCES_A_BAND):
            store = simpy.Store(env, CAPACITY)
            env.process(_source(store, messages))
            env.process(_sink(store, received))
    env.run()
    _check(received[0], len(Band) * SOURCES_A_BAND * messages)


def run_tickers(nodes: int, ticks: int) -> None:
    """Processes that wait for the same times."""
    env = simpy.Environment()
    done = [0]
    for _ in range(nodes):
        env.process(_ticker(env, ticks, done))
    env.run()
    _check(done[0], nodes * ticks)


def _source(given: simpy.Store, messages: int) -> Process:
    for number in range(messages):
        yield given.put(number)


def _relay(taken: simpy.Store, given: simpy.Store) -> Process:
    while True:
        payload = yield taken.get()
        yield given.put(payload)


def _sink(taken: simpy.Store, received: list[int]) -> Process:
    while True:
        yield taken.get()
        received[0] += 1


def _ticker(env: simpy.Environment, ticks: int, done: list[int]) -> Process:
    for _ in range(ticks):
        yield env.timeout(TICK_MS)
        done[0] += 1


def _check(done: int, expected: int) -> None:
    if done != expected:
        raise RuntimeError(f"SimPy handed on {done} of {expected}")
