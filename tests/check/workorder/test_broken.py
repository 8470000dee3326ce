"""Each rule of work orders, broken: found, at the right event, in the right words."""

from __future__ import annotations

from pathlib import Path

import pytest

from nandtrace.check import Options, load_invariants
from tests.check.workorder.broken import Broken
from tests.check.workorder.broken_claims import CLAIMS
from tests.check.workorder.broken_life import CHECKPOINTS, LIFE
from tests.check.workorder.broken_orders import ORDERS
from tests.check.workorder.broken_slots import SLOTS
from tests.check.workorder.order_log import texts, verify, violations

ALL = [*ORDERS, *SLOTS, *CLAIMS, *LIFE, *CHECKPOINTS]


@pytest.mark.parametrize("broken", ALL, ids=lambda broken: broken.what)
def test_a_broken_log_is_violated(broken: Broken, tmp_path: Path) -> None:
    log = broken.change(broken.story())
    verdict = verify(tmp_path / "a.mpk", log)
    assert violations(verdict) == broken.violations
    first = next(iter(broken.violations))
    assert texts(verdict, first)[0] == broken.says
    # What a run is judged by is in the run, or handed on to it.
    one_by_one = verify(tmp_path / "b.mpk", log, Options(batch_events=1))
    assert violations(one_by_one) == broken.violations


def test_every_invariant_of_work_orders_is_broken_by_some_log() -> None:
    everything = {item.id for item in load_invariants("workorder").values() if item.group != "log"}
    assert everything - {name for broken in ALL for name in broken.violations} == set()


def test_every_rule_is_broken_alone_by_some_log() -> None:
    everything = {item.id for item in load_invariants("workorder").values() if item.group != "log"}
    alone = {next(iter(broken.violations)) for broken in ALL if len(broken.violations) == 1}
    assert everything - alone == set()


def test_an_offence_names_where_it_is(tmp_path: Path) -> None:
    [broken] = [item for item in SLOTS if item.what == "another slot given back"]
    verdict = verify(tmp_path / "a.mpk", broken.change(broken.story()))
    [violation] = [item for result in verdict.invariants for item in result.violations]
    assert violation.place == {"order": 0, "slot": 0}
    assert (violation.kind, violation.seq, violation.time_ns) == ("RELEASE", 47, 270)
