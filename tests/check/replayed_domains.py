"""The domains whose traces are replayed: their legal logs, and what is broken in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.check.graph.broken_edges import EDGES
from tests.check.graph.broken_life import CHECKPOINTS as GRAPH_CHECKPOINTS
from tests.check.graph.broken_life import LIFE as GRAPH_LIFE
from tests.check.graph.broken_life import SHUTDOWN
from tests.check.graph.broken_turns import TURNS
from tests.check.graph.stories import STORIES as GRAPH_STORIES
from tests.check.hand_made import Broken, HandMadeLog
from tests.check.workorder.broken_claims import CLAIMS
from tests.check.workorder.broken_life import CHECKPOINTS, LIFE
from tests.check.workorder.broken_orders import ORDERS
from tests.check.workorder.broken_slots import SLOTS
from tests.check.workorder.stories import STORIES


@dataclass(frozen=True)
class Replayed:
    """Stories by name, and the logs that break one of them."""

    stories: Mapping[str, Callable[[], HandMadeLog]]
    broken: list[Broken[Any]]


DOMAINS = {
    "graph": Replayed(GRAPH_STORIES, [*EDGES, *TURNS, *GRAPH_LIFE, *SHUTDOWN, *GRAPH_CHECKPOINTS]),
    "workorder": Replayed(STORIES, [*ORDERS, *SLOTS, *CLAIMS, *LIFE, *CHECKPOINTS]),
}
