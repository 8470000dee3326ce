"""The catalogue: ids are stable, the page is current, plugins can add to it."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from nandtrace.check import Finding, Options, finding, invariant, load_invariants, verify_trace
from nandtrace.check import registry as registry_module
from nandtrace.check.facts import Facts
from nandtrace.errors import UsageError
from nandtrace.report.catalogue import catalogue_page, print_catalogue
from tests.check.native import legal_calls, record

PAGE = Path(__file__).parents[2] / "docs" / "invariants.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == catalogue_page(load_invariants().values()), "run `make docs`"


def test_ids_are_stable() -> None:
    assert " ".join(load_invariants()) == (
        "seq-dense time-monotone run-bracketed refs-resolve dispatch-order words-known "
        "one-op-start-per-segment one-op-end-per-segment op-on-time segment-chain op-closed "
        "states-fill-segment states-as-specified "
        "no-open-segment-at-run-end suspended-lists-empty nothing-proposed-after-run-until "
        "drain-clock snapshot-continuity snapshot-matches-replay "
        "bootstrap-preserved refill-reseeded run-counts run-end-told "
        "apply-pgm-matched apply-erase-matched program-after-erase page-ascending "
        "page-programmed-once celltype-match bad-block-untouched address-in-range "
        "multi-plane-address suspended-block-untouched "
        "read-programmed-page dout-matches-read read-has-dout "
        "bus-exclusive plane-exclusive multi-plane-exclusive excluded-by-op-state excluded-by-latch "
        "excluded-by-cache excluded-by-suspend excluded-by-odt marks-follow-ops "
        "suspend-has-target resume-has-target suspend-in-core-busy remaining-exact "
        "resume-restores resume-same-target nested-order backlog-fifo reset-ends-all "
        "sequence-complete inherit-rules "
        "edge-fifo edge-capacity put-result edge-conservation blocked-pure flush-prompt "
        "mutator-effect "
        "blocked-yield delivery ready-only band weighted-fairness round-robin batch-bound "
        "tick-cadence idle-only-when-idle "
        "start-topological stop-reverse error-isolated names-resolve shutdown-drained "
        "checkpoint-continuity checkpoint-matches-replay "
        "transition-legal terminal-absorbing conservation depth-bound retry-bound backoff "
        "slot-bound slot-pairing slot-iff-active lease "
        "claim-atomic no-double-claim stagger no-critical-claim claim-has-memory claim-order "
        "work-conserving "
        "pressure-edge no-claim-when-stopped recovery"
    )


def test_the_page_has_a_part_for_each_domain() -> None:
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("#")]
    assert lines[1:5] == ["## Domain: every", "### log", "#### seq-dense", "#### time-monotone"]
    place = lines.index("## Domain: nand")
    assert lines[place + 1 : place + 3] == ["### log", "#### refs-resolve"]
    place = lines.index("## Domain: graph")
    assert lines[place + 1 : place + 3] == ["### graph edges", "#### edge-fifo"]
    place = lines.index("## Domain: graph, workorder")
    assert lines[place + 1 : place + 3] == ["### checkpoints", "#### checkpoint-continuity"]
    place = lines.index("## Domain: workorder")
    assert lines[place + 1 : place + 3] == ["### work orders", "#### transition-legal"]


def test_the_list_names_domains(capsys: pytest.CaptureFixture[str]) -> None:
    print_catalogue(load_invariants().values())
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[0][:3] == ["domain", "group", "invariant"]
    assert rows[1][:3] == ["every", "log", "seq-dense"]
    assert rows[4][:3] == ["nand", "log", "refs-resolve"]


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
    monkeypatch.setattr(registry_module, "plugins", lambda: _entry_points(value))
    trace = record(tmp_path / "legal.mpk", legal_calls())
    (result,) = verify_trace(trace, Options(only=("no-erase-at-all",))).invariants
    assert (result.evaluated, result.violated) == (3, 3)


def test_a_plugin_that_does_not_load_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_module, "plugins", lambda: _entry_points("no.such"))
    with pytest.raises(UsageError, match=r"the plugin 'mine' \(no\.such\)"):
        load_invariants()


def test_a_plugin_may_not_take_an_id(monkeypatch: pytest.MonkeyPatch) -> None:
    value = "nandtrace.check.invariants.log"
    monkeypatch.setattr(registry_module, "plugins", lambda: _entry_points(value))
    with pytest.raises(UsageError, match="the invariant id 'seq-dense' is taken"):
        load_invariants()
