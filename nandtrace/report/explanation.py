"""Explanations of invariants: what each says and why, and how a violation of it looks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nandtrace.check.registry import Invariant
from nandtrace.units import ns_to_us_text

VERSION = 1

EXAMPLES_FILE = Path(__file__).parent / "examples.json"
"""By invariant a violation that was found in a mutant. Written by `python -m nandtrace.selftest.examples`."""

_NOT_A_PLACE = ("seq", "time_ns", "run", "kind", "expected", "actual")


def example_of(invariant_id: str) -> dict[str, Any] | None:
    """The example of an invariant; None for one of a plugin."""
    examples: dict[str, dict[str, Any]] = json.loads(EXAMPLES_FILE.read_text(encoding="utf-8"))
    return examples.get(invariant_id)


def explanation_document(item: Invariant) -> dict[str, Any]:
    """What is known of an invariant as one JSON object."""
    return {
        "version": VERSION,
        "id": item.id,
        "domains": list(item.domains),
        "group": item.group,
        "sentence": item.sentence,
        "rationale": item.rationale,
        "source": item.source,
        "needs": list(item.needs),
        "implies": list(item.implies),
        "stays": item.stays,
        "example": example_of(item.id),
    }


def explanation_lines(item: Invariant) -> Iterator[str]:
    """The same as text."""
    yield item.id
    yield f"  {item.sentence}"
    yield ""
    yield f"Why     {item.rationale}"
    yield f"Source  {item.source}"
    yield f"Domain  {', '.join(item.domains) or 'every'}; {item.group}"
    if item.needs:
        yield f"Needs   {', '.join(item.needs)}"
    if item.implies:
        yield f"Beside  what violates it also violates {' or '.join(item.implies)}; {item.stays}"
    example = example_of(item.id)
    if example is not None:
        yield ""
        yield from _example_lines(example)


def _example_lines(example: dict[str, Any]) -> Iterator[str]:
    violation = example["violation"]
    place = "".join(
        f", {name} {value}" for name, value in violation.items() if name not in _NOT_A_PLACE
    )
    time = ns_to_us_text(violation["time_ns"])
    yield f"Example: in a recording one thing was changed ({example['operator']}): {example['change']}"
    yield f"  event {violation['seq']}, run {violation['run']}, {time} µs, {violation['kind']}{place}"
    yield f"    expected {violation['expected']}; actual {violation['actual']}"
    for line in example["events"]:
        yield f"    | {line}"
