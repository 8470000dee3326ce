"""When a failed attempt is made again."""

from __future__ import annotations

import random

from nandtrace.trace.workorder_recorder import WorkOrderLimits

_STEPS_TO_ANY_CAP = 42_000
"""By so many steps of 1.001, the smallest that grows, even 1 ns is past the longest time there is."""


def nominal_delay_ns(limits: WorkOrderLimits, attempt: int) -> int:
    """The delay after a failed attempt, without jitter."""
    factor, steps = limits.backoff_factor_permille, min(attempt - 1, _STEPS_TO_ANY_CAP)
    grown: int = limits.backoff_ns * factor**steps // 1000**steps
    return min(grown, limits.backoff_cap_ns)


def retry_delay_ns(limits: WorkOrderLimits, seed: int, order_id: str, attempt: int) -> int:
    """The delay after a failed attempt, drawn from a stream of this order and attempt alone."""
    nominal = nominal_delay_ns(limits, attempt)
    low = nominal * (1000 - limits.jitter_permille) // 1000
    high = nominal * (1000 + limits.jitter_permille) // 1000
    stream = random.Random(f"backoff/{seed}/{attempt}/{order_id}")  # noqa: S311 - no secret
    return stream.randint(low, min(high, limits.backoff_cap_ns))
