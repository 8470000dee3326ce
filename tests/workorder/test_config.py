"""Configuration: what is refused, and what stands in a trace's header."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, asdict

import pytest

from nandtrace.errors import UsageError, WorkOrderError
from nandtrace.workorder import Policy, SchedulerConfig


def test_the_defaults_as_a_header_has_them() -> None:
    assert asdict(SchedulerConfig().limits(is_virtual=False)) == {
        "slots": 2,
        "memory_per_slot_bytes": 4_294_967_296,
        "warning_permille": 800,
        "critical_permille": 900,
        "memory_gating": True,
        "stagger_ns": 5_000_000_000,
        "policy": "fifo",
        "max_depth": None,
        "backoff_ns": 1_000_000_000,
        "backoff_factor_permille": 2_000,
        "backoff_cap_ns": 60_000_000_000,
        "jitter_permille": 100,
        "lease_ns": None,
        "stop_grace_ns": 30_000_000_000,
        "terminate_grace_ns": 5_000_000_000,
        "poll_ns": 1_000_000_000,
        "resource_poll_ns": 5_000_000_000,
        "settle_ns": 0,
        "decision_within_ns": 1_000_000_000,
    }


def test_by_a_virtual_clock_nothing_is_late() -> None:
    limits = SchedulerConfig(late_s=3, lease_s=0.5, max_depth=7).limits(is_virtual=True)
    assert (limits.decision_within_ns, limits.lease_ns, limits.max_depth) == (0, 500_000_000, 7)


def test_policies_are_words() -> None:
    for policy in ("priority", Policy.PRIORITY):
        assert SchedulerConfig(policy=policy).limits(is_virtual=True).policy is Policy.PRIORITY


def test_a_configuration_is_frozen() -> None:
    config = SchedulerConfig()
    with pytest.raises(FrozenInstanceError):
        config.slots = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [
        ("slots", 0, "slots is 0, not a whole number from 1 on"),
        ("slots", 1.5, "slots is 1.5, not a whole number"),
        ("slots", True, "slots is True, not a whole number"),
        ("slots", "2", "slots is '2', not a whole number"),
        ("memory_per_slot_mb", -1, "memory_per_slot_mb is -1, not a size from 0 MB on"),
        ("memory_per_slot_mb", float("nan"), "memory_per_slot_mb is nan"),
        ("memory_per_slot_mb", float("inf"), "memory_per_slot_mb is inf"),
        ("memory_gating", 1, "memory_gating is 1, not true or false"),
        ("warning", -0.1, "warning is -0.1, not a number from 0.0 to 1.0"),
        ("warning", 0.95, "warning is 0.95, above critical, 0.9"),
        ("critical", 1.1, "critical is 1.1, not a number from 0.0 to 1.0"),
        ("critical", 0.9005, "critical is 0.9005; it has at most three decimals"),
        ("critical", "0.9", "critical is '0.9', not a number"),
        ("stagger_s", -1, "stagger_s is -1, not a time from 0 s on"),
        ("stagger_s", float("nan"), "stagger_s is nan, not a time"),
        ("stagger_s", 1e300, "stagger_s is 1e\\+300, not a time"),
        ("stagger_s", 1e-10, "stagger_s: "),
        ("stagger_s", None, "stagger_s is None, not a time"),
        ("policy", "lifo", "policy: 'lifo' is none of fifo, priority"),
        ("max_depth", 0, "max_depth is 0, not a whole number from 1 on"),
        ("max_retries", -1, "max_retries is -1, not a whole number from 0 on"),
        ("max_retries", 2**31, "max_retries is 2147483648"),
        ("backoff_s", -1, "backoff_s is -1, not a time"),
        ("backoff_factor", 0.999, "backoff_factor is 0.999, not a number from 1.0 to 1000.0"),
        ("backoff_factor", 1000.5, "backoff_factor is 1000.5"),
        ("backoff_cap_s", -1, "backoff_cap_s is -1, not a time"),
        ("jitter", 1.001, "jitter is 1.001, not a number from 0.0 to 1.0"),
        ("lease_s", 0, "lease_s is 0; it takes a positive time"),
        ("stop_grace_s", -1, "stop_grace_s is -1, not a time"),
        ("terminate_grace_s", -1, "terminate_grace_s is -1, not a time"),
        ("poll_s", 0, "poll_s is 0; it takes a positive time"),
        ("resource_poll_s", 0, "resource_poll_s is 0; it takes a positive time"),
        ("settle_s", -1, "settle_s is -1, not a time"),
        ("late_s", 0, "late_s is 0; it takes a positive time"),
        ("seed", -1, "seed is -1, not a whole number from 0 on"),
        ("seed", 2**63, "seed is 9223372036854775808"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_name(
    setting: str, value: object, reason: str
) -> None:
    with pytest.raises(WorkOrderError, match=f"^{reason}") as caught:
        SchedulerConfig(**{setting: value})
    assert isinstance(caught.value, UsageError)
    assert isinstance(caught.value, ValueError)
