"""The limits of a work-order scheduler as the header's `device` map tells them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal
from math import log

from nandtrace.check.rule_entries import Plain, word
from nandtrace.vocab.workorder import Policy, Pressure

_EXACT_POWERS = 64
_DIGITS = Context(prec=60)
"""Of a power; 19 of them are before the point."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the checker must know of a scheduler; times in ns, shares in thousandths.

    `max_depth` is None where the queue has no bound, `lease_ns` where attempts have no time limit.
    """

    slots: int
    memory_per_slot_bytes: int
    warning_permille: int
    critical_permille: int
    memory_gating: bool
    stagger_ns: int
    policy: Policy
    max_depth: int | None
    backoff_ns: int
    backoff_factor_permille: int
    backoff_cap_ns: int
    jitter_permille: int
    lease_ns: int | None
    terminate_grace_ns: int
    poll_ns: int
    resource_poll_ns: int
    settle_ns: int
    decision_within_ns: int

    @staticmethod
    def is_reading(total_bytes: int, available_bytes: int) -> bool:
        """Whether the memory can have been so."""
        return 0 <= available_bytes <= total_bytes and total_bytes > 0

    def level(self, total_bytes: int, available_bytes: int) -> Pressure:
        """The pressure that follows from a reading; both thresholds are inclusive."""
        used = (total_bytes - available_bytes) * 1000
        if used >= self.critical_permille * total_bytes:
            return Pressure.CRITICAL
        return Pressure.WARNING if used >= self.warning_permille * total_bytes else Pressure.NONE

    def delays_ns(self, attempt: int) -> tuple[int, int]:
        """The shortest and the longest delay of the retry after an attempt, the first is 1."""
        nominal = self._nominal_ns(max(attempt - 1, 0))
        shortest = nominal * (1000 - self.jitter_permille) // 1000
        longest = nominal * (1000 + self.jitter_permille) // 1000
        return shortest, min(longest, self.backoff_cap_ns)

    def _nominal_ns(self, failures: int) -> int:
        factor, cap_ns = self.backoff_factor_permille, self.backoff_cap_ns
        if not self.backoff_ns or factor == 1000:
            return min(self.backoff_ns, cap_ns)
        # A forged attempt can be any number: powers far beyond the cap are never computed.
        if failures * log(factor / 1000) > log((cap_ns + 1) / self.backoff_ns) + 1:
            return cap_ns
        if failures <= _EXACT_POWERS:
            grown: int = self.backoff_ns * factor**failures // 1000**failures
        else:
            # The exact power may have 100 000 digits, and no more than the cap has count.
            power = _DIGITS.power(Decimal(factor).scaleb(-3), failures)
            grown = int(_DIGITS.multiply(power, self.backoff_ns))
        return min(grown, cap_ns)


def limits_from_device(device: Plain) -> Limits:
    """Read the header's `device` map. Raises ValueError that names the entry that makes no sense."""
    _number(device, "stop_grace_ns")  # no rule asks for it: a stop may give another
    return Limits(
        slots=_number(device, "slots", 1),
        memory_per_slot_bytes=_number(device, "memory_per_slot_bytes"),
        warning_permille=_warning(device),
        critical_permille=_permille(device, "critical_permille"),
        memory_gating=_flag(device, "memory_gating"),
        stagger_ns=_number(device, "stagger_ns"),
        policy=word(device, "policy", Policy, Policy.FIFO, "device"),
        max_depth=_optional(device, "max_depth", 1),
        backoff_ns=_number(device, "backoff_ns"),
        backoff_factor_permille=_number(device, "backoff_factor_permille", 1000),
        backoff_cap_ns=_number(device, "backoff_cap_ns"),
        jitter_permille=_permille(device, "jitter_permille"),
        lease_ns=_optional(device, "lease_ns", 1),
        terminate_grace_ns=_number(device, "terminate_grace_ns"),
        poll_ns=_number(device, "poll_ns"),
        resource_poll_ns=_number(device, "resource_poll_ns", 1),
        settle_ns=_number(device, "settle_ns"),
        decision_within_ns=_number(device, "decision_within_ns"),
    )


def _number(plain: Plain, name: str, low: int = 0) -> int:
    value = plain.get(name)
    if type(value) is not int or not low <= value < 2**63:
        raise ValueError(f"device.{name} is {value!r}, not a number from {low} on")
    return value


def _optional(plain: Plain, name: str, low: int) -> int | None:
    return None if plain.get(name) is None else _number(plain, name, low)


def _permille(plain: Plain, name: str) -> int:
    value = _number(plain, name)
    if value > 1000:
        raise ValueError(f"device.{name} is {value}, not a number up to 1000")
    return value


def _warning(plain: Plain) -> int:
    """The pressure is WARNING before it is CRITICAL."""
    value, critical = _permille(plain, "warning_permille"), _permille(plain, "critical_permille")
    if value > critical:
        raise ValueError(
            f"device.warning_permille is {value}, above device.critical_permille, {critical}"
        )
    return value


def _flag(plain: Plain, name: str) -> bool:
    value = plain.get(name)
    if not isinstance(value, bool):
        raise ValueError(f"device.{name} is {value!r}, not true or false")  # noqa: TRY004
    return value
