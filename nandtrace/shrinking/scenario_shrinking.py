"""Recordings of scenarios of work orders, made smaller: a scenario, its command, and its trace."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from nandtrace.errors import StorageError
from nandtrace.shrinking.scenario_recording import Plain, Record, ScenarioRecordings, key_of
from nandtrace.shrinking.scenario_search import reduce_scenario
from nandtrace.shrinking.searching import search_smallest
from nandtrace.shrinking.task import Shrunk, Task, Way, Written
from nandtrace.shrinking.toml_text import toml_text
from nandtrace.trace.header import Header
from nandtrace.vocab import WORKORDER
from nandtrace.workorder.scenario_loading import load_scenario
from nandtrace.workorder.scenario_recording import record_scenario


def scenario_of(header: Header) -> Plain | None:
    """The scenario in a trace's header, with its seed; None where there is none."""
    content: Any = header.identity.get("content")
    if header.domain != WORKORDER.domain or not isinstance(content, dict):
        return None
    return {**content, "seed": header.identity.get("seed", 0)}


def shrink_scenario(task: Task, plain: Plain, record: Record = record_scenario) -> Shrunk | None:
    """Search the smallest scenario; None where it violates nothing when it is recorded again.

    Raises StorageError where something can't be written.
    """
    with tempfile.TemporaryDirectory(prefix="nandtrace-") as folder:
        recordings = ScenarioRecordings(task.invariant, Path(folder), record)
        return search_smallest(
            task,
            Way.RECORDING,
            plain,
            recordings.measure,
            key_of=key_of,
            reduce=reduce_scenario,
            write=lambda best: _write(task, best, record),
        )


def _write(task: Task, plain: Plain, record: Record) -> Written:
    outputs, path = task.outputs, task.outputs.scenario
    comment = f"# Violates {task.invariant}. Shrunk by nandtrace shrink, from {task.trace.name}.\n"
    try:
        path.write_text(comment + toml_text(plain), encoding="utf-8")
    except OSError as error:
        raise StorageError(str(path), error) from error
    record(outputs.trace, load_scenario(path))
    command = ("nandtrace", "record", "workorder", str(path), "-o", str(outputs.trace))
    return Written(path, (command,))
