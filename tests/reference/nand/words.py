"""Reference checker, NAND: the words that events use are those of the vocabulary."""

from __future__ import annotations

from collections.abc import Iterator

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
from tests.reference.log import Entry
from tests.reference.runs import Offence

WORDS = {
    ("OP_END", "outcome"): Outcome,
    ("COMMIT", "source"): Source,
    ("RESUME", "source"): Source,
    ("SUSPEND", "axis"): Axis,
    ("RESUME", "axis"): Axis,
    ("HOOK", "hook"): Hook,
    ("BOOTSTRAP", "stage"): BootstrapStage,
    ("CANCEL", "event"): ("OP_START", "OP_END"),
    ("CANCEL", "reason"): CancelReason,
    ("RUN_END", "end"): RunEnd,
    ("RUN_END", "stop"): RunStop,
}


def unknown_words(entries: list[Entry]) -> Iterator[Offence]:
    """words-known."""
    for entry in entries:
        for (kind, name), words in WORDS.items():
            if entry.kind == kind and entry.get(name) not in (None, *map(str, words)):
                yield "words-known", entry.seq
