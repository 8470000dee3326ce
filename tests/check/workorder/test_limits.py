"""The limits that the header tells: read, or refused with their place; and what follows from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from nandtrace.check import Verdict
from nandtrace.check.workorder.limits import limits_from_device
from nandtrace.vocab.workorder import Policy, Pressure
from tests.check.hand_made import verify
from tests.check.workorder.order_log import OrderLog, device, state


def test_limits_are_what_the_header_says() -> None:
    limits = limits_from_device(device(policy="priority", max_depth=3, lease_ns=7, slots=4))
    assert (limits.policy, limits.max_depth, limits.lease_ns) == (Policy.PRIORITY, 3, 7)
    assert (limits.slots, limits.memory_gating, limits.decision_within_ns) == (4, True, 0)


@pytest.mark.parametrize(
    ("total", "available", "level"),
    [
        (1000, 201, Pressure.NONE),
        (1000, 200, Pressure.WARNING),
        (1000, 101, Pressure.WARNING),
        (1000, 100, Pressure.CRITICAL),
        (1000, 0, Pressure.CRITICAL),
        (3, 1, Pressure.NONE),
        (2**62, 2**62 // 10, Pressure.CRITICAL),
        (2**62, 2**62 // 10 + 1, Pressure.WARNING),
        (0, 0, Pressure.CRITICAL),
    ],
)
def test_the_level_of_a_reading(total: int, available: int, level: Pressure) -> None:
    assert limits_from_device(device()).level(total, available) is level


@pytest.mark.parametrize(
    ("attempt", "delays"),
    [
        (1, (90, 110)),
        (2, (135, 165)),
        # 225 ns, and a tenth of it rounded down on both sides.
        (3, (202, 247)),
        # 337.5 ns are 337 before the jitter.
        (4, (303, 370)),
        (6, (683, 834)),
        # 1139 ns are more than the cap: the jitter goes below it only.
        (7, (900, 1000)),
        (2**62, (900, 1000)),
    ],
)
def test_delays_grow_up_to_the_cap(attempt: int, delays: tuple[int, int]) -> None:
    limits = limits_from_device(device(backoff_factor_permille=1500, jitter_permille=100))
    assert limits.delays_ns(attempt) == delays


@pytest.mark.parametrize(
    ("others", "delays"),
    [
        ({"backoff_ns": 0}, (0, 0)),
        ({"backoff_factor_permille": 1000}, (100, 100)),
        ({"backoff_cap_ns": 0}, (0, 0)),
        ({"jitter_permille": 1000, "backoff_factor_permille": 1000}, (0, 200)),
        ({"backoff_factor_permille": 10**9}, (1000, 1000)),
        ({"backoff_ns": 2**62}, (1000, 1000)),
    ],
    ids=str,
)
def test_delays_at_the_edges(others: dict[str, int], delays: tuple[int, int]) -> None:
    assert limits_from_device(device(**others)).delays_ns(50) == delays


def test_a_power_is_exact() -> None:
    limits = limits_from_device(device(backoff_factor_permille=1001, backoff_cap_ns=2**62))
    assert limits.delays_ns(3001) == (2005, 2005)


@pytest.mark.parametrize("backoff_ns", [1, 7, 10**9])
def test_a_power_of_many_digits_is_exact(backoff_ns: int) -> None:
    limits = limits_from_device(
        device(backoff_ns=backoff_ns, backoff_factor_permille=1001, backoff_cap_ns=2**62)
    )
    for attempt in (65, 66, 1000, 20_001, 41_001):
        power = backoff_ns * 1001 ** (attempt - 1) // 1000 ** (attempt - 1)
        assert limits.delays_ns(attempt) == (min(power, 2**62), min(power, 2**62))


def test_delays_of_ever_more_attempts_take_no_time_to_speak_of() -> None:
    limits = limits_from_device(
        device(backoff_ns=1, backoff_factor_permille=1001, backoff_cap_ns=2**62)
    )
    assert [limits.delays_ns(attempt)[0] for attempt in range(1, 43_100)][-1] == 2**62


WRONG = [
    ({"slots": 0}, "device.slots is 0, not a number from 1 on"),
    ({"slots": None}, "device.slots is None, not a number from 1 on"),
    ({"memory_gating": 1}, "device.memory_gating is 1, not true or false"),
    ({"policy": "lifo"}, "device.policy is 'lifo', not one of fifo, priority"),
    ({"max_depth": 0}, "device.max_depth is 0, not a number from 1 on"),
    ({"lease_ns": 0}, "device.lease_ns is 0, not a number from 1 on"),
    ({"lease_ns": 1.5}, "device.lease_ns is 1.5, not a number from 1 on"),
    ({"stagger_ns": True}, "device.stagger_ns is True, not a number from 0 on"),
    (
        {"backoff_factor_permille": 999},
        "device.backoff_factor_permille is 999, not a number from 1000 on",
    ),
    ({"jitter_permille": 1001}, "device.jitter_permille is 1001, not a number up to 1000"),
    ({"critical_permille": 1001}, "device.critical_permille is 1001, not a number up to 1000"),
    (
        {"warning_permille": 901},
        "device.warning_permille is 901, above device.critical_permille, 900",
    ),
    ({"resource_poll_ns": 0}, "device.resource_poll_ns is 0, not a number from 1 on"),
    ({"resource_poll_ns": None}, "device.resource_poll_ns is None, not a number from 1 on"),
    ({"stop_grace_ns": None}, "device.stop_grace_ns is None, not a number from 0 on"),
    ({"poll_ns": 2**63}, f"device.poll_ns is {2**63}, not a number from 0 on"),
]


@pytest.mark.parametrize(("wrong", "reason"), WRONG, ids=[reason for _, reason in WRONG])
def test_what_makes_no_sense_is_refused(wrong: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is compared whole
        limits_from_device(device(**wrong))
    assert str(caught.value) == reason


def test_a_trace_with_such_a_header_is_not_judged(tmp_path: Path) -> None:
    log = OrderLog(device(slots=0))
    log("RUN_BEGIN", state(log))
    verdict = verify(tmp_path / "a.mpk", log)
    assert verdict.verdict is Verdict.UNKNOWN
    assert "device.slots is 0, not a number from 1 on" in str(verdict.error)
