"""Whether what starts is kept out by what runs, ended, is full, suspended or switched off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.reference.log import Entry, Log
from tests.reference.nand.device_rules import DeviceRules
from tests.reference.nand.executions import Execution, Executions, completes, segments_by_run
from tests.reference.runs import Offence

Plane = tuple[int | None, int | None]


class Conditions:
    """What an op that starts is judged by."""

    def __init__(self, rules: DeviceRules) -> None:
        self.rules = rules
        self.executions = Executions(rules)
        self.last: dict[Plane, int] = {}
        """The segment that started last on the plane."""

        self.ended: dict[Plane, tuple[str, int | None]] = {}
        """The base of the last op that held the plane, and when the next one started there."""

        self.latches: set[tuple[Any, ...]] = set()
        self.caches: set[tuple[Any, ...]] = set()
        self.odt_off: set[int | None] = set()

    def step(self, entry: Entry) -> None:
        """Take in one event."""
        if entry.kind == "RUN_BEGIN" and entry.snapshot:
            self._load(entry.snapshot)
        elif entry.kind == "LATCH":
            _switch(self.latches, _place(entry, "latch"), bool(entry.get("on")))
        elif entry.kind == "CACHE":
            _switch(self.caches, _place(entry, "cache"), bool(entry.get("on")))
        elif entry.kind == "ODT":
            _switch(self.odt_off, entry.get("die"), not entry.get("on"))
        self._follow(entry)
        self.executions.step(entry)

    def _load(self, snapshot: dict[str, Any]) -> None:
        if "latches" in snapshot:
            self.latches = {tuple(place) for place in snapshot["latches"]}
        if "caches" in snapshot:
            self.caches = {tuple(place) for place in snapshot["caches"]}
        if "odt_disabled" in snapshot:
            self.odt_off = set(snapshot["odt_disabled"])
        if "planes" in snapshot:
            self.ended = dict(_ends_left(snapshot["planes"]))

    def ended_on(self, planes: list[Plane], time_ns: int) -> set[str]:
        """The bases of the last ops of these planes, where nothing started before this time."""
        return {
            base
            for plane, (base, next_ns) in self.ended.items()
            if plane in planes and next_ns in (None, time_ns)
        }

    def _follow(self, entry: Entry) -> None:
        segment = self.executions.of(entry)
        if segment is None:
            return
        if entry.kind == "OP_START":
            self._reset(segment)
        for plane in self.rules.held_planes(segment.base, segment.targets):
            if entry.kind == "OP_START":
                self.last[plane] = segment.seg
                base, next_ns = self.ended.get(plane, ("", None))
                self.ended[plane] = base, entry.time_ns if next_ns is None else next_ns
            elif completes(entry) and self.last.get(plane, segment.seg) == segment.seg:
                self.ended[plane] = segment.base or "", None

    def _reset(self, segment: Execution) -> None:
        """After a reset nothing has ended."""
        role = self.rules.role(segment.base)
        dies = {target[0] for target in segment.targets}
        for plane in list(self.ended):
            if role == "RESET" or (role == "RESET_LUN" and plane[0] in dies):
                del self.ended[plane]


def _ends_left(dies: list[list[dict[str, Any]]]) -> Iterator[tuple[Plane, tuple[str, None]]]:
    """The planes of a snapshot that were left by an op and are held by no other."""
    for die, planes in enumerate(dies):
        for plane, told in enumerate(planes):
            base, _, state = told["phase_key"].rpartition(".")
            if told["left"] and state == "END":
                yield (die, plane), (base, None)


def _switch(places: set[Any], place: Any, on: bool) -> None:
    if on:
        places.add(place)
    else:
        places.discard(place)


def _place(entry: Entry, name: str) -> tuple[Any, ...]:
    return entry.get("die"), entry.get("plane"), entry.get(name)


def exclusion_offences(log: Log) -> Iterator[Offence]:
    """excluded-by-op-state, -latch, -cache, -suspend, -odt."""
    rules = DeviceRules(log.device)
    conditions = Conditions(rules)
    runs = iter(segments_by_run(log))
    others: list[Execution] = []
    for entry in log.entries:
        if entry.kind == "RUN_BEGIN":
            others = next(runs)
        starting = conditions.executions.of(entry)
        if entry.kind == "OP_START" and starting is not None:
            for name in _judged(conditions, starting, others, entry):
                yield name, entry.seq
        conditions.step(entry)


def _judged(
    conditions: Conditions, starting: Execution, others: list[Execution], entry: Entry
) -> Iterator[str]:
    if starting.source == "RESUME_CHAIN":
        return
    rules = conditions.rules
    planes = rules.judged_planes(starting.base, starting.targets)
    dies = {target[0] for target in starting.targets}
    beside = [
        other for other in others if other.holds_at(entry.time_ns) and other.seg != starting.seg
    ]
    states = {f"{base}.END" for base in conditions.ended_on(planes, entry.time_ns)}
    states |= _op_states(rules, planes, beside, entry.time_ns)
    if _keeps_out(rules, "op", states, starting.base):
        yield "excluded-by-op-state"
    latches = {latch for *plane, latch in conditions.latches if tuple(plane) in planes}
    if _keeps_out(rules, "latch", latches, starting.base):
        yield "excluded-by-latch"
    caches = {cache for *plane, cache in conditions.caches if tuple(plane) in planes}
    if _keeps_out(rules, "cache", caches, starting.base):
        yield "excluded-by-cache"
    if _keeps_out(rules, "suspend", _suspend_states(conditions, entry, dies), starting.base):
        yield "excluded-by-suspend"
    off = {"ODT_DISABLE"} if dies & conditions.odt_off else set()
    if _keeps_out(rules, "odt", off, starting.base):
        yield "excluded-by-odt"


def _keeps_out(rules: DeviceRules, table: str, states: set[str], base: str | None) -> bool:
    groups = rules.device.get("exclusion_groups") or {}
    excluded = rules.device.get(f"exclusions_by_{table}_state") or {}
    return any(
        base in groups.get(group, []) for state in states for group in excluded.get(state, [])
    )


def _op_states(
    rules: DeviceRules, planes: list[Plane], beside: list[Execution], time_ns: int
) -> set[str]:
    """The states of what runs on these planes. A reset of all dies holds them all."""
    states = set()
    for other in beside:
        if rules.role(other.base) == "RESET":
            states.add(f"{other.base}.{other.state_at(time_ns)}")
            continue
        theirs = set(rules.judged_planes(other.base, other.targets))
        theirs |= set(rules.held_planes(other.base, other.targets))
        if theirs & set(planes):
            states.add(f"{other.base}.{other.state_at(time_ns)}")
    return states


def _suspend_states(conditions: Conditions, entry: Entry, dies: set[int | None]) -> set[str]:
    suspended = conditions.executions.suspended(before=entry)
    states = set()
    for axis in ("ERASE", "PROGRAM"):
        for die in dies:
            on = bool(suspended.get((die, axis)))
            states.add(f"{axis}_SUSPENDED" if on else f"NOT_{axis}_SUSPENDED")
    return states
