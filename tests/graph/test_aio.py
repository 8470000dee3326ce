"""A graph in a program that runs by asyncio."""

from __future__ import annotations

import asyncio

import pytest

from nandtrace.graph import PutResult, RealClock, RunReport, Scheduler, SchedulerConfig
from nandtrace.graph.aio import run
from tests.graph.nodes import Actor, ListLog, Ticker, echo, graph, sayer, sink


def _real(*nodes: Actor) -> tuple[Scheduler, ListLog]:
    log = ListLog()
    scheduler = Scheduler(SchedulerConfig(idle_sleep_ms=0.5), clock=RealClock(), log=log)
    for node in nodes:
        scheduler.register(node)
    return scheduler, log


def test_a_graph_runs_beside_another_task() -> None:
    node = sayer("a", 0, inputs="in", message=echo)
    scheduler, log = graph(node, shutdown_timeout_s=1e-6)
    scheduler.connect("a:out", "a:in")
    turns_seen: list[int] = []

    async def watch() -> None:
        for _ in range(5):
            turns_seen.append(len(log.lines("TURN")))
            await asyncio.sleep(0)
        scheduler.shutdown()

    async def both() -> RunReport:
        report, _ = await asyncio.gather(run(scheduler), watch())
        return report

    report = asyncio.run(both())
    assert turns_seen == [64, 128, 192, 256, 320]
    assert (report.reason, report.turns) == ("REQUESTED", 6 * 64 + 1)


def test_other_tasks_may_send() -> None:
    target = sink("b")
    scheduler, log = _real(target)
    edge = scheduler.open_input("b:in", capacity=1)

    async def feed() -> list[PutResult]:
        results = []
        for number in range(3):
            results.append(scheduler.send(edge, number))
            while len(target.got) <= number:
                await asyncio.sleep(0)
        scheduler.shutdown()
        return results

    async def both() -> tuple[RunReport, list[PutResult]]:
        graph_task = asyncio.create_task(run(scheduler))
        await asyncio.sleep(0)
        results = await feed()
        return await graph_task, results

    report, results = asyncio.run(both())
    assert results == [PutResult.OK] * 3
    assert target.got == [0, 1, 2]
    assert (report.reason, report.leftovers) == ("REQUESTED", ())
    assert log.lines("IDLE")[0] == "IDLE -"


def test_a_cancelled_graph_drains_and_stops_its_nodes() -> None:
    stopped: list[str] = []
    target = sink("b", stop=lambda node: stopped.append("b"))
    source = Ticker("a", "", "out", tick=lambda node: node.say(node.ticked))
    scheduler, log = _real(source, target)
    scheduler.connect("a:out", "b:in")

    async def cancel() -> None:
        task = asyncio.create_task(run(scheduler))
        while not source.ticked:
            await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancel())
    assert stopped == ["b"]
    assert target.got == list(range(1, source.ticked + 1))
    assert log.lines("SHUTDOWN")[0].startswith("SHUTDOWN REQUESTED")
    assert log.lines()[-2:] == ["STOP b", "STOP a"]


def test_a_graph_may_end_by_its_time() -> None:
    scheduler, _ = graph(Ticker("a"))
    report = asyncio.run(run(scheduler, until_ms=10.5))
    assert (report.reason, report.ticks, report.time_ns) == ("UNTIL", 10, 10_500_000)
