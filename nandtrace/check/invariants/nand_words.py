"""The invariant of words: what is said by a word of the vocabulary is one of its words."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
import polars as pl

from nandtrace.check.facts import Facts
from nandtrace.check.registry import invariant
from nandtrace.check.tables import Finding
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import (
    Axis,
    BootstrapStage,
    CancelReason,
    Hook,
    Outcome,
    RunEnd,
    RunStop,
    Source,
)


class _Queued(StrEnum):
    """What a CANCEL withdraws."""

    OP_START = "OP_START"
    OP_END = "OP_END"


_WORDS: dict[tuple[str, str], type[StrEnum]] = {
    ("RUN_END", "end"): RunEnd,
    ("RUN_END", "stop"): RunStop,
    ("HOOK", "hook"): Hook,
    ("COMMIT", "source"): Source,
    ("OP_END", "outcome"): Outcome,
    ("SUSPEND", "axis"): Axis,
    ("RESUME", "axis"): Axis,
    ("RESUME", "source"): Source,
    ("CANCEL", "event"): _Queued,
    ("CANCEL", "reason"): CancelReason,
    ("BOOTSTRAP", "stage"): BootstrapStage,
}


@invariant(
    "words-known",
    group="log",
    sentence="Outcomes, sources, axes, hooks, stages, reasons of a CANCEL, and how and why a run ended, are "
    "words of the vocabulary, or not told.",
    rationale="A word that nobody knows is judged by no rule: an outcome of another name would be neither "
    "completed nor cut.",
    source="docs/trace-format.md: the vocabulary; nandtrace model: words",
)
def words_known(facts: Facts) -> Finding:
    batch, parts, evaluated = facts.batch, [], 0
    for (kind, column), words in _WORDS.items():
        codes = batch.column(kind, column)
        told = codes != NULL
        evaluated += int(np.count_nonzero(told))
        unknown = np.flatnonzero(told & ~np.isin(codes, batch.codes(words)))
        parts.append(
            pl.DataFrame(
                {
                    "seq": batch.seq[batch.rows(kind)[unknown]],
                    "expected": [f"{column} one of {', '.join(words)}"] * len(unknown),
                    "actual": [batch.name(code) or "no name" for code in codes[unknown].tolist()],
                },
                schema={"seq": pl.Int64, "expected": pl.String, "actual": pl.String},
            )
        )
    return Finding(evaluated, evaluated, pl.concat(parts).sort("seq", maintain_order=True))
