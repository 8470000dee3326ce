"""Small traces, as lists of recorder calls that a test may change before it records them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nandtrace import Recorder, Topology

Calls = list[tuple[str, dict[str, Any]]]

RUN_NS = 100_000


def _calls(runs: int = 3, ops: int = 4) -> Calls:
    """`runs` runs with `ops` programs each: 4 events an op, and the two that bound the run."""
    calls: Calls = []
    for run in range(runs):
        begin = run * RUN_NS
        calls.append(("begin_run", {"time_ns": begin, "snapshot": _snapshot(run * ops)}))
        for place in range(ops):
            calls += _op(run * ops + place, begin + place * 1_000)
        calls.append(
            ("end_run", {"time_ns": begin + RUN_NS // 2, "snapshot": _snapshot((run + 1) * ops)})
        )
    return calls


def _op(seg: int, start: int) -> Calls:
    die, page = seg % 2, seg // 2
    commit = {
        "seg": seg,
        "op": seg,
        "op_name": "Program SLC",
        "base": "PROGRAM_SLC",
        "source": "PROPOSAL",
        "start_ns": start,
        "end_ns": start + 500,
        "targets": [(die, 0, 0, page)],
    }
    return [
        ("commit", {"time_ns": start, **commit}),
        ("op_start", {"time_ns": start, "seg": seg}),
        ("op_end", {"time_ns": start + 500, "seg": seg}),
        (
            "apply_pgm",
            {"time_ns": start + 500, "seg": seg, "cells": [(die, 0, page)], "celltype": "SLC"},
        ),
    ]


def _snapshot(ops: int) -> dict[str, Any]:
    return {"ongoing": [[], []], "addr_state": [(ops + 1) // 2 - 1, ops // 2 - 1, -2, -2]}


@pytest.fixture
def small_calls() -> Callable[..., Calls]:
    """Makes the calls of a small sound trace; 18 events a run unless `ops` says otherwise."""
    return _calls


@pytest.fixture
def record(tmp_path: Path) -> Callable[..., Path]:
    """Records calls into a file of the test's folder; options are those of Recorder."""

    def write(name: str, calls: Calls, **options: Any) -> Path:
        path = tmp_path / name
        settings = {
            "topology": Topology(dies=2, planes=1, blocks_per_die=2, pages_per_block=64),
            "program_bases": ("PROGRAM_SLC",),
        }
        with Recorder(path, **(settings | options)) as recorder:
            for method, values in calls:
                getattr(recorder, method)(**values)
        return path

    return write
