"""Examples of violations for `nandtrace explain`: what the checker says of a real mutant.

    python -m nandtrace.selftest.examples

records valid traces, breaks each invariant once, and writes what is said to the file that the reports read.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

from nandtrace.check import Options, verify_trace
from nandtrace.check.mutation.operators import Operator
from nandtrace.check.registry import own_invariants
from nandtrace.errors import InternalError
from nandtrace.report.context import add_context
from nandtrace.report.explanation import EXAMPLES_FILE
from nandtrace.report.verdict_json import violation_json
from nandtrace.selftest.mutants import operators_of, read_tape
from nandtrace.selftest.run import DOMAINS, record_fresh

_SEEDS = 3


def collect_examples() -> dict[str, Any]:
    """By invariant an example of its violation. Raises InternalError where no operator makes one."""
    examples: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="nandtrace-") as name:
        folder = Path(name)
        for domain in DOMAINS:
            traces = sorted(record_fresh(domain, folder), key=lambda trace: trace.stat().st_size)
            operators = list(operators_of(domain).values())
            for invariant in own_invariants(domain):
                if invariant not in examples:
                    mine = [operator for operator in operators if operator.breaks == invariant]
                    examples[invariant] = _best(domain, invariant, mine, traces)
    return examples


def _best(
    domain: str, invariant: str, operators: Sequence[Operator], traces: Sequence[Path]
) -> dict[str, Any]:
    """Of a mutant that violates nothing else, or else of the first one."""
    best = None
    for operator, trace, seed in product(operators, traces, range(_SEEDS)):
        found = example_of(domain, invariant, operator, trace, seed)
        if found is not None and (best is None or found["alone"]):
            best = found
        if best is not None and best["alone"]:
            break
    if best is None:
        raise InternalError(f"no operator makes a mutant that violates {invariant}")
    return best


def example_of(
    domain: str, invariant: str, operator: Operator, trace: Path, seed: int
) -> dict[str, Any] | None:
    """What the checker says of a mutant; None where there is none, or it does not violate the invariant."""
    tape = operator.mutant(read_tape(str(trace)), seed)
    if tape is None:
        return None
    path = trace.parent / "mutant.mpk"
    tape.write(path)
    verdict = verify_trace(path, Options(kept=1))
    violated = {item.id: item for item in verdict.invariants if item.violated}
    if invariant not in violated:
        return None
    add_context(verdict)
    return {
        "domain": domain,
        "operator": operator.id,
        "change": operator.sentence,
        "recording": trace.stem,
        "seed": seed,
        "alone": len(violated) == 1,
        "violation": violation_json(violated[invariant].violations[0]),
        "events": verdict.context[invariant],
    }


def main() -> None:
    """Write the file anew."""
    text = json.dumps(collect_examples(), indent=1, ensure_ascii=False)
    EXAMPLES_FILE.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
