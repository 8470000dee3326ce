"""Stories of replayed domains: they hold as they are, and not with one thing wrong in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nandtrace.check import Options, Verdict, load_invariants
from tests.check.hand_made import Broken, results, texts, verify, violations
from tests.check.replayed_domains import DOMAINS

STORIES = [(domain, story) for domain, known in DOMAINS.items() for story in known.stories]
BROKEN = [
    pytest.param(broken, id=f"{domain}: {broken.what}")
    for domain, known in DOMAINS.items()
    for broken in known.broken
]

NEVER_ALONE = {"graph": {"blocked-yield"}}
"""What a blocked node does is against another rule as well."""


@pytest.mark.parametrize(("domain", "story"), STORIES)
@pytest.mark.parametrize("batch_events", [1, 500_000])
def test_a_legal_log_holds(domain: str, story: str, batch_events: int, tmp_path: Path) -> None:
    log = DOMAINS[domain].stories[story]()
    verdict = verify(tmp_path / "a.mpk", log, Options(batch_events=batch_events))
    assert violations(verdict) == {}
    assert verdict.verdict is Verdict.OK


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_stories_exercise_every_invariant(domain: str, tmp_path: Path) -> None:
    exercised = set()
    everything = set()
    for name, story in DOMAINS[domain].stories.items():
        found = results(verify(tmp_path / f"{name}.mpk", story()))
        exercised |= {item.id for item in found.values() if item.exercised}
        everything |= set(found)
    assert everything - exercised == set()


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_log_is_violated(broken: Broken[Any], tmp_path: Path) -> None:
    """At the right event, in the right words, and wherever it is cut into batches."""
    log = broken.change(broken.story())
    verdict = verify(tmp_path / "a.mpk", log)
    assert violations(verdict) == broken.violations
    first = next(iter(broken.violations))
    assert texts(verdict, first)[0] == broken.says
    # What a run is judged by is in the run, or handed on to it.
    one_by_one = verify(tmp_path / "b.mpk", log, Options(batch_events=1))
    assert violations(one_by_one) == broken.violations


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_invariant_is_broken_by_some_log(domain: str) -> None:
    everything = {item.id for item in load_invariants(domain).values() if item.group != "log"}
    broken = DOMAINS[domain].broken
    assert everything - {name for item in broken for name in item.violations} == set()


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_rule_is_broken_alone_by_some_log(domain: str) -> None:
    everything = {item.id for item in load_invariants(domain).values() if item.group != "log"}
    alone = [item.violations for item in DOMAINS[domain].broken if len(item.violations) == 1]
    assert everything - {name for found in alone for name in found} == NEVER_ALONE.get(
        domain, set()
    )


@pytest.mark.parametrize(
    ("domain", "what", "place", "event"),
    [
        (
            "graph",
            "no round robin of inputs",
            {"node": "x", "edge": "a:o->x:i", "msg": 1},
            ("GET", 15, 0, 0),
        ),
        ("workorder", "another slot given back", {"order": 0, "slot": 0}, ("RELEASE", 47, 0, 270)),
    ],
)
def test_an_offence_names_where_it_is(
    domain: str, what: str, place: dict[str, Any], event: tuple[object, ...], tmp_path: Path
) -> None:
    [broken] = [item for item in DOMAINS[domain].broken if item.what == what]
    verdict = verify(tmp_path / "a.mpk", broken.change(broken.story()))
    [violation] = [item for result in verdict.invariants for item in result.violations]
    assert violation.place == place
    assert (violation.kind, violation.seq, violation.run, violation.time_ns) == event
