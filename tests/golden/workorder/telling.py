"""What the goldens of work orders tell, in a few words an event."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from nandtrace.trace.event import Event
from tests.golden.reading import Story

Read = Callable[[str], Story]
Words = tuple[object, ...]

_WORDS = {
    "RUN_BEGIN": (),
    "RUN_END": ("end",),
    "MODE": ("mode", "until_ns"),
    "HANDLER": ("is_set",),
    "ENQUEUE": ("id", "depth"),
    "REFUSE": ("id", "refusal", "depth", "reserved"),
    "CLAIM": ("order", "attempt", "slot"),
    "HOLD": ("gate", "order", "until_ns"),
    "READY": ("order",),
    "COMPLETE": ("order",),
    "FAIL": ("order", "attempt", "cause", "state", "due_ns"),
    "RETRY": ("order",),
    "TERMINATE": ("order", "why", "deadline_ns"),
    "CANCEL": ("order", "reason"),
    "RELEASE": ("order", "slot", "forced"),
    "STRAY": ("order", "slot"),
    "PRESSURE": ("level",),
    "HEALTH": ("healthy",),
    "RESTART": (),
    "RECOVER": ("order", "state"),
}
_MS = 1_000_000


def words(event: Event) -> Words:
    """An event as its time in ms, its kind, and what matters of it; orders by their ids, times in ms.

    What is absent is left out, and so is a RELEASE's `forced` where it is not.
    """
    found: list[object] = [_ms(event.time_ns), event.kind]
    for name in _WORDS[event.kind]:
        value = event.fields.get(name)
        if value is not None and not (name == "forced" and not value):
            found.append(_ms(value) if name.endswith("_ns") else value)
    return tuple(found)


def telling(told: Story, *kinds: str, begin_ms: float = 0, end_ms: float = 1e9) -> list[Words]:
    """The events of some kinds, or all but the brackets of runs, from one time to before another, in words.

    Orders are called by their ids.
    """
    ids = {event.fields["order"]: event.fields["id"] for event in told.of("ENQUEUE")}
    return [
        _named(words(event), event, ids)
        for event in told.events
        if (event.kind in kinds if kinds else event.kind != "RUN_BEGIN")
        and begin_ms * _MS <= event.time_ns < end_ms * _MS
    ]


def _named(said: Words, event: Event, ids: dict[int, str]) -> Words:
    names = [name for name in _WORDS[event.kind] if event.fields.get(name) is not None]
    if "order" not in names:
        return said
    at = 2 + names.index("order")
    order = said[at]
    assert isinstance(order, int)
    return (*said[:at], ids[order], *said[at + 1 :])


def _ms(time_ns: int) -> float:
    """Exact: no golden has a finer time that matters but those that its test takes in ns."""
    return time_ns // _MS if time_ns % _MS == 0 else time_ns / _MS


def readings(events: Iterable[Event]) -> list[tuple[float, int]]:
    """When events have a reading, and the MB available in it."""
    return [
        (_ms(event.time_ns), event.fields["available_bytes"] // 2**20)
        for event in events
        if event.fields.get("available_bytes") is not None
    ]
