"""Load a scenario: a TOML file, checked as a whole before anything runs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from nandtrace.errors import UsageError
from nandtrace.user_files import EntryError, check_entries, made_of, parse_toml, read_text
from nandtrace.vocab.workorder import OrderState
from nandtrace.workorder.config import SchedulerConfig
from nandtrace.workorder.probe import Reading
from nandtrace.workorder.scenario import Deed, Ending, Scenario, ScriptedOrder, Step
from nandtrace.workorder.values import bytes_of, duration_ns_of

MAX_BYTES = 4 << 20

_TOTAL_MB = 32_768
_KEYS_OF = {"order": (Deed.CANCEL, Deed.DEQUEUE), "grace_s": (Deed.STOP,), "known": (Deed.CRASH,)}
"""What a step may have beside its time, by what it does."""


def load_scenario(path: Path, seed: int | None = None) -> Scenario:
    """Load a scenario, with another seed where one is given.

    Raises UsageError that names the file, the entry and the reason.
    """
    plain = parse_toml(path, read_text(path, MAX_BYTES), _exact)
    try:
        check_entries("scenario", plain)
        return _scenario(path.stem, plain, plain.get("seed", 0) if seed is None else seed)
    except EntryError as error:
        raise UsageError(f"{path}: {error}") from error


def _exact(text: str) -> float:
    """A number of the file. Raises ValueError where a float would not keep all of its digits."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is no number to count with")
    if Decimal(repr(value)) != Decimal(text):
        raise ValueError(f"{text} has more digits than a number here may have")
    return value


# ---- what it says


def _scenario(name: str, plain: Mapping[str, Any], seed: int) -> Scenario:
    orders = [
        order
        for place, entry in enumerate(plain.get("orders", []))
        for order in _orders(f"orders[{place}]", entry)
    ]
    ids = {order.id for order in orders}
    until_s = plain.get("until_s")
    return Scenario(
        name=name,
        config=made_of(
            "scheduler", lambda: SchedulerConfig(**plain.get("scheduler", {}), seed=seed)
        ),
        until_ns=None if until_s is None else _time_ns("", "until_s", until_s),
        readings=tuple(_readings(plain.get("memory", {}))),
        orders=tuple(orders),
        steps=tuple(
            _step(f"steps[{place}]", entry, ids)
            for place, entry in enumerate(plain.get("steps", []))
        ),
        plain=plain,
    )


def _orders(place: str, entry: Mapping[str, Any]) -> Iterator[ScriptedOrder]:
    """The order of an entry, or as many as it counts."""
    order = ScriptedOrder(
        id=entry["id"],
        at_ns=_time_ns(place, "at_s", entry.get("at_s", 0)),
        priority=entry.get("priority", 0),
        max_retries=entry.get("max_retries"),
        prepare_ns=_time_ns(place, "prepare_s", entry.get("prepare_s", 0)),
        takes_ns=_time_ns(place, "takes_s", entry.get("takes_s", 0)),
        endings=tuple(map(Ending, entry.get("outcomes", [Ending.COMPLETE]))),
    )
    count = entry.get("count")
    if count is None:
        yield order
    else:
        yield from (replace(order, id=f"{order.id}-{number}") for number in range(count))


def _readings(memory: Mapping[str, Any]) -> Iterator[tuple[int, Reading]]:
    total_mb = memory.get("total_mb", _TOTAL_MB)
    total = made_of("memory", lambda: bytes_of(total_mb, "total_mb"))
    yield 0, _reading("memory", total, memory.get("available_mb", total_mb))
    before_ns = 0
    for number, entry in enumerate(memory.get("steps", [])):
        place = f"memory.steps[{number}]"
        at_ns = _time_ns(place, "at_s", entry["at_s"])
        if at_ns < before_ns:
            raise EntryError(f"{place}.at_s", "it comes before the step above it")
        yield at_ns, _reading(place, total, entry["available_mb"])
        before_ns = at_ns


def _reading(place: str, total: int, available_mb: float) -> Reading:
    return made_of(place, lambda: Reading(total, bytes_of(available_mb, "available_mb")))


def _step(place: str, entry: Mapping[str, Any], ids: Iterable[str]) -> Step:
    deed = Deed(entry["do"])
    for key, deeds in _KEYS_OF.items():
        if key in entry and deed not in deeds:
            raise EntryError(f"{place}.{key}", f"it does not go with {deed.value}")
    if deed in _KEYS_OF["order"] and "order" not in entry:
        raise EntryError(f"{place}.order", "is missing")
    known = {name: OrderState(state) for name, state in entry.get("known", {}).items()}
    for name in (*known, *([entry["order"]] if "order" in entry else [])):
        if name not in ids:
            raise EntryError(place, f"there is no order {name!r}")
    grace_s = entry.get("grace_s")
    if grace_s is not None:
        _time_ns(place, "grace_s", grace_s)
    return Step(
        at_ns=_time_ns(place, "at_s", entry["at_s"]),
        do=deed,
        order=entry.get("order"),
        grace_s=grace_s,
        known=known,
    )


def _time_ns(place: str, key: str, seconds: float) -> int:
    return made_of(place, lambda: duration_ns_of(seconds, key))
