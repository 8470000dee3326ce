"""The device's rules: what a header may tell, and what is said of an entry that makes no sense."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nandtrace import RecordError
from nandtrace.check.rules import (
    BaseRules,
    DeviceRules,
    Exclusions,
    SequenceStep,
    rules_from_device,
)
from nandtrace.trace import TraceReader
from nandtrace.vocab.nand import Role, Scope
from tests.check.native import legal_calls, record


def test_what_is_not_told_is_unknown() -> None:
    assert rules_from_device({}) == DeviceRules()


def test_everything_is_read() -> None:
    rules = rules_from_device(
        {
            "read_offset_guard": 2,
            "queue_refill_period_ns": 5_000,
            "bases": {
                "READ": {
                    "scope": "PLANE_SET",
                    "role": "READ",
                    "instant": False,
                    "addressed": True,
                    "fills": "LATCH_ON_READ",
                    "frees": [],
                    "enters": None,
                    "leaves": ["ON_CACHE_READ"],
                },
                "NOP": {"scope": "NONE", "instant": True, "addressed": False},
            },
            "interleaving_bases": ["READ"],
            "exclusion_groups": {"reads": ["READ", "DOUT"], "rest": ["NOP"]},
            "exclusions_by_op_state": {"READ.CORE_BUSY": ["reads", "rest"], "A.B.END": []},
            "exclusions_by_latch_state": {"LATCH_ON_READ": ["reads"]},
            "exclusions_by_suspend_state": {"NOT_ERASE_SUSPENDED": ["rest"]},
            "exclusions_by_odt_state": {"ODT_DISABLE": ["reads"]},
            "exclusions_by_cache_state": {"ON_CACHE_READ": ["rest"]},
            "sequences": {"READ": [[{"base": "DOUT", "rules": ["same_page"]}], []]},
        }
    )
    reads, rest = frozenset({"READ", "DOUT"}), frozenset({"NOP"})
    assert rules == DeviceRules(
        read_offset_guard=2,
        queue_refill_period_ns=5_000,
        bases={
            "READ": BaseRules(
                Scope.PLANE_SET, Role.READ, fills="LATCH_ON_READ", leaves=("ON_CACHE_READ",)
            ),
            "NOP": BaseRules(Scope.NONE, Role.OTHER, instant=True, addressed=False),
        },
        interleaving_bases=("READ",),
        exclusions=Exclusions(
            by_op_state={("READ", "CORE_BUSY"): reads | rest, ("A.B", "END"): frozenset()},
            by_latch_state={"LATCH_ON_READ": reads},
            by_suspend_state={"NOT_ERASE_SUSPENDED": rest},
            by_odt_state={"ODT_DISABLE": reads},
            by_cache_state={"ON_CACHE_READ": rest},
        ),
        sequences={"READ": ((SequenceStep("DOUT", ("same_page",)),), ())},
    )


WRONG: dict[str, dict[str, Any]] = {
    "device.bases is [], not a dict": {"bases": []},
    "device.bases.READ is 'x', not a dict": {"bases": {"READ": "x"}},
    "device.bases.READ.scope is 'ALL', not one of NONE, PLANE_SET, DIE_WIDE": {
        "bases": {"READ": {"scope": "ALL"}}
    },
    "device.bases.READ.instant is 1, not a bool": {"bases": {"READ": {"instant": 1}}},
    "device.bases.READ.fills is 1, not a str": {"bases": {"READ": {"fills": 1}}},
    "device.bases.READ.frees is 'x', not a list of names": {"bases": {"READ": {"frees": "x"}}},
    "device.read_offset_guard is True, not a int": {"read_offset_guard": True},
    "device.read_offset_guard is -1, not a number from 0 on": {"read_offset_guard": -1},
    "device.interleaving_bases is 1, not a list of names": {"interleaving_bases": 1},
    "device.exclusion_groups.a is [1], not a list of names": {"exclusion_groups": {"a": [1]}},
    "device.exclusions_by_op_state.READ is not of the form BASE.STATE": {
        "exclusions_by_op_state": {"READ": []}
    },
    "device.exclusions_by_latch_state.L: there is no exclusion group 'a'": {
        "exclusions_by_latch_state": {"L": ["a"]}
    },
    "device.exclusions_by_odt_state.OFF: the states are ODT_DISABLE": {
        "exclusions_by_odt_state": {"OFF": []}
    },
    "device.sequences.READ is {}, not a list": {"sequences": {"READ": {}}},
    "device.sequences.READ holds 1, not a list of steps": {"sequences": {"READ": [1]}},
    "device.sequences.READ holds {}, not a map with a base": {"sequences": {"READ": [[{}]]}},
    "device.apply_policy is 'never', not one of per_op, per_segment": {"apply_policy": "never"},
    "device.suspend_closes is [], not one of op_end, cancel": {"suspend_closes": []},
}


@pytest.mark.parametrize("message", WRONG)
def test_an_entry_that_makes_no_sense_is_named(message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole text is compared
        rules_from_device(WRONG[message])
    assert str(caught.value) == message


def test_a_recorder_writes_rules_into_the_header(tmp_path: Path) -> None:
    rules = {"bases": {"ERASE": {"scope": "PLANE_SET"}}, "read_offset_guard": 1}
    with TraceReader(record(tmp_path / "ruled.mpk", legal_calls(), rules=rules)) as reader:
        device = reader.header.device
    assert device["bases"] == {"ERASE": {"scope": "PLANE_SET"}}
    assert device["read_offset_guard"] == 1
    assert device["topology"]["planes"] == 2


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"bad_blocks": []}, "rules: 'bad_blocks' has an argument of its own"),
        (
            {"bases": {"READ": {"scope": "ALL"}}},
            "rules: device: bases.READ.scope must be one of ['NONE', 'PLANE_SET', 'DIE_WIDE']",
        ),
        (
            {"exclusions_by_op_state": {"READ": []}},
            "rules: device: exclusions_by_op_state must not contain {'READ'} properties",
        ),
        (
            {"queue_refill_period_ns": -1},
            "rules: device: queue_refill_period_ns must be bigger than or equal to 0",
        ),
    ],
)
def test_a_recorder_refuses_rules_that_make_no_sense(
    tmp_path: Path, rules: dict[str, Any], message: str
) -> None:
    with pytest.raises(RecordError) as caught:
        record(tmp_path / "wrong.mpk", legal_calls(), rules=rules)
    assert str(caught.value) == message
    assert list(tmp_path.iterdir()) == []
