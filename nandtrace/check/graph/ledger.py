"""The ledger of a graph's replay: offences name a node, an edge and a message."""

from __future__ import annotations

import polars as pl

from nandtrace.check import ledger
from nandtrace.check.graph.state import Edge, Node

_PLACES: dict[str, type[pl.DataType]] = {"node": pl.String, "edge": pl.String, "msg": pl.Int64}


class Ledger:
    """A ledger whose places are those of a graph; `count` and `finding` are its own."""

    def __init__(self) -> None:
        self._whole = ledger.Ledger(_PLACES)
        self.count = self._whole.count
        self.finding = self._whole.finding

    def offend(
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
        self._whole.offend(rule, at, expected, actual, **names, msg=msg)
