"""The ledger of a graph's replay: offences name a node, an edge and a message."""

from __future__ import annotations

import polars as pl

from nandtrace.check import ledger
from nandtrace.check.graph.state import Edge, Node
from nandtrace.check.ledger import number

__all__ = ["Ledger", "number"]

_PLACES: dict[str, type[pl.DataType]] = {"node": pl.String, "edge": pl.String, "msg": pl.Int64}


class Ledger(ledger.Ledger):
    """Collects offences and counts by the id of an invariant."""

    def __init__(self) -> None:
        super().__init__(_PLACES)

    def offend(  # type: ignore[override]
        self,
        rule: str,
        at: int,
        expected: str,
        actual: str,
        *,
        node: Node | None = None,
        edge: Edge | None = None,
        msg: int | None = None,
    ) -> None:
        """Note an offence of the event at a position."""
        names = {"node": node.name if node else None, "edge": edge.id if edge else None}
        super().offend(rule, at, expected, actual, **names, msg=msg)
