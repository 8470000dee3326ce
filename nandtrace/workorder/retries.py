"""When a failed attempt is made again."""

from __future__ import annotations

import math
import random

from nandtrace.trace.workorder_recorder import WorkOrderLimits


def nominal_delay_ns(limits: WorkOrderLimits, attempt: int) -> int:
    """The delay after a failed attempt, without jitter."""
    base_ns, cap_ns, factor = (
        limits.backoff_ns,
        limits.backoff_cap_ns,
        limits.backoff_factor_permille,
    )
    if base_ns == 0 or factor == 1000 or base_ns >= cap_ns:
        return min(base_ns, cap_ns)
    # The numbers below grow with the steps, and past the cap they don't matter.
    steps_to_cap = math.ceil(math.log(cap_ns / base_ns) / math.log(factor / 1000)) + 1
    steps = min(attempt - 1, steps_to_cap)
    grown: int = base_ns * factor**steps // 1000**steps
    return min(grown, cap_ns)


def retry_delay_ns(limits: WorkOrderLimits, seed: int, order_id: str, attempt: int) -> int:
    """The delay after a failed attempt, drawn from a stream of this order and attempt alone."""
    nominal = nominal_delay_ns(limits, attempt)
    low = nominal * (1000 - limits.jitter_permille) // 1000
    high = nominal * (1000 + limits.jitter_permille) // 1000
    stream = random.Random(f"backoff/{seed}/{attempt}/{order_id}")  # noqa: S311 - no secret
    return stream.randint(low, min(high, limits.backoff_cap_ns))
