"""Candidates of the work-order scheduler: scenarios, recorded, judged and measured."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nandtrace.check.verdict import Verdict
from nandtrace.check.verify import Options, verify_trace
from nandtrace.errors import StorageError, UsageError
from nandtrace.shrinking.sizes import Size, count_events
from nandtrace.shrinking.toml_text import toml_text
from nandtrace.trace import TraceReader
from nandtrace.workorder.scenario import Scenario
from nandtrace.workorder.scenario_loading import load_scenario

Plain = Mapping[str, Any]
"""The content of a scenario's file."""

Record = Callable[[Path, Scenario], object]
"""Records a scenario into a file: `record_scenario`, or as another scheduler does it."""


def key_of(plain: Plain) -> str:
    """What tells a scenario from others; the order of its orders counts."""
    return hashlib.sha256(json.dumps(plain).encode()).hexdigest()[:24]


class ScenarioRecordings:
    """Records candidates into a folder, and looks for violations of one invariant in them."""

    def __init__(self, invariant: str, folder: Path, record: Record) -> None:
        self._only = Options(only=(invariant,), kept=1)
        self._folder = folder
        self._record = record

    def measure(self, plain: Plain, best: Size | None) -> Size | None:  # noqa: ARG002 - the seam has it
        """How large a candidate is; None where it is no scenario or violates nothing."""
        trace = self._folder / "candidate.mpk"
        text = toml_text(plain)
        try:
            self._record(trace, self._loaded(text))
        except UsageError:
            return None
        except StorageError:
            raise
        except Exception:  # a scheduler that stumbles: such a candidate is of no use
            return None
        if verify_trace(trace, self._only).verdict is not Verdict.VIOLATED:
            return None
        with TraceReader(trace) as reader:
            counted, events = count_events(reader)
        return Size(counted, events, characters=len(text))

    def _loaded(self, text: str) -> Scenario:
        path = self._folder / "candidate.toml"
        path.write_text(text, encoding="utf-8")
        return load_scenario(path)
