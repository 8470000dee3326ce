"""How a comparison of two traces looks: lines for a person, one object for a program."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any

from nandtrace.diff import ABSENT, Absent, Aftermath, Change, Divergence, Result, TraceDiff
from nandtrace.diff.model import SideFacts
from nandtrace.report.event_text import EventText, time_text
from nandtrace.report.plain import bare_or_quoted, compact, json_safe
from nandtrace.trace.event import Event

MAX_CHANGES = 40
MAX_VALUE_CHARS = 160
MAX_PLACES = 16


def diff_lines(diff: TraceDiff) -> Iterator[str]:
    """The report as lines: header, first divergence, summary, each only where there is one."""
    yield f"A {diff.old.label}"
    yield f"B {diff.new.label}"
    yield from _result_lines(diff)
    if diff.header:
        yield ""
        yield "header"
        yield from _change_lines(diff.header, compact)
    if diff.divergence is not None:
        yield ""
        yield from _Report(diff).divergence_lines(diff.divergence)
        yield ""
        yield from _summary_lines(diff)


def diff_json(diff: TraceDiff) -> dict[str, Any]:
    """The report as schemas/diff.schema.json describes it."""
    return {
        "version": 1,
        "result": diff.result.value,
        "same_digest": diff.same_digest,
        "a": _side_json(diff.old),
        "b": _side_json(diff.new),
        "uncompared": diff.uncompared,
        "header": [_change_json(change) for change in diff.header],
        "divergence": _Report(diff).divergence_json(diff.divergence) if diff.divergence else None,
        "aftermath": _aftermath_json(diff.aftermath) if diff.aftermath else None,
    }


def _result_lines(diff: TraceDiff) -> Iterator[str]:
    if diff.result is Result.DIFFERENT:
        yield f"different: {_what_differs(diff)}"
    elif diff.result is Result.INCOMPLETE:
        yield "incomplete: the same as far as both can be read"
    elif diff.same_digest:
        yield f"same: {diff.old.events} events, digest {diff.old.digest[:16]}"
    else:
        yield f"same: {diff.old.events} events, in other chunks"
    for name, side in (("A", diff.old), ("B", diff.new)):
        for problem in side.problems[:MAX_CHANGES]:
            yield f"  {name} is incomplete: {problem}"
    if diff.uncompared:
        yield f"  {diff.uncompared} events could be read on one side only"


def _what_differs(diff: TraceDiff) -> str:
    if diff.divergence is None:
        return "the headers; the events are the same"
    return "the headers and the events" if diff.header else "the events"


class _Report:
    """Writes a divergence; each side's events in its own vocabulary."""

    def __init__(self, diff: TraceDiff) -> None:
        self._texts = EventText(diff.vocabularies[0]), EventText(diff.vocabularies[1])

    def divergence_lines(self, divergence: Divergence) -> Iterator[str]:
        yield self._title(divergence)
        for change in divergence.fields:
            yield f"  {self._field_line(divergence, change)}"
        if divergence.snapshot:
            yield "  snapshot"
            yield from _change_lines(divergence.snapshot, compact, "    ")
        yield ""
        yield from self._event_lines("  ", 0, divergence.before)
        yield from self._sides(divergence)

    def _sides(self, divergence: Divergence) -> Iterator[str]:
        """The divergent event and what follows, of each side; what reads the same only once."""
        old, new = (
            [
                *self._event_lines("", side, [event] if event else []),
                *self._event_lines("", side, after),
            ]
            for side, event, after in (
                (0, divergence.old, divergence.old_after),
                (1, divergence.new, divergence.new_after),
            )
        )
        # Where a snapshot alone differs, the events beside it may all be the same.
        pairs = zip(old, new, strict=False) if divergence.snapshot else ()
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        yield from (f"  {line}" for line in old[:shared])
        for sign, side, event, lines in (
            ("-", "A", divergence.old, old),
            ("+", "B", divergence.new, new),
        ):
            yield from (f"{sign} {line}" for line in lines[shared:])
            if event is None:
                yield f"{sign} {side} has no event {divergence.seq}"

    def _title(self, divergence: Divergence) -> str:
        event = divergence.old or divergence.new
        if event is None:
            return f"first divergence: event {divergence.seq}, which neither side could read"
        where = f"run {event.run}, {time_text(event.time_ns)} µs"
        kinds = [side.kind for side in (divergence.old, divergence.new) if side is not None]
        kind = kinds[0] if kinds[0] == kinds[-1] else " -> ".join(kinds)
        return f"first divergence: event {divergence.seq}, {where}, {kind}"

    def _field_line(self, divergence: Divergence, change: Change) -> str:
        old, new = divergence.old, divergence.new
        assert old is not None
        assert new is not None
        if change.path == "time_ns":
            return f"time_us: {time_text(change.old)} -> {time_text(change.new)}"
        if change.path in ("run", "kind"):
            return f"{change.path}: {change.old} -> {change.new}"
        name, left = self._field_text(0, old.kind, change.path, change.old)
        other_name, right = self._field_text(1, new.kind, change.path, change.new)
        return f"{name or other_name}: {left} -> {right}"

    def _field_text(self, side: int, kind: str, name: str, value: Any) -> tuple[str, str]:
        if isinstance(value, Absent):
            return "", repr(value)
        label, _, text = self._texts[side].field(kind, name, value).partition("=")
        return label, _shorten(text)

    def _event_lines(self, sign: str, side: int, events: Sequence[Event]) -> Iterator[str]:
        for event in events:
            yield sign + self._texts[side].line(event)

    def divergence_json(self, divergence: Divergence) -> dict[str, Any]:
        old, new = divergence.old, divergence.new
        return {
            "seq": divergence.seq,
            "a": self._texts[0].json_object(old) if old else None,
            "b": self._texts[1].json_object(new) if new else None,
            "fields": [self._field_json(old, new, change) for change in divergence.fields],
            "snapshot": [_change_json(change) for change in divergence.snapshot],
            "before": [self._texts[0].json_object(event) for event in divergence.before],
            "after": {
                "a": [self._texts[0].json_object(event) for event in divergence.old_after],
                "b": [self._texts[1].json_object(event) for event in divergence.new_after],
            },
        }

    def _field_json(self, old: Event | None, new: Event | None, change: Change) -> dict[str, Any]:
        assert old is not None
        assert new is not None
        return _change_json(
            Change(
                change.path,
                self._texts[0].json_value(old.kind, change.path, change.old),
                self._texts[1].json_value(new.kind, change.path, change.new),
            )
        )


