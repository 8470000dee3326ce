"""The events of a tape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

State = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TapeEvent:
    """One event. `fields` holds what the event has: a NULL and an empty list are left out.

    Names are strings, flags booleans, times nanoseconds; a list is a list of tuples in the order of its
    columns, None for NULL. A RUN_BEGIN or RUN_END may have a `snapshot`.
    """

    kind: str
    time_ns: int
    run: int
    fields: Mapping[str, Any]
    snapshot: State | None = None

    def get(self, name: str) -> Any:
        """A field, None where the event has none of that name."""
        return self.fields.get(name)
