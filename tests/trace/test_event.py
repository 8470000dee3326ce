"""Events of a chunk, one by one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nandtrace.trace import Chunk, ChunkError, TraceReader
from nandtrace.trace.event import Event, events_of, kind_name
from nandtrace.vocab import NAND


def _events(path: Path) -> list[Event]:
    with TraceReader(path) as reader:
        chunks = [item for item in reader.walk() if isinstance(item, Chunk)]
        return [event for chunk in chunks for event in events_of(chunk, NAND)]


def test_events_read_back_as_they_were_recorded(
    record: Callable[..., Path], small_calls: Callable[..., Any]
) -> None:
    path = record("a.mpk", small_calls(runs=1, ops=1))
    assert _events(path) == [
        Event(0, 0, 0, "RUN_BEGIN", {}),
        Event(
            1,
            0,
            0,
            "COMMIT",
            {
                "seg": 0,
                "op": 0,
                "op_name": "Program SLC",
                "base": "PROGRAM_SLC",
                "source": "PROPOSAL",
                "start_ns": 0,
                "end_ns": 500,
                "targets": [(0, 0, 0, 0)],
            },
        ),
        Event(2, 0, 0, "OP_START", {"seg": 0}),
        Event(3, 0, 500, "OP_END", {"seg": 0, "outcome": "COMPLETED", "drained": False}),
        Event(
            4,
            0,
            500,
            "APPLY_PGM",
            {"seg": 0, "celltype": "SLC", "aborted": False, "cells": [(0, 0, 0)]},
        ),
        Event(5, 0, 50_000, "RUN_END", {}),
    ]


def test_null_fields_are_left_out_row_by_row(record: Callable[..., Path]) -> None:
    calls = [
        ("begin_run", {"time_ns": 0, "snapshot": {}}),
        ("hook", {"time_ns": 0, "hook": "PHASE_HOOK", "die": 1}),
        ("hook", {"time_ns": 0, "hook": "QUEUE_REFILL"}),
        ("apply_erase", {"time_ns": 0, "seg": 1, "cells": [(0, 3), (1, 4)], "celltype": "SLC"}),
        ("apply_erase", {"time_ns": 0, "seg": 2, "cells": [], "celltype": "TLC"}),
        ("end_run", {"time_ns": 0, "snapshot": {}, "hooks": 2}),
    ]
    fields = [event.fields for event in _events(record("a.mpk", calls))]
    assert fields == [
        {},
        {"hook": "PHASE_HOOK", "die": 1},
        {"hook": "QUEUE_REFILL"},
        {
            "seg": 1,
            "celltype": "SLC",
            "aborted": False,
            "cells": [(0, 3, None), (1, 4, None)],
        },
        {"seg": 2, "celltype": "TLC", "aborted": False},
        {"hooks": 2},
    ]


def test_any_part_of_a_chunk_gives_the_same_events(
    record: Callable[..., Path], small_calls: Callable[..., Any]
) -> None:
    path = record("a.mpk", small_calls())
    whole = _events(path)
    with TraceReader(path) as reader:
        chunk = reader.chunk(0)
        for start in range(len(whole)):
            for stop in (start, start + 1, start + 7, 1_000):
                assert list(events_of(chunk, NAND, start, stop)) == whole[start:stop]


def test_a_code_without_a_kind_has_no_fields() -> None:
    assert kind_name(NAND, 4) == "COMMIT"
    assert kind_name(NAND, 200) == "#200"


def test_a_name_without_a_string_is_an_error(
    record: Callable[..., Path], small_calls: Callable[..., Any]
) -> None:
    with TraceReader(record("a.mpk", small_calls(runs=1))) as reader:
        chunk = reader.chunk(0)
        chunk.meta.strings.pop()
        with pytest.raises(ChunkError, match="names no string of it"):
            list(events_of(chunk, NAND))


def test_flags_beyond_yes_and_no_are_not_hidden(record: Callable[..., Path]) -> None:
    calls = [
        ("begin_run", {"time_ns": 0, "snapshot": {}}),
        ("odt", {"time_ns": 0, "on": 1, "die": 0}),
        ("odt", {"time_ns": 0, "on": 7, "die": 0}),
        ("end_run", {"time_ns": 0, "snapshot": {}}),
    ]
    events = _events(record("a.mpk", calls))
    assert [event.fields.get("on") for event in events] == [None, True, 7, None]


def test_the_order_of_events_is_that_of_the_chunk(
    record: Callable[..., Path], small_calls: Callable[..., Any]
) -> None:
    path = record("a.mpk", small_calls(), chunk_events=7)
    events = _events(path)
    assert [event.seq for event in events] == list(range(54))
    assert np.all(np.diff([event.time_ns for event in events]) >= 0)
