"""The catalogue: ids are stable, the page is current, plugins can add to it."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from nandtrace.check import Finding, Options, finding, invariant, load_invariants, verify_trace
from nandtrace.check import registry as registry_module
from nandtrace.check.facts import Facts
from nandtrace.errors import UsageError
from nandtrace.report.catalogue import catalogue_page
from tests.check.native import legal_calls, record

PAGE = Path(__file__).parents[2] / "docs" / "invariants.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == catalogue_page(load_invariants().values()), "run `make docs`"


def test_ids_are_stable() -> None:
    assert " ".join(load_invariants()) == (
        "seq-dense time-monotone run-bracketed refs-resolve dispatch-order "
        "one-op-start-per-segment one-op-end-per-segment op-on-time segment-chain op-closed "
        "no-open-segment-at-run-end suspended-lists-empty nothing-proposed-after-run-until "
        "drain-clock snapshot-continuity snapshot-matches-replay "
        "bootstrap-preserved refill-reseeded run-counts "
        "apply-pgm-matched apply-erase-matched program-after-erase page-ascending "
        "page-programmed-once celltype-match bad-block-untouched address-in-range "
        "multi-plane-address suspended-block-untouched "
        "read-programmed-page dout-matches-read read-has-dout "
        "bus-exclusive plane-exclusive multi-plane-exclusive excluded-by-op-state excluded-by-latch "
        "excluded-by-cache excluded-by-suspend excluded-by-odt marks-follow-ops "
        "suspend-has-target resume-has-target suspend-in-core-busy remaining-exact "
        "resume-restores resume-same-target nested-order backlog-fifo reset-ends-all "
        "sequence-complete inherit-rules"
    )


@invariant(
    "no-erase-at-all",
    group="mine",
    sentence="Nothing is ever erased.",
    rationale="A test of plugins.",
    source="this test",
    needs=("APPLY_ERASE",),
)
def no_erase_at_all(facts: Facts) -> Finding:
    erases = facts.cells.frame.filter(facts.cells.frame["erase"] == 1)
    return finding(len(erases), erases, expected="no erase", actual="an erase")


def _entry_points(value: str) -> list[EntryPoint]:
    return [EntryPoint("mine", value, registry_module.ENTRY_POINT_GROUP)]


def test_an_entry_point_adds_an_invariant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    value = f"{__name__}:no_erase_at_all"
    monkeypatch.setattr(registry_module, "entry_points", lambda group: _entry_points(value))
    trace = record(tmp_path / "legal.mpk", legal_calls())
    (result,) = verify_trace(trace, Options(only=("no-erase-at-all",))).invariants
    assert (result.evaluated, result.violated) == (3, 3)


def test_a_plugin_that_does_not_load_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_module, "entry_points", lambda group: _entry_points("no.such"))
    with pytest.raises(UsageError, match=r"the plugin 'mine' \(no\.such\)"):
        load_invariants()


def test_a_plugin_may_not_take_an_id(monkeypatch: pytest.MonkeyPatch) -> None:
    value = "nandtrace.check.invariants.log"
    monkeypatch.setattr(registry_module, "entry_points", lambda group: _entry_points(value))
    with pytest.raises(UsageError, match="the invariant id 'seq-dense' is taken"):
        load_invariants()
