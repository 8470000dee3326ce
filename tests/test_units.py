"""Conversions at the edges: exact, or an error that names the value."""

from __future__ import annotations

import pytest

from nandtrace.units import ns_to_us_text, us_to_ns


@pytest.mark.parametrize(
    ("us", "ns"),
    [
        (0, 0),
        (7400.08, 7_400_080),
        (-0.01, -10),
        (0.1 + 0.2, 300),
        (25.0000004, 25_000),
        (9_000_000_000.01, 9_000_000_000_010),
        (30_000_000_000.99, 30_000_000_000_990),
        (8_796_093_022_207.97, 8_796_093_022_207_970),
        (10**16, 10**19),
    ],
)
def test_times_on_the_grid(us: float, ns: int) -> None:
    assert us_to_ns(us) == ns


@pytest.mark.parametrize("us", [0.005, 7400.083, 25.000002, 9_000_000_000.015, 9_000_000_000.00001])
def test_times_off_the_grid_are_named(us: float) -> None:
    with pytest.raises(ValueError, match=f"{us!r} µs is not a multiple of 0.01 µs"):
        us_to_ns(us)


@pytest.mark.parametrize("us", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_time(us: float) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        us_to_ns(us)


def test_a_float_too_coarse_for_the_grid_is_refused_not_rounded() -> None:
    with pytest.raises(ValueError, match="too large for a float to say it exactly"):
        us_to_ns(2.0**43)


@pytest.mark.parametrize(
    ("ns", "text"), [(7_400_080, "7400.08"), (-10, "-0.01"), (0, "0"), (5_000, "5"), (1, "0.001")]
)
def test_nanoseconds_for_people(ns: int, text: str) -> None:
    assert ns_to_us_text(ns) == text
