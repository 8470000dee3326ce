"""What `--fail-under` asks for."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from nandtrace.coverage import Requirement, Shortfall, measure_traces, requirement_of, shortfalls
from nandtrace.errors import UsageError
from tests.check.small_graph import record_graph
from tests.check.small_orders import record_orders


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("100", Requirement("invariants", Fraction(100))),
        ("99.5", Requirement("invariants", Fraction(199, 2))),
        ("suspend-depth=100", Requirement("suspend-depth", Fraction(100))),
        ("kinds=0", Requirement("kinds", Fraction(0))),
    ],
)
def test_a_requirement_is_read(text: str, meant: Requirement) -> None:
    assert requirement_of(text) == meant


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("depth=5", "there is no 'depth'; there are invariants, kinds, families"),
        ("=5", "there is no ''"),
        ("101", "'101' is not a percentage from 0 to 100"),
        ("-1", "'-1' is not a percentage"),
        ("kinds=", "'' is not a percentage"),
        ("1/0", "'1/0' is not a percentage"),
        ("nan", "'nan' is not a percentage"),
    ],
)
def test_what_makes_no_sense_is_refused(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=r"^--fail-under") as caught:
        requirement_of(text)
    assert says in str(caught.value)


def _below(paths: list[Path], *texts: str) -> list[Shortfall]:
    return shortfalls(measure_traces(paths), map(requirement_of, texts))


def test_every_domain_has_to_reach_it(tmp_path: Path) -> None:
    traces = [record_graph(tmp_path / "g.mpk"), record_orders(tmp_path / "w.mpk")]
    assert _below(traces, "kinds=50", "shutdowns=25") == []
    found = _below(traces, "kinds=100")
    assert [(item.domain, item.name) for item in found] == [
        ("graph", "kinds"),
        ("workorder", "kinds"),
    ]
    assert found[0].text == "12 of 19, 63.1 %, is below 100 %"


def test_a_table_that_no_trace_has(tmp_path: Path) -> None:
    (missing,) = _below([record_graph(tmp_path / "g.mpk")], "suspend-depth=10")
    assert missing == Shortfall("-", "suspend-depth", "no trace could be read that has it")


def test_a_table_of_which_nobody_tells_what_is_possible() -> None:
    real = Path(__file__).parents[1] / "data" / "format" / "v1.mpk"
    (missing,) = _below([real], "segment-ends=10")
    assert missing == Shortfall("nand", "segment-ends", "nothing tells what is possible")
