"""What the goldens of graphs tell, in a few words an event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from nandtrace.trace.event import Event
from tests.golden.reading import Story

Read = Callable[[str], Story]

_WORDS = {
    "TURN": ("node", "band"),
    "TICK": ("node", "due_ns", "missed"),
    "PUT": ("msg", "result"),
    "FLUSH": ("msg", "depth"),
    "GET": ("msg", "depth"),
    "DELIVER": ("msg", "node", "attempt"),
    "MUTATE": ("what", "old", "new", "depth"),
    "ERROR": ("node", "call", "disposition", "error"),
    "DISABLE": ("node", "edge"),
    "SHUTDOWN": ("reason", "deadline_ns"),
    "LEFTOVER": ("msg", "place"),
}


def words(event: Event) -> tuple[object, ...]:
    """An event as its time in ns, its kind, and what matters most of it."""
    names = _WORDS.get(event.kind, ("node",))
    return event.time_ns, event.kind, *(event.fields.get(name) for name in names)


def between(told: Story, begin_ns: int, end_ns: int) -> list[tuple[object, ...]]:
    """All events from one time to before another, in words."""
    return [words(event) for event in told.events if begin_ns <= event.time_ns < end_ns]


def turns(told: Story) -> list[tuple[str, int]]:
    """Every turn: the node and the band that was served."""
    return [(event.fields["node"], event.fields["band"]) for event in told.of("TURN")]


def moments(told: Story, *kinds: str, **fields: object) -> list[tuple[str, int]]:
    """The events of some kinds: kind and time in ns."""
    return [
        (event.kind, event.time_ns)
        for event in told.events
        if event.kind in kinds and fields.items() <= event.fields.items()
    ]


def results(told: Story, edge: str) -> Counter[str]:
    """What became of the messages that were put on an edge."""
    return Counter(event.fields["result"] for event in told.of("PUT", edge=edge))


def delivered(told: Story, node: str) -> list[int]:
    """The messages that a node was given, in order."""
    return [event.fields["msg"] for event in told.of("DELIVER", node=node)]


def left_over(told: Story) -> dict[tuple[str, str], list[int]]:
    """Messages left over, by edge and place."""
    found: dict[tuple[str, str], list[int]] = {}
    for event in told.of("LEFTOVER"):
        place = event.fields["edge"], event.fields["place"]
        found.setdefault(place, []).append(event.fields["msg"])
    return found


def names(events: Iterable[Event]) -> list[str]:
    """The nodes of some events."""
    return [event.fields["node"] for event in events]
