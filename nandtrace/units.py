"""Time units. Inside, time is an integer number of nanoseconds; microseconds exist only at the edges."""

from __future__ import annotations

import math

NS_PER_US = 1_000
QUANTUM_NS = 10
"""Simulated NAND time moves in steps of 10 ns."""

FLOAT_NOISE_US = 1e-6
"""What a float may be off its grid point by, in µs, and still be taken for it."""


def us_to_ns(value_us: float) -> int:
    """Convert microseconds on the 0.01 µs grid to nanoseconds.

    Raises ValueError, naming the value, when it is further than `FLOAT_NOISE_US` off the grid.
    """
    steps = value_us * (NS_PER_US // QUANTUM_NS)
    if not math.isfinite(steps):
        raise ValueError(f"{value_us!r} is not a time")
    nearest = round(steps)
    if abs(steps - nearest) * QUANTUM_NS / NS_PER_US > FLOAT_NOISE_US:
        raise ValueError(f"{value_us!r} µs is not a multiple of {QUANTUM_NS / NS_PER_US} µs")
    return nearest * QUANTUM_NS


def ns_to_us_text(value_ns: int) -> str:
    """Write nanoseconds as microseconds for a person, exactly and without trailing zeros: 7400.08."""
    sign = "-" if value_ns < 0 else ""
    whole, fraction = divmod(abs(value_ns), NS_PER_US)
    digits = f"{fraction:03d}".rstrip("0")
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"
