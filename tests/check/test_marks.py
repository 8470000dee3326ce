"""Latches, cache states and terminations follow the ops that switch them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.check.device_log import DIE, RULES, DeviceLog, Target, both, counted, found, on

RULE = "marks-follow-ops"
LATCH, CACHE = "LATCH_ON_READ", "ON_CACHE_READ"
NONE_ON = {"latches": [], "caches": [], "odt_disabled": []}
WITH_MARKS: dict[str, Any] = RULES | {
    "bases": RULES["bases"]
    | {
        "CACHE_READ": {"scope": "PLANE_SET", "role": "CACHE_READ", "enters": CACHE},
        "CACHE_READ_END": {"scope": "PLANE_SET", "role": "CACHE_READ_END", "leaves": [CACHE]},
        "ODT_OFF": {"scope": "NONE", "role": "ODT_DISABLE", "addressed": False},
        "ODT_ON": {"scope": "NONE", "role": "ODT_ENABLE", "addressed": False},
        "COPY": {"scope": "PLANE_SET", "fills": LATCH, "frees": [LATCH]},
    }
}


class MarkLog(DeviceLog):
    """Switches marks right after an op."""

    def latch(self, on: bool, plane: int = 0) -> None:
        self.call("latch", on=on, die=0, plane=plane, latch=LATCH)

    def cache(self, on: bool, plane: int = 0) -> None:
        self.call("cache", on=on, die=0, plane=plane, cache=CACHE)

    def odt(self, on: bool) -> None:
        self.call("odt", on=on, die=0)

    def trace(self, folder: Path) -> Path:
        self.end()
        return self.record(folder / "log.mpk", rules=WITH_MARKS)


def begun(**state: Any) -> MarkLog:
    log = MarkLog()
    log.begin(**(NONE_ON | state))
    return log


def test_marks_that_follow_their_ops(tmp_path: Path) -> None:
    log = begun()
    log.run(("READ", both(0)))
    log.latch(True, 0)
    log.latch(True, 1)
    log.run(("DOUT", on(0, 0)))
    log.latch(False, 0)
    log.run(("READ", on(1, 1)))
    log.run(("CACHE_READ", on(0, 0)))
    log.cache(True)
    log.run(("CACHE_READ_END", on(0, 0)))
    log.cache(False)
    log.run(("ODT_OFF", DIE))
    log.odt(False)
    log.run(("ODT_ON", DIE))
    log.odt(True)
    log.run(("COPY", on(1, 0)))
    # 2 of READ, DOUT, READ, 2 of the cache, 2 of the termination, COPY; and 7 events.
    assert counted(log.trace(tmp_path), RULE) == (16, 16, 0)


NOT_DONE: dict[str, tuple[dict[str, Any], str, list[Target], str, str]] = {
    "a latch stays empty": ({}, "READ", on(0, 0), "LATCH_ON_READ on after it", "off"),
    "a latch stays full": (
        {"latches": [[0, 0, LATCH]]},
        "DOUT",
        on(0, 0),
        "LATCH_ON_READ off after it",
        "on",
    ),
    "a cache state is not entered": (
        {},
        "CACHE_READ",
        on(0, 0),
        "ON_CACHE_READ on after it",
        "off",
    ),
    "a cache state is not left": (
        {"caches": [[0, 0, CACHE]]},
        "CACHE_READ_END",
        on(0, 0),
        "ON_CACHE_READ off after it",
        "on",
    ),
    "the termination stays on": ({}, "ODT_OFF", DIE, "the termination off after it", "on"),
    "the termination stays off": (
        {"odt_disabled": [0]},
        "ODT_ON",
        DIE,
        "the termination on after it",
        "off",
    ),
    "a reset leaves a latch": (
        {"latches": [[0, 1, LATCH]]},
        "RESET_LUN",
        DIE,
        "LATCH_ON_READ off after it",
        "on",
    ),
}


@pytest.mark.parametrize("case", NOT_DONE)
def test_a_mark_that_its_op_does_not_switch(tmp_path: Path, case: str) -> None:
    state, base, target, due, actual = NOT_DONE[case]
    log = begun(**state)
    log.run((base, target))
    # A reset does it when it starts, all else when it ends.
    seq = 2 if base == "RESET_LUN" else 3
    assert found(log.trace(tmp_path), RULE) == [(seq, due, actual)]


def test_one_plane_of_two_is_missed(tmp_path: Path) -> None:
    log = begun()
    log.run(("READ", both(0)))
    log.latch(True, 0)
    assert found(log.trace(tmp_path), RULE) == [(3, "LATCH_ON_READ on after it", "off")]


STRAY: dict[str, tuple[str, dict[str, Any], str]] = {
    "latch": ("latch", {"on": True, "die": 0, "plane": 1, "latch": LATCH}, f"{LATCH} on"),
    "cache": ("cache", {"on": True, "die": 0, "plane": 0, "cache": CACHE}, f"{CACHE} on"),
    "odt": ("odt", {"on": False, "die": 0}, "the termination off"),
}


@pytest.mark.parametrize("case", STRAY)
def test_a_mark_that_nothing_switched(tmp_path: Path, case: str) -> None:
    name, arguments, what = STRAY[case]
    log = begun()
    log.run(("PROGRAM", on(0, 0)))
    log.call(name, **arguments)
    said = (f"an op or a reset that switches {what}", "none at that time")
    assert found(log.trace(tmp_path), RULE) == [(4, *said)]


def test_a_latch_that_fills_too_early(tmp_path: Path) -> None:
    log = begun()
    ((seg, _),) = log.commit(("READ", on(0, 0)))
    log.call("op_start", seg=seg)
    log.now = 50
    log.latch(True)
    log.now = 100
    log.call("op_end", seg=seg)
    said = (f"an op or a reset that switches {LATCH} on", "none at that time")
    assert found(log.trace(tmp_path), RULE) == [(3, *said)]


def test_what_is_cut_fills_nothing(tmp_path: Path) -> None:
    log = begun()
    ((seg, _),) = log.commit(("READ", on(0, 0)))
    log.call("op_start", seg=seg)
    log.now = 50
    log.call("op_end", seg=seg, outcome="RESET")
    assert found(log.trace(tmp_path), RULE) == []


def test_where_the_snapshot_does_not_tell_nothing_is_held_against_the_op(tmp_path: Path) -> None:
    log = MarkLog()
    log.begin()
    log.run(("READ", on(0, 0)))
    assert found(log.trace(tmp_path), RULE) == []


def test_a_mark_that_no_base_switches_is_not_judged(tmp_path: Path) -> None:
    log = begun()
    log.run(("PROGRAM", on(0, 0)))
    log.call("latch", on=True, die=0, plane=0, latch="LATCH_ON_LSB")
    assert found(log.trace(tmp_path), RULE) == []
