"""The resource monitor alone."""

from __future__ import annotations

import pytest

from nandtrace.workorder import HealthReport, MemoryPressure, Pressure, Reading, SlotAvailable
from nandtrace.workorder.events import HealthChanged
from nandtrace.workorder.listeners import Listeners
from nandtrace.workorder.monitor import ResourceMonitor
from tests.workorder.orders import MB, Memory, config_of


def _monitor(
    memory: Memory | None = None, **settings: object
) -> tuple[ResourceMonitor, list[object]]:
    listeners = Listeners()
    told: list[object] = []
    listeners.subscribe(told.append)
    limits = config_of(**settings).limits(is_virtual=True)
    return ResourceMonitor(limits, memory or Memory(), listeners), told


def _reading(used_mb: int) -> Reading:
    return Memory(used_mb).read()


def test_slots_are_taken_from_the_lowest_and_given_back() -> None:
    monitor, told = _monitor(slots=3)
    assert [monitor.acquire(order) for order in (10, 11, 12)] == [0, 1, 2]
    assert (monitor.has_free_slot, monitor.slots_free, monitor.slots) == (False, 0, 3)
    assert monitor.held() == [(0, 10), (1, 11), (2, 12)]
    assert monitor.release(2, 12)
    assert monitor.release(0, 10)
    assert monitor.acquire(13) == 0
    assert [monitor.holder(slot) for slot in range(3)] == [13, 11, None]
    assert told == [SlotAvailable(2), SlotAvailable(0)]


def test_a_slot_is_given_back_by_its_holder_only_and_once() -> None:
    monitor, told = _monitor()
    monitor.acquire(7)
    with pytest.warns(RuntimeWarning, match="slot 0 is not held by 8"):
        assert not monitor.release(0, 8)
    assert monitor.release(0, 7)
    for slot in (0, 5):
        with pytest.warns(RuntimeWarning, match=f"slot {slot} is not held by 7"):
            assert not monitor.release(slot, 7)
    assert (monitor.slots_free, told) == (1, [SlotAvailable(0)])


def test_a_certain_slot_can_be_taken() -> None:
    monitor, _ = _monitor(slots=4)
    monitor.take(1, 9)
    assert [monitor.acquire(order) for order in (1, 2, 3)] == [0, 2, 3]
    assert monitor.held()[1] == (1, 9)


@pytest.mark.parametrize(
    ("used_mb", "level"),
    [
        (0, "NONE"),
        (499, "NONE"),
        (500, "WARNING"),
        (749, "WARNING"),
        (750, "CRITICAL"),
        (1_000, "CRITICAL"),
    ],
)
def test_levels_begin_at_their_thresholds(used_mb: int, level: str) -> None:
    monitor, _ = _monitor(warning=0.5, critical=0.75)
    assert monitor.level_of(_reading(used_mb)) == level


def test_levels_are_exact_for_odd_totals() -> None:
    monitor, _ = _monitor(warning=0.333, critical=0.667)
    assert monitor.level_of(Reading(1_001, 668)) is Pressure.NONE
    assert monitor.level_of(Reading(1_001, 667)) is Pressure.WARNING
    assert monitor.level_of(Reading(3, 1)) is Pressure.WARNING
    assert monitor.level_of(Reading(3, 0)) is Pressure.CRITICAL


def test_equal_thresholds_leave_no_warning() -> None:
    monitor, _ = _monitor(warning=0.5, critical=0.5)
    assert [monitor.level_of(_reading(used)) for used in (499, 500)] == ["NONE", "CRITICAL"]


def test_a_level_is_told_when_it_changes() -> None:
    monitor, told = _monitor()
    changes = [monitor.note(_reading(used)) for used in (0, 850, 860, 950, 0)]
    assert changes == [False, True, False, True, True]
    assert told == [
        MemoryPressure(Pressure.WARNING, _reading(850)),
        MemoryPressure(Pressure.CRITICAL, _reading(950)),
        MemoryPressure(Pressure.NONE, _reading(0)),
    ]


@pytest.mark.parametrize(("settling", "fits"), [(0, True), (2, True), (3, False)])
def test_memory_is_asked_for_one_more_slot_and_those_that_settle(settling: int, fits: bool) -> None:
    monitor, _ = _monitor(memory_per_slot_mb=100)
    assert monitor.has_memory(_reading(700), settling) is fits


def test_health_needs_a_free_slot_and_no_critical_pressure() -> None:
    memory = Memory()
    monitor, told = _monitor(memory)
    assert not monitor.note_health()
    monitor.acquire(1)
    assert monitor.note_health()
    assert not monitor.note_health()
    monitor.release(0, 1)
    memory.used_mb = 950
    monitor.note(memory.read())
    assert not monitor.note_health()
    memory.used_mb = 850
    monitor.note(memory.read())
    assert monitor.note_health()
    reports = [event.report for event in told if isinstance(event, HealthChanged)]
    total = 1000 * MB
    assert reports == [
        HealthReport(False, 1, 0, Reading(total, total), Pressure.NONE, 0.25),
        HealthReport(True, 1, 1, Reading(total, 150 * MB), Pressure.WARNING, 0.25),
    ]


def test_health_can_be_asked_at_any_time() -> None:
    memory = Memory(100)
    monitor, _ = _monitor(memory, slots=2)
    monitor.acquire(1)
    assert monitor.health() == HealthReport(
        healthy=True,
        slots=2,
        slots_free=1,
        reading=memory.read(),
        pressure=Pressure.NONE,
        cpu=0.25,
    )


def test_without_listeners_no_report_is_made_of_a_change() -> None:
    memory = Memory()
    monitor = ResourceMonitor(config_of().limits(is_virtual=True), memory)
    monitor.acquire(1)
    assert monitor.note_health()
    assert memory.reads == 0
