"""What may be wrong with an entry of a profile, and the checks that several entries share."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from nandtrace.nand.profile import Profile
from nandtrace.units import QUANTUM_NS, ns_to_us_text
from nandtrace.vocab.nand import END

MAX_TIME_NS = 3_600_000_000_000
_QUOTED = 8


class ProfileError(ValueError):
    """A profile contradicts itself. `place` is the way to the entry, as a person would write it."""

    def __init__(self, place: str, reason: str) -> None:
        self.place = place
        self.reason = reason
        super().__init__(f"{place}: {reason}" if place else reason)


def quoted(names: Iterable[str]) -> str:
    """Names for a message, the first few of them."""
    items = list(islice(names, _QUOTED + 1))
    shown = [repr(name) for name in items[:_QUOTED]]
    return ", ".join([*shown, "…"] if len(items) > _QUOTED else shown)


def check_range(place: str, value: int, least: int, most: int) -> None:
    """Raise ProfileError for a number out of range."""
    if not least <= value <= most:
        raise ProfileError(place, f"{value} is not from {least} to {most}")


def check_time(place: str, time_ns: int, least_ns: int = 0) -> None:
    """Raise ProfileError for a time that is negative or too short, off the grid, or over an hour."""
    if time_ns < 0:
        raise ProfileError(place, f"a negative time: {ns_to_us_text(time_ns)} µs")
    if time_ns < least_ns:
        raise ProfileError(
            place, f"{ns_to_us_text(time_ns)} µs is less than {ns_to_us_text(least_ns)} µs"
        )
    if time_ns > MAX_TIME_NS:
        raise ProfileError(place, f"{ns_to_us_text(time_ns)} µs is more than an hour")
    if time_ns % QUANTUM_NS:
        raise ProfileError(place, f"{time_ns} ns is not a multiple of {QUANTUM_NS} ns")


def check_state_key(place: str, key: str, profile: Profile) -> None:
    """Raise ProfileError unless a key is BASE.STATE or BASE.END of a base of the profile."""
    base_name, _, state = key.partition(".")
    base = profile.op_bases.get(base_name)
    if base is None:
        raise ProfileError(place, f"there is no op base {base_name!r}")
    states = [*(item.name for item in base.states), END]
    if state not in states:
        raise ProfileError(place, f"{base_name} has no state {state!r}, only {quoted(states)}")
