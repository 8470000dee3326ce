"""Whether latches, cache states and the termination follow the ops."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.reference.log import Entry, Log
from tests.reference.nand.device_rules import DeviceRules, within
from tests.reference.nand.executions import Execution, Executions, completes
from tests.reference.runs import Offence, whole_runs

Mark = tuple[Any, ...]
"""kind, die, plane, name. That of a termination has neither plane nor name, and is on while it is on."""

NAMES = {"LATCH": "latch", "CACHE": "cache", "ODT": None}

SWITCHES = {"LATCH": ("fills", "frees"), "CACHE": ("enters", "leaves")}
"""What the header says of a base: the marks that its ops switch."""


class Tick:
    """What the events of one time switch, and what its ops leave on and off."""

    def __init__(self) -> None:
        self.caused: dict[tuple[Mark, bool], set[int]] = {}
        """By mark and what it is switched to: the segments that do that."""

        self.resets: dict[int | None, set[int]] = {}
        """By die, the segments of the resets that begin: they switch all its marks off."""

        self.anything = False
        """Whether an op has ended of which nobody knows what it does."""

        self.left: dict[Mark, tuple[bool, int]] = {}
        """Mark, whether it must be on when the tick is over, and the event that wants it."""

    def want(self, mark: Mark, on: bool, entry: Entry) -> None:
        """An op or a reset leaves a mark so."""
        self.caused.setdefault((mark, on), set()).add(entry.get("seg"))
        self.left[mark] = (on, entry.seq)

    def explains(self, mark: Mark, on: bool, seg: int | None) -> bool:
        """Whether an op has ended, or a reset begun, that switches the mark so: the one that is named."""
        by = self.caused.get((mark, on), set())
        if mark[0] != "ODT" and not on:
            by = by | self.resets.get(mark[1], set())
        return self.anything or (bool(by) if seg is None else seg in by)

    def over(self, on: dict[Mark, bool]) -> Iterator[Offence]:
        """What is not as the ops of the tick left it."""
        for mark, (wanted, seq) in self.left.items():
            if on.get(mark, mark[0] == "ODT") != wanted:
                yield "marks-follow-ops", seq


def marks_follow_ops(log: Log) -> Iterator[Offence]:
    """What an op leaves on and off, and that nothing else switches a mark."""
    rules = DeviceRules(log.device)
    executions = Executions(rules)
    if rules.bases is None:
        return
    on: dict[Mark, bool] = {}
    tick, at = Tick(), -1
    for entry in _by_time(log):
        executions.step(entry)
        if at != entry.time_ns or entry.kind == "RUN_BEGIN":
            yield from tick.over(on)
            tick, at = Tick(), entry.time_ns
        if entry.kind == "RUN_BEGIN" and entry.snapshot:
            on = _marks_of(entry.snapshot, on)
        elif entry.kind in NAMES:
            mark = _mark(entry)
            if None in mark[:2] or not _is_judged(mark, rules):
                continue
            if not _of_the_device(mark, rules):
                yield "marks-follow-ops", entry.seq
                continue
            if not tick.explains(mark, bool(entry.get("on")), entry.get("seg")):
                yield "marks-follow-ops", entry.seq
            on[mark] = bool(entry.get("on"))
        _work(entry, executions, rules, tick, on)
    yield from tick.over(on)


def _by_time(log: Log) -> Iterator[Entry]:
    for run in whole_runs(log.entries):
        yield from sorted(run, key=lambda entry: entry.time_ns)


def _marks_of(snapshot: dict[str, Any], before: dict[Mark, bool]) -> dict[Mark, bool]:
    on = dict(before)
    for field, kind in (("latches", "LATCH"), ("caches", "CACHE")):
        if field in snapshot:
            on = {mark: was for mark, was in on.items() if mark[0] != kind}
            on.update({(kind, *place): True for place in snapshot[field]})
    if "odt_disabled" in snapshot:
        on = {mark: was for mark, was in on.items() if mark[0] != "ODT"}
        on.update({("ODT", die, None, None): False for die in snapshot["odt_disabled"]})
    return on


def _mark(entry: Entry) -> Mark:
    name = NAMES[entry.kind]
    if name is None:
        return "ODT", entry.get("die"), None, None
    return entry.kind, entry.get("die"), entry.get("plane"), entry.get(name)


def _of_the_device(mark: Mark, rules: DeviceRules) -> bool:
    kind, die, plane, _name = mark
    return within(die, rules.dies) and (kind == "ODT" or within(plane, rules.planes))


def _work(
    entry: Entry, executions: Executions, rules: DeviceRules, tick: Tick, on: dict[Mark, bool]
) -> None:
    segment = executions.of(entry)
    if segment is None or segment.base is None:
        tick.anything = tick.anything or completes(entry) or entry.kind == "OP_START"
        return
    role = rules.role(segment.base)
    if entry.kind == "OP_START" and role in ("RESET", "RESET_LUN"):
        targeted = {target[0] for target in segment.targets}
        for die in range(rules.dies or 0) if role == "RESET" else targeted:
            tick.resets.setdefault(die, set()).add(segment.seg)
        for mark in [mark for mark, is_on in on.items() if is_on]:
            if mark[0] != "ODT" and mark[1] in tick.resets and _is_judged(mark, rules):
                tick.want(mark, False, entry)
    elif completes(entry):
        _completed(segment, role, rules, tick, entry)


def _is_judged(mark: Mark, rules: DeviceRules) -> bool:
    """Whether it is a termination, or a latch or cache state that the ops of some base switch."""
    if mark[0] == "ODT":
        return True
    told = [rules.marks(base, name) for base in rules.bases or () for name in SWITCHES[mark[0]]]
    return mark[2] is not None and any(
        mark[3] in (words if isinstance(words, list) else [words]) for words in told if words
    )


def _completed(segment: Execution, role: str, rules: DeviceRules, tick: Tick, entry: Entry) -> None:
    for die, plane in rules.places(segment.targets):
        for kind, offs, ons in (("LATCH", "frees", "fills"), ("CACHE", "leaves", "enters")):
            for name in rules.marks(segment.base, offs) or []:
                tick.want((kind, die, plane, name), False, entry)
            name = rules.marks(segment.base, ons)
            if name is not None:
                tick.want((kind, die, plane, name), True, entry)
    if role in ("ODT_DISABLE", "ODT_ENABLE"):
        for die in {target[0]: True for target in segment.targets}:
            tick.want(("ODT", die, None, None), role == "ODT_ENABLE", entry)
