"""Excerpts of NAND traces: ops that can be left out, and runs that end early."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nandtrace.check.mutation.tape import Tape
from nandtrace.check.mutation.tape_event import TapeEvent
from nandtrace.check.replay import DeviceState, state_at
from nandtrace.shrinking.cut import RUN_BEGIN, RUN_END, Groups
from nandtrace.trace import Header
from nandtrace.vocab.nand import RunEnd, RunStop, Source

_NOISE = ("HOOK", "PROPOSE")
_QUEUED = ("OP_START", "OP_END")


def op_groups(events: Sequence[TapeEvent]) -> Groups:
    """The events of each op, with those of the ops that it suspended, resumed, or that follow it.

    A successful proposal belongs to its op, and all of them are a group too. So are hooks of a kind, and
    fruitless proposals.
    """
    of_segment = _ops_of_segments(events)
    ties = _Ties()
    places: dict[str, list[int]] = {}
    leader: int | None = None
    for place, event in enumerate(events):
        ops = [*_ops_of(event, of_segment)]
        if event.kind == "COMMIT" and ops:
            if event.get("source") == Source.SEQUENCE and leader is not None:
                ties.join(leader, ops[0])
            elif event.get("source") != Source.RESUME_CHAIN:
                leader = ops[0]
        for op in ops[1:]:
            ties.join(ops[0], op)
        name = f"op {ops[0]}" if ops else _noise_name(event, events, place, of_segment)
        if name is not None:
            places.setdefault(name, []).append(place)
        if event.kind == "PROPOSE" and event.get("reason") is None:
            places.setdefault("proposals", []).append(place)
    return _tied(places, ties)


def opened_run(header: Header, before: Sequence[TapeEvent]) -> TapeEvent | None:
    """A RUN_BEGIN at the last of these events, when nothing was queued, open or suspended; else None."""
    begin = next((event for event in reversed(before) if event.kind == RUN_BEGIN), None)
    last = before[-1]
    if begin is None or begin.snapshot is None or begin is last or last.kind == RUN_END:
        return None
    with tempfile.TemporaryDirectory(prefix="nandtrace-") as folder:
        path = Path(folder) / "before.mpk"
        Tape(header, before).write(path)
        state = state_at(path, len(before) - 1)
    if state.open_segments or any(state.suspended_erase) or any(state.suspended_program):
        return None
    snapshot = {"clock_ns": last.time_ns, "pending": [], **_fields(state)}
    return replace(begin, time_ns=last.time_ns, snapshot=snapshot)


def closed_run(whole: Sequence[TapeEvent], kept: Sequence[TapeEvent]) -> TapeEvent:
    """A RUN_END that carries over what is still queued; it counts what was there before any was left out."""
    last = kept[-1]
    counts = _counted(whole).get((RUN_END, last.run), Counter())
    fields = {
        "end": RunEnd.CARRIED.value,
        "stop": RunStop.HOOKS.value,
        "hooks": counts["hooks"],
        "ops": counts["ops"],
    }
    queued = sorted(_pending([event for event in kept if event.run == last.run]))
    state = {"clock_ns": last.time_ns, "pending": queued}
    return TapeEvent(RUN_END, last.time_ns, last.run, fields, state)


def mended_counts(
    header: Header, whole: Sequence[TapeEvent], kept: Sequence[TapeEvent], restated: bool
) -> Sequence[TapeEvent]:
    """The events that are left with counts that fit them; the snapshots likewise where that is asked for."""
    before, after = _counted(whole), _counted(kept)
    mended = []
    for event in kept:
        lost = before.get((event.kind, event.run), Counter()) - after.get(
            (event.kind, event.run), Counter()
        )
        changed = {
            name: event.get(name) - count
            for name, count in lost.items()
            if event.get(name) is not None
        }
        mended.append(replace(event, fields={**event.fields, **changed}) if changed else event)
    return _restated(header, mended) if restated else mended


# ---- groups


class _Ties:
    """Ops that are to stay or to go together."""

    def __init__(self) -> None:
        self._above: dict[int, int] = {}

    def join(self, one: int, other: int) -> None:
        roots = sorted((self.root(one), self.root(other)))
        if roots[0] != roots[1]:
            self._above[roots[1]] = roots[0]

    def root(self, op: int) -> int:
        while op in self._above:
            op = self._above[op]
        return op


def _ops_of_segments(events: Sequence[TapeEvent]) -> Mapping[int, int]:
    return {
        event.get("seg"): event.get("op") if event.get("op") is not None else event.get("seg")
        for event in events
        if event.kind == "COMMIT"
    }


def _ops_of(event: TapeEvent, of_segment: Mapping[int, int]) -> Iterator[int]:
    """The ops that an event is about."""
    for name in ("seg", "by_seg"):
        if event.get(name) in of_segment:
            yield of_segment[event.get(name)]
    if event.get("op") is not None:
        yield event.get("op")


def _noise_name(
    event: TapeEvent, events: Sequence[TapeEvent], place: int, of_segment: Mapping[int, int]
) -> str | None:
    if event.kind == "HOOK":
        return f"hooks {event.get('hook')}"
    if event.kind != "PROPOSE":
        return None
    if event.get("reason") is not None:
        return "fruitless proposals"
    following = events[place + 1] if place + 1 < len(events) else event
    ops = [*_ops_of(following, of_segment)]
    return f"op {ops[0]}" if ops else "fruitless proposals"


def _tied(places: Mapping[str, Sequence[int]], ties: _Ties) -> Groups:
    groups: dict[str, list[int]] = {}
    for name, items in places.items():
        word, _, number = name.partition(" ")
        group = f"op {ties.root(int(number))}" if word == "op" else name
        groups.setdefault(group, []).extend(items)
    return {name: sorted(items) for name, items in groups.items()}


# ---- ends and counts


def _pending(run: Sequence[TapeEvent]) -> Iterator[list[Any]]:
    """What is queued for segments that were committed and are not closed."""
    due: dict[tuple[int, str], int] = {}
    for event in run:
        seg = event.get("seg")
        if event.kind == "COMMIT":
            due[seg, "OP_START"], due[seg, "OP_END"] = event.get("start_ns"), event.get("end_ns")
        elif event.kind in _QUEUED:
            due.pop((seg, event.kind), None)
        elif event.kind == "CANCEL":
            due.pop((seg, event.get("event")), None)
    for (seg, kind), time_ns in due.items():
        yield [time_ns, kind, seg]


def _counted(events: Sequence[TapeEvent]) -> dict[tuple[str, int], Counter[str]]:
    """What events that count something have to count, by kind and run."""
    counted: dict[tuple[str, int], Counter[str]] = {}
    draining: dict[int, set[Any]] = {}
    for event in events:
        end = counted.setdefault((RUN_END, event.run), Counter())
        if event.kind == "HOOK":
            end["hooks"] += 1
        elif event.kind == "COMMIT" and event.get("source") != Source.RESUME_CHAIN:
            end["ops"] += 1
        if event.kind == "DRAIN_BEGIN":
            draining[event.run] = set()
        elif event.run in draining and event.kind in _QUEUED:
            counted.setdefault(("DRAIN_END", event.run), Counter())["delivered"] += 1
            if event.get("seg") not in draining[event.run]:
                counted.setdefault(("DRAIN_BEGIN", event.run), Counter())["pending"] += 1
        elif event.run in draining and event.kind == "COMMIT":
            draining[event.run].add(event.get("seg"))
    return counted


# ---- snapshots


def _restated(header: Header, events: Sequence[TapeEvent]) -> Sequence[TapeEvent]:
    """Every end snapshot says what its run's events come to, and the next run begins with that."""
    stated, known = list(events), dict[str, Any]()
    with tempfile.TemporaryDirectory(prefix="nandtrace-") as folder:
        for place, event in enumerate(events):
            if event.snapshot is None:
                continue
            if event.kind == RUN_END:
                path = Path(folder) / "so-far.mpk"
                Tape(header, stated[: place + 1]).write(path)
                known = _fields(state_at(path, place))
            if event.kind in (RUN_BEGIN, RUN_END):
                state = {name: known.get(name, value) for name, value in event.snapshot.items()}
                stated[place] = replace(event, snapshot=state)
    return stated


def _fields(state: DeviceState) -> dict[str, Any]:
    """The state as a snapshot has it, as far as events determine it."""
    names = (
        "addr_state",
        "cell_modes",
        "ongoing",
        "suspended_erase",
        "suspended_program",
        "latches",
        "caches",
        "odt_disabled",
        "backlog",
    )
    return {name: getattr(state, name) for name in names}
