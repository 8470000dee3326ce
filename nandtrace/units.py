"""Time units. Inside, time is an integer number of nanoseconds; microseconds exist only at the edges."""

from __future__ import annotations

import math

NS_PER_US = 1_000
NS_PER_MS = 1_000_000
QUANTUM_NS = 10
"""Simulated NAND time moves in steps of 10 ns."""

FLOAT_NOISE_US = 1e-6
"""What a float may be off its grid point by, in µs, and still be taken for it."""

MAX_FLOAT_US = 2.0**43
"""About 101 days. Beyond, rounding could take a float for the neighbour of the grid point it stands for."""


def us_to_ns(value_us: float) -> int:
    """Convert microseconds on the 0.01 µs grid to nanoseconds.

    An integer is exact. A float may be off the grid by `FLOAT_NOISE_US` and by one step of its own
    precision, which is the coarser of the two from 5e9 µs on. Raises ValueError, naming the value, when
    it is further off, or so large that floats no longer keep grid points apart.
    """
    if isinstance(value_us, int):
        return value_us * NS_PER_US
    if not math.isfinite(value_us):
        raise ValueError(f"{value_us!r} is not a time")
    if abs(value_us) >= MAX_FLOAT_US:
        raise ValueError(f"{value_us!r} µs is too large for a float to say it exactly")
    steps = value_us * (NS_PER_US // QUANTUM_NS)
    nearest = round(steps)
    off_us = abs(steps - nearest) * QUANTUM_NS / NS_PER_US
    if off_us > FLOAT_NOISE_US + math.ulp(value_us):
        raise ValueError(f"{value_us!r} µs is not a multiple of {QUANTUM_NS / NS_PER_US} µs")
    return nearest * QUANTUM_NS


def ns_to_us_text(value_ns: int) -> str:
    """Write nanoseconds as microseconds for a person, exactly and without trailing zeros: 7400.08."""
    sign = "-" if value_ns < 0 else ""
    whole, fraction = divmod(abs(value_ns), NS_PER_US)
    digits = f"{fraction:03d}".rstrip("0")
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"
