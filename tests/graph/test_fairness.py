"""Who is served next: credits across bands, round robin within one, the inputs of a node."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from nandtrace.graph import NullLog, Scheduler, SchedulerConfig, VirtualClock
from tests.graph.nodes import Actor, Ticker, echo, graph, sayer, sink


class _Turns(NullLog):
    """Keeps nothing but turns: names of nodes, and bands."""

    def __init__(self) -> None:
        super().__init__()
        self.nodes: list[str] = []
        self.bands: list[int] = []
        self.turn = self._keep

    def _keep(self, _: int, node: str, band: int) -> None:
        self.nodes.append(node)
        self.bands.append(int(band))


def _scheduler(**config: Any) -> tuple[Scheduler, _Turns]:
    log = _Turns()
    settings = SchedulerConfig(**{"max_batch_per_node": 1} | config)
    return Scheduler(settings, clock=VirtualClock(), log=log), log


def _add_hungry(scheduler: Scheduler, name: str, priority: str, **settings: Any) -> None:
    """Add a node that is always ready: it sends itself each message again."""
    scheduler.register(Actor(name, start=lambda node: node.say(0), message=echo, **settings))
    scheduler.connect(f"{name}:out", f"{name}:in", priority=priority)


def _overload(turns: int, peers: int = 1, **config: Any) -> _Turns:
    """The turns of a graph in which so many nodes of each band are always ready."""
    scheduler, log = _scheduler(**config)
    for priority in ("normal", "control", "high"):
        for peer in range(peers):
            _add_hungry(scheduler, f"{priority}{peer}", priority)
    scheduler.start()
    assert scheduler.advance(turns) == 0
    return log


# ---- across bands


def test_under_permanent_overload_bands_are_served_4_to_2_to_1() -> None:
    bands = _overload(70_000).bands
    assert Counter(bands) == {3: 40_000, 2: 20_000, 1: 10_000}
    assert bands == [3, 3, 3, 3, 2, 2, 1] * 10_000


def test_the_ratio_holds_however_many_peers_share_a_band() -> None:
    log = _overload(14_000, peers=5)
    assert log.bands == [3, 3, 3, 3, 2, 2, 1] * 2_000
    assert Counter(log.nodes) == {
        **{f"control{peer}": 1_600 for peer in range(5)},
        **{f"high{peer}": 800 for peer in range(5)},
        **{f"normal{peer}": 400 for peer in range(5)},
    }


@pytest.mark.parametrize(
    ("ratio", "cycle"),
    [
        ({"control": 1, "high": 3, "normal": 2}, [3, 2, 2, 2, 1, 1]),
        ({"normal": 3}, [3, 3, 3, 3, 2, 2, 1, 1, 1]),
        ({3: 1, 2: 1, 1: 1}, [3, 2, 1]),
    ],
)
def test_the_ratio_can_be_configured(ratio: dict[Any, int], cycle: list[int]) -> None:
    assert _overload(len(cycle) * 100, fairness_ratio=ratio).bands == cycle * 100


def test_a_normal_node_is_served_within_a_bounded_number_of_turns() -> None:
    nodes = _overload(10_500, peers=3).nodes
    turns = [turn for turn, name in enumerate(nodes) if name == "normal2"]
    assert turns == list(range(20, 10_500, 21))


def test_a_band_without_work_leaves_its_turns_to_the_others() -> None:
    scheduler, log = _scheduler()
    _add_hungry(scheduler, "h", "high")
    _add_hungry(scheduler, "n", "normal")
    scheduler.start()
    scheduler.advance(300)
    assert log.nodes == ["h", "h", "n"] * 100


def test_a_credit_buys_a_turn_however_many_messages_it_takes() -> None:
    scheduler, log = _scheduler(max_batch_per_node=8)
    _add_hungry(scheduler, "h", "high")
    _add_hungry(scheduler, "n", "normal")
    deliveries: Counter[str] = Counter()
    log.deliver = lambda _, __, node, *rest: deliveries.update([node])
    scheduler.start()
    scheduler.advance(300)
    assert log.nodes == ["h", "h", "n"] * 100
    assert deliveries == {"h": 1_600, "n": 800}


def test_a_control_node_waits_for_at_most_three_turns_of_others() -> None:
    scheduler, log = _scheduler()
    target = sink("c")
    scheduler.register(target)
    _add_hungry(scheduler, "h", "high")
    _add_hungry(scheduler, "n", "normal")
    edge = scheduler.open_input("c:in", priority="control")
    scheduler.start()
    waits: Counter[int] = Counter()
    for number in range(5_000):
        scheduler.advance(1 + number % 11)
        for _ in range(number % 9):
            before = len(log.nodes)
            scheduler.send(edge, number)
            while log.nodes[-1] != "c" or len(log.nodes) == before:
                scheduler.advance(1)
            waits[len(log.nodes) - before - 1] += 1
    assert set(waits) == {0, 1, 2, 3}
    assert len(target.got) == sum(waits.values())


def test_the_fifth_control_message_in_a_row_lets_others_pass() -> None:
    scheduler, log = _scheduler()
    scheduler.register(sayer("s", 1, 2, 3, 4, 5)).register(sink("c"))
    scheduler.connect("s:out", "c:in", priority="control")
    _add_hungry(scheduler, "h", "high")
    _add_hungry(scheduler, "n", "normal")
    scheduler.start()
    scheduler.advance(8)
    assert log.nodes == ["c", "c", "c", "c", "h", "h", "n", "c"]


def test_idling_changes_no_credits() -> None:
    """The control band spends its four turns over 4 ms; at the fifth, the high band has its own left."""
    scheduler, log = _scheduler()
    scheduler.register(Ticker("c", "", "", priority_override="control"))
    scheduler.register(Ticker("h", "", "", priority_override="high", desired_tick_interval_ms=5))
    scheduler.run(until_ms=5.5)
    assert log.nodes == ["c", "c", "c", "c", "h", "c"]


# ---- within a band


@pytest.mark.parametrize("peers", [2, 3, 7])
def test_always_ready_peers_differ_by_at_most_one_turn_at_any_time(peers: int) -> None:
    log = _overload(4_200, peers=peers)
    for priority in ("control", "high", "normal"):
        names = [f"{priority}{peer}" for peer in range(peers)]
        turns = dict.fromkeys(names, 0)
        for node in log.nodes:
            if node in turns:
                turns[node] += 1
                assert max(turns.values()) - min(turns.values()) <= 1
        assert min(turns.values()) >= 85


def test_a_node_that_becomes_ready_waits_behind_those_that_were() -> None:
    scheduler, log = _scheduler()
    scheduler.register(sink("late"))
    edge = scheduler.open_input("late:in")
    for name in "abc":
        _add_hungry(scheduler, name, "normal")
    scheduler.start()
    scheduler.advance(4)
    scheduler.send(edge, 1)
    scheduler.advance(5)
    assert log.nodes == ["a", "b", "c", "a", "b", "c", "a", "late", "b"]


def test_a_node_that_is_ready_throughout_keeps_its_place() -> None:
    """More messages for a node that waits already do not move it."""
    scheduler, log = _scheduler()
    scheduler.register(sink("x"))
    edge = scheduler.open_input("x:in")
    _add_hungry(scheduler, "a", "normal")
    _add_hungry(scheduler, "b", "normal")
    scheduler.start()
    scheduler.advance(1)
    for number in range(3):
        scheduler.send(edge, number)
        scheduler.advance(1)
    assert log.nodes == ["a", "b", "a", "x"]


# ---- a node's band


def test_a_nodes_band_is_that_of_the_highest_input_it_may_take_from() -> None:
    node = Actor("x", "in knob", "")
    scheduler, log = graph(
        sayer("s", 1, 2), sayer("k", 9), node, sayer("o", 0), sink("y"), max_batch_per_node=1
    )
    scheduler.connect("s:out", "x:in")
    scheduler.connect("k:out", "x:knob", priority="high")
    scheduler.connect("o:out", "y:in")
    scheduler.run()
    assert log.lines("TURN") == ["TURN x 2", "TURN y 1", "TURN x 1", "TURN x 1"]
    assert node.got == [9, 1, 2]


def test_a_due_tick_alone_makes_a_node_normal() -> None:
    scheduler, log = graph(Ticker("a", "", ""))
    scheduler.run(until_ms=1.5)
    assert log.lines("TURN") == ["TURN a 1"]


@pytest.mark.parametrize(("override", "band"), [("control", 3), ("normal", 1), (2, 2)])
def test_a_priority_override_stands_in_place_of_all_that(override: str | int, band: int) -> None:
    ticker = Ticker("t", "", "", priority_override=override)
    target = sink("x", priority_override=override)
    scheduler, log = graph(sayer("s", 1), ticker, target)
    scheduler.connect("s:out", "x:in", priority="high")
    scheduler.run(until_ms=1.5)
    assert log.lines("TURN") == [f"TURN x {band}", f"TURN t {band}"]


def test_an_override_does_not_change_the_order_of_a_nodes_inputs() -> None:
    node = Actor("x", "in knob", "", priority_override="normal")
    scheduler, _ = graph(sayer("s", 1, 2), sayer("k", 8, 9), node)
    scheduler.connect("s:out", "x:in")
    scheduler.connect("k:out", "x:knob", priority="control")
    scheduler.run()
    assert node.got == [8, 9, 1, 2]


def test_a_message_of_a_higher_band_moves_a_node_that_waits() -> None:
    scheduler, log = _scheduler()
    scheduler.register(Actor("x", "in knob", ""))
    data, knob = scheduler.open_input("x:in"), scheduler.open_input("x:knob", priority=3)
    _add_hungry(scheduler, "a", "normal")
    _add_hungry(scheduler, "b", "normal")
    scheduler.start()
    scheduler.advance(1)
    scheduler.send(data, 1)
    scheduler.advance(1)
    scheduler.send(knob, 2)
    scheduler.advance(4)
    assert log.nodes == ["a", "b", "x", "a", "b", "x"]
    assert log.bands == [1, 1, 3, 1, 1, 1]


def test_another_priority_of_its_edge_moves_a_node_that_waits() -> None:
    scheduler, log = _scheduler()
    scheduler.register(sink("x"))
    edge = scheduler.open_input("x:in")
    _add_hungry(scheduler, "h", "high")
    scheduler.start()
    scheduler.send(edge, 1)
    scheduler.send(edge, 2)
    scheduler.set_priority(edge, "control")
    scheduler.advance(1)
    scheduler.set_priority(edge, "normal")
    scheduler.advance(4)
    assert log.nodes == ["x", "h", "h", "x", "h"]
    assert log.bands == [3, 2, 2, 1, 2]


# ---- the inputs of a node


def _fan_in(batch: int, *feeds: tuple[str, list[int]]) -> list[int]:
    """What a node gets from inputs with these priorities and payloads."""
    target = sink("x")
    feeders = [sayer(f"f{number}", *payloads) for number, (_, payloads) in enumerate(feeds)]
    scheduler, _ = graph(*feeders, target, max_batch_per_node=batch)
    for feeder, (priority, _) in zip(feeders, feeds, strict=True):
        scheduler.connect(f"{feeder.name}:out", "x:in", priority=priority)
    scheduler.run()
    return target.got


@pytest.mark.parametrize("batch", [1, 2, 8])
def test_inputs_of_equal_priority_are_read_in_turn(batch: int) -> None:
    feeds = (("normal", [1, 2, 3]), ("normal", [10, 20]), ("normal", [100, 200, 300]))
    assert _fan_in(batch, *feeds) == [1, 10, 100, 2, 20, 200, 3, 300]


def test_the_input_of_the_highest_priority_is_read_first() -> None:
    feeds = (("normal", [1, 2]), ("control", [7, 8]), ("high", [4, 5]))
    assert _fan_in(8, *feeds) == [7, 8, 4, 5, 1, 2]


def test_a_busy_input_does_not_starve_its_peer() -> None:
    target = Actor(
        "x",
        "in",
        "out",
        message=lambda node, port, message: (
            node.say(message.payload) if message.payload < 100 else None
        ),
    )
    scheduler, _ = graph(sayer("s", *range(200, 205)), target)
    target._start = lambda node: node.say(0)
    scheduler.connect("x:out", "x:in")
    scheduler.connect("s:out", "x:in")
    scheduler.start()
    scheduler.advance(2)
    assert target.got == [0, 200, 0, 201, 0, 202, 0, 203, 0, 204, 0, 0, 0, 0, 0, 0]


def test_a_turn_takes_at_most_a_batch_over_all_inputs() -> None:
    target = sink("x")
    scheduler, log = graph(
        sayer("a", *range(7)), sayer("b", *range(7)), target, max_batch_per_node=5
    )
    scheduler.connect("a:out", "x:in")
    scheduler.connect("b:out", "x:in", priority="high")
    scheduler.run()
    turns = "".join(line[0] for line in log.lines("TURN", "DELIVER"))
    assert turns == "TDDDDDTDDDDDTDDDD"
    assert log.lines("TURN") == ["TURN x 2", "TURN x 2", "TURN x 1"]
