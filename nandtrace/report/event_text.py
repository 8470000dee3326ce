"""How an event looks: as a line of text, and as an object of JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from nandtrace.report.plain import bare_or_quoted, compact, flatten, outline
from nandtrace.trace.event import Event
from nandtrace.trace.header import Header
from nandtrace.units import NS_PER_US, ns_to_us_text
from nandtrace.vocab import GRAPH, ColumnType, Kind, Vocabulary
from nandtrace.vocab.graph import Band

_NS, _US = "_ns", "_us"


def time_text(time_ns: int) -> str:
    """A time in µs with three decimals, so that columns of it line up."""
    whole, fraction = divmod(abs(time_ns), NS_PER_US)
    return f"{'-' if time_ns < 0 else ''}{whole}.{fraction:03d}"


class EventText:
    """Writes events of one vocabulary.

    A line holds sequence number, run, time in µs, kind and fields: times in µs, an absent item of a
    list as `-`, a list's items as `die.plane.block.page`, in the order of its columns. A graph's bands
    are written by their names.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._writers = {kind.name: _field_writers(kind) for kind in vocabulary.kinds}
        if vocabulary.domain == GRAPH.domain and "TURN" in self._writers:
            self._writers["TURN"]["band"] = _band_text
        self._lists = {
            (kind.name, item.name): tuple(column.name for column in item.columns)
            for kind in vocabulary.kinds
            for item in kind.lists
        }

    def line(self, event: Event, with_seq: bool = True) -> str:
        """One line, without an end of line."""
        writers = self._writers.get(event.kind, {})
        fields = " ".join([writers[name](value) for name, value in event.fields.items()])
        lead = f"{event.seq:>9} " if with_seq else ""
        head = f"{lead}{event.run:>4} {time_text(event.time_ns):>14} {event.kind:<12}"
        return f"{head} {fields}" if fields else head.rstrip()

    def field(self, kind: str, name: str, value: Any) -> str:
        """One field as a line shows it: `end_us=7419.82`."""
        return self._writers[kind][name](value)

    def json_object(self, event: Event) -> dict[str, Any]:
        """The event as plain JSON: times in ns, a list's items as objects."""
        return {
            "seq": event.seq,
            "run": event.run,
            "time_ns": event.time_ns,
            "kind": event.kind,
            "fields": {
                name: self.json_value(event.kind, name, value)
                for name, value in event.fields.items()
            },
        }

    def json_value(self, kind: str, name: str, value: Any) -> Any:
        """One field's value as plain JSON."""
        columns = self._lists.get((kind, name))
        if columns is None or not isinstance(value, list):
            return value
        return [
            {key: item for key, item in zip(columns, row, strict=True) if item is not None}
            for row in value
        ]


def header_lines(header: Header) -> Iterator[str]:
    """Domain, identity and device, one leaf a line."""
    yield f"domain: {header.domain}"
    yield from map_lines("identity", header.identity)
    yield from map_lines("device", header.device)


def short_header_lines(header: Header) -> Iterator[str]:
    """The same, but large parts, as a profile's ops, are counted only."""
    yield f"domain: {header.domain}"
    for name, plain, depth in (("identity", header.identity, 2), ("device", header.device, 1)):
        for path, text in outline(plain, name, _MOST_LEAVES, depth) if plain else ():
            yield f"{path}: {text}"


_MOST_LEAVES = 16


def map_lines(name: str, plain: Mapping[str, Any]) -> Iterator[str]:
    """A map's leaves as `name.key: value`; nothing for an empty one."""
    for path, text in flatten(plain, name) if plain else ():
        yield f"{path}: {text}"


def snapshot_lines(state: Mapping[str, Any]) -> Iterator[str]:
    """A snapshot's fields in compact form, one a line; of a list of maps one line an entry."""
    for name, value in state.items():
        label = bare_or_quoted(str(name))
        lines = flatten(value, label) if isinstance(value, list) else [(label, compact(value))]
        yield from (f"{path}={text}" for path, text in lines)


def _field_writers(kind: Kind) -> dict[str, Callable[[Any], str]]:
    writers = {column.name: _field_writer(column.name, column.type) for column in kind.columns}
    return writers | {item.name: _list_writer(item.name) for item in kind.lists}


def _field_writer(name: str, column_type: ColumnType) -> Callable[[Any], str]:
    lead = f"{name}="
    if column_type == ColumnType.TIME:
        lead = f"{name.removesuffix(_NS)}{_US}="
        return lambda value: lead + ns_to_us_text(value)
    if column_type == ColumnType.NAME:
        quoted = lru_cache(maxsize=4096)(bare_or_quoted)
        return lambda value: lead + quoted(value)
    if column_type == ColumnType.FLAG:
        words = {True: f"{lead}yes", False: f"{lead}no"}
        return lambda value: words.get(value) or f"{lead}{value}"
    return lambda value: lead + str(value)


def _band_text(value: Any) -> str:
    return f"band={_BANDS.get(value, value)}"


_BANDS = {band.value: band.name.lower() for band in Band}


def _list_writer(name: str) -> Callable[[Any], str]:
    def write(rows: list[tuple[Any, ...]]) -> str:
        items = [".".join(["-" if part is None else str(part) for part in row]) for row in rows]
        return f"{name}={','.join(items)}"

    return write
