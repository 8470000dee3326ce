"""Time units. Inside, time is an integer number of nanoseconds; microseconds exist only at the edges."""

from __future__ import annotations

import math
import re
from decimal import Decimal

NS_PER_US = 1_000
NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000
BYTES_PER_MB = 2**20
QUANTUM_NS = 10
"""Simulated NAND time moves in steps of 10 ns."""

FLOAT_NOISE_US = 1e-6
"""What a float may be off its grid point by, in µs, and still be taken for it."""

MAX_FLOAT_US = 2.0**43
"""About 101 days. Beyond, rounding could take a float for the neighbour of the grid point it stands for."""

_UNITS_NS = {
    "ns": 1,
    "us": NS_PER_US,
    "µs": NS_PER_US,
    "μs": NS_PER_US,
    "ms": NS_PER_MS,
    "s": NS_PER_S,
    "": NS_PER_US,
}
_DURATION = re.compile(r"([0-9]{1,19}(?:\.[0-9]{1,9})?)\s*([a-zµμ]*)", re.ASCII | re.IGNORECASE)
_MAX_DURATION_NS = 2**60


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


def s_to_ns(value_s: float) -> int:
    """Convert seconds to nanoseconds. A float counts as the decimal number that it is written as.

    Raises ValueError, naming the value, where it is no time or no whole number of nanoseconds.
    """
    if not math.isfinite(value_s):
        raise ValueError(f"{value_s!r} is not a time")
    value_ns = Decimal(str(value_s)) * NS_PER_S
    if value_ns != int(value_ns):
        raise ValueError(f"{value_s!r} s is not a whole number of ns")
    return int(value_ns)


def duration_ns(text: str, quantum_ns: int = QUANTUM_NS) -> int:
    """The ns of `10ms`, `500us`, `1.5s`, `20ns`; a plain number is µs.

    Raises ValueError for what is no duration, is zero, or lies off the grid of simulated time.
    """
    found = _DURATION.fullmatch(text.strip())
    unit_ns = _UNITS_NS.get(found[2].lower()) if found else None
    if found is None or unit_ns is None:
        raise ValueError(f"{text!r} is no duration: a number with ns, us, ms or s")
    value_ns = Decimal(found[1]) * unit_ns
    if value_ns % quantum_ns:
        raise ValueError(f"{text!r} is not a multiple of {quantum_ns} ns")
    if not 0 < value_ns < _MAX_DURATION_NS:
        raise ValueError(f"{text!r} is not between {quantum_ns} ns and 36 years")
    return int(value_ns)


def ns_to_us_text(value_ns: int) -> str:
    """Write nanoseconds as microseconds for a person, exactly and without trailing zeros: 7400.08."""
    sign = "-" if value_ns < 0 else ""
    whole, fraction = divmod(abs(value_ns), NS_PER_US)
    digits = f"{fraction:03d}".rstrip("0")
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"
