"""Fingerprints are of what an event says, wherever it lies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nandtrace.diff.decoded import decode_chunk
from nandtrace.diff.fingerprint import fingerprints, grams
from nandtrace.trace import Chunk, TraceReader


def _prints(path: Path) -> list[int]:
    with TraceReader(path) as reader:
        return [
            number
            for item in reader.walk()
            if isinstance(item, Chunk)
            for number in fingerprints(decode_chunk(item, reader.header.vocabulary)).tolist()
        ]


def test_chunks_and_strings_around_an_event_do_not_matter(
    record: Callable[..., Path], small_calls: Callable[..., Any]
) -> None:
    whole = _prints(record("a.mpk", small_calls()))
    assert len(set(whole)) == 54
    assert _prints(record("b.mpk", small_calls(), chunk_events=7)) == whole
    longer = small_calls()
    longer.insert(1, ("hook", {"time_ns": 0, "hook": "A first string"}))
    moved = _prints(record("c.mpk", longer))
    assert moved[:1] + moved[2:] == whole


def test_each_part_of_an_event_matters(
    record: Callable[..., Path], small_calls: Callable[..., Any]
) -> None:
    whole = _prints(record("a.mpk", small_calls()))
    for number, (name, value) in enumerate(
        [
            ("end_ns", 1),
            ("op_name", "other"),
            ("source", None),
            ("targets", [(0, 0, 0, None)]),
            ("targets", [(0, 0, 0, 0), (0, 0, 0, 0)]),
        ]
    ):
        changed = small_calls()
        changed[1][1][name] = value
        prints = _prints(record(f"{number}.mpk", changed))
        assert [at for at in range(54) if prints[at] != whole[at]] == [1]


def test_grams_are_equal_where_all_their_numbers_are() -> None:
    numbers = np.array([5, 6, 7, 5, 6, 7, 8], np.uint64)
    first, _, _, fourth, fifth = grams(numbers, 3).tolist()
    assert first == fourth != fifth
    assert len(grams(numbers, 8)) == 0
