"""Ten thousand traces, valid and mutated: the checker and the reference think alike of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from nandtrace.nand.options import Options
from nandtrace.nand.recording import record
from nandtrace.selftest.mutants import operators_of, read_tape
from nandtrace.selftest.run import record_fresh
from tests.nand.devices import built_in
from tests.reference.agreement import Opinions, opinions

pytestmark = pytest.mark.soak

GOLDEN = Path(__file__).parents[2] / "golden"
FOLDERS = {"nand": GOLDEN, "graph": GOLDEN / "graph", "workorder": GOLDEN / "workorder"}

PARTS = 4
MUTANTS = {"nand": 1250, "graph": 550, "workorder": 550}
"""Of each part; with the recordings 10 000 and more."""

RECORDINGS = 160
"""Of each part, of NAND devices."""

EVENTS_MAX = 4_000
"""Larger goldens take the reference too long to be judged a hundred times."""

SAME_LEAST = {"nand": 0.98, "graph": 0.96, "workorder": 0.97}
"""So many of the mutants are found to violate the same invariants, the cascades of their faults too."""

Judged = tuple[str, str | None, Opinions]
"""What was judged, what it was made to break, and what both think."""


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("domain", MUTANTS)
def test_mutants_are_judged_alike(domain: str, part: int, tmp_path: Path) -> None:
    counts: Counter[str] = Counter()
    for what, breaks, found in _mutants(domain, part, tmp_path):
        assert found.agree(breaks), f"{what}: {sorted(found.checker)}, {sorted(found.reference)}"
        counts["same" if found.are_same else "other"] += 1
    assert counts.total() == MUTANTS[domain]
    print(f"{domain} {part}: {counts['same']} of {counts.total()} the same")
    assert counts["same"] >= SAME_LEAST[domain] * counts.total()


def _mutants(domain: str, part: int, folder: Path) -> Iterator[Judged]:
    traces = [str(trace) for trace in record_fresh(domain, folder)]
    goldens = sorted(FOLDERS[domain].glob("*.mpk"))
    traces += [str(trace) for trace in goldens if len(read_tape(str(trace)).events) <= EVENTS_MAX]
    operators = list(operators_of(domain).values())
    path = folder / "mutant.mpk"
    made = 0
    for number in range(part, 1_000_000, PARTS):
        operator = operators[number % len(operators)]
        round_of_all = number // len(operators)
        # By turns an operator would meet few of the traces: both numbers have common divisors.
        trace = Random(number).choice(traces)  # noqa: S311 - the same ones every time
        tape = operator.mutant(read_tape(trace), round_of_all)
        if tape is not None:
            tape.write(path)
            yield f"{operator.id}, seed {round_of_all}, {trace}", operator.breaks, opinions(path)
            made += 1
        if made == MUTANTS[domain]:
            return


@pytest.mark.parametrize("part", range(PARTS))
def test_recordings_are_judged_alike(part: int, tmp_path: Path) -> None:
    path = tmp_path / "a.mpk"
    for number in range(part, RECORDINGS * PARTS, PARTS):
        profile = built_in(("tiny", "suspends", "default")[number % 3])
        shape = Options(seed=number, runs=2 + number % 3, run_for_ns=(12_000_000,))
        record(path, profile, shape if number % 2 else replace(shape, max_hooks=120))
        assert opinions(path) == Opinions(frozenset(), frozenset()), number
