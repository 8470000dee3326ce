"""Reference checker: what a rule about work orders is given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.reference.log import Entry
from tests.reference.workorder.state import State


@dataclass
class Stretch:
    """One run: its events from RUN_BEGIN to RUN_END, and the header's device."""

    device: dict[str, Any]
    entries: list[Entry]
    started_ns: int | None = None
    """When this life of the scheduler was started, as far as that is known."""

    is_known: bool = True
    """Is the begin of this life in the trace?"""

    abandoned: list[tuple[int | None, int | None]] = field(default_factory=list)
    """The order and the slot of each handler that was abandoned and has not come back."""

    @property
    def within_ns(self) -> int:
        """How late a timer may be."""
        late: int = self.device["decision_within_ns"]
        return late

    def before(self, place: int) -> Entry | None:
        """The event before a place, None at the begin."""
        return self.entries[place - 1] if place > 0 else None

    def after(self, place: int) -> Entry | None:
        """The event after a place, None at the end."""
        return self.entries[place + 1] if place + 1 < len(self.entries) else None


class Rule:
    """Watches the events of one run. `state` is always the one before the event."""

    def __init__(self, run: Stretch) -> None:
        self.run = run
        self.device = run.device
        self.place = 0
        """Where in the run the event is that is seen."""

    def see(self, entry: Entry, state: State) -> Iterator[str]:
        """The invariants that this event breaks."""
        raise NotImplementedError