def _summary_lines(diff: TraceDiff) -> Iterator[str]:
    assert diff.aftermath is not None
    yield "summary, A -> B"
    yield f"  events: {_pair(diff.old.events, diff.new.events)}"
    yield f"  runs: {_pair(diff.old.runs, diff.new.runs)}"
    changed = [
        f"{kind}: {_pair(*counts)}"
        for kind, counts in _counts_by_kind(diff).items()
        if counts[0] != counts[1]
    ]
    yield f"  by kind: {', '.join(changed) or 'as many of each'}"
    yield from _place_lines(diff.aftermath)
    yield f"  {_realign_text(diff.aftermath)}"


def _place_lines(aftermath: Aftermath) -> Iterator[str]:
    """Counts by die; by node or order only those that differ, for there may be very many."""
    longest = max(aftermath.old_events, aftermath.new_events)
    lead = f"in the {longest} events from the divergence on"
    if aftermath.dies:
        dies = ", ".join(f"die {die}: {_pair(*counts)}" for die, counts in aftermath.dies.items())
        yield f"  by die, {lead}: {dies}"
    if aftermath.nodes:
        nodes = {bare_or_quoted(node): counts for node, counts in aftermath.nodes.items()}
        yield f"  by node, {lead}: {_changed_text(nodes)}"
    if aftermath.orders:
        orders = {f"order {order}": counts for order, counts in aftermath.orders.items()}
        yield f"  by order, {lead}: {_changed_text(orders)}"


def _changed_text(counts_by_place: Mapping[str, tuple[int, int]]) -> str:
    """The places whose counts differ, as far as they find room."""
    changed = [
        f"{place}: {_pair(*counts)}"
        for place, counts in counts_by_place.items()
        if counts[0] != counts[1]
    ]
    more = [f"and {len(changed) - MAX_PLACES} more"] if len(changed) > MAX_PLACES else []
    return ", ".join([*changed[:MAX_PLACES], *more]) or "as many of each"


def _realign_text(aftermath: Aftermath) -> str:
    found = aftermath.realignment
    if found is None:
        longest = max(aftermath.old_events, aftermath.new_events)
        return f"not equal again within {longest} events"
    more = "" if found.equal == 1 else "s"
    where = f"event {found.old_seq}"
    if found.new_seq != found.old_seq:
        where = f"A's event {found.old_seq}, B's event {found.new_seq}"
    return f"equal again from {where} on, for at least {found.equal} event{more}"


def _counts_by_kind(diff: TraceDiff) -> dict[str, tuple[int, int]]:
    mine, theirs = diff.old.counts, diff.new.counts
    return {kind: (mine.get(kind, 0), theirs.get(kind, 0)) for kind in sorted(mine | theirs)}


def _pair(old: int, new: int) -> str:
    return f"{old}" if old == new else f"{old} -> {new} ({new - old:+})"


def _change_lines(
    changes: Sequence[Change], write: Callable[[Any], str], indent: str = "  "
) -> Iterator[str]:
    for change in changes[:MAX_CHANGES]:
        old, new = (
            repr(value) if isinstance(value, Absent) else _shorten(write(value))
            for value in (change.old, change.new)
        )
        yield f"{indent}{change.path}: {old} -> {new}"
    if len(changes) > MAX_CHANGES:
        yield f"{indent}and {len(changes) - MAX_CHANGES} more"


def _shorten(text: str) -> str:
    return text if len(text) <= MAX_VALUE_CHARS else text[: MAX_VALUE_CHARS - 1] + "…"


def _side_json(side: SideFacts) -> dict[str, Any]:
    return {
        "path": side.label,
        "digest": side.digest,
        "events": side.events,
        "runs": side.runs,
        "kinds": side.counts,
        "problems": side.problems,
    }


def _change_json(change: Change) -> dict[str, Any]:
    plain = {"path": change.path}
    for name, value in (("old", change.old), ("new", change.new)):
        if value is not ABSENT:
            plain[name] = json_safe(value)
    return plain


def _aftermath_json(aftermath: Aftermath) -> dict[str, Any]:
    found = aftermath.realignment
    return {
        "events": {"a": aftermath.old_events, "b": aftermath.new_events},
        "dies": _pairs_json(aftermath.dies),
        "nodes": _pairs_json(aftermath.nodes),
        "orders": _pairs_json(aftermath.orders),
        "realignment": found and {"a": found.old_seq, "b": found.new_seq, "equal": found.equal},
    }


def _pairs_json(pairs: Mapping[Any, tuple[int, int]]) -> dict[str, Any]:
    return {str(key): {"a": counts[0], "b": counts[1]} for key, counts in pairs.items()}
