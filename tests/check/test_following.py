"""Verifying a trace while it is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nandtrace.check import Verdict, verify_trace
from nandtrace.check.verdict import TraceVerdict
from nandtrace.check.verify import follow_trace
from nandtrace.errors import TraceError
from nandtrace.trace import TraceReader
from nandtrace.trace.chunk_file import partial_path
from nandtrace.trace.following import open_following
from tests.check.native import Calls, legal_calls, record


class Growing:
    """A copy of a trace that grows a chunk at a time, and what was said of it meanwhile."""

    def __init__(self, trace: Path, cut_bytes: int = 0) -> None:
        self.path = trace.with_name("growing.mpk")
        self.copy = partial_path(self.path)
        self._raw = trace.read_bytes()
        with TraceReader(trace) as reader:
            chunks = reader.index.chunks
        self.ends = [chunk.offset + chunk.size_bytes for chunk in chunks]
        self._last = len(self._raw) - cut_bytes
        self._written = 0
        self.said: list[tuple[int, int, list[str]]] = []
        """Chunks written then, runs judged, invariants violated."""
        self.copy.write_bytes(self._raw[: chunks[0].offset])

    def sizes(self) -> Iterator[int]:
        for number, end in enumerate(self.ends, 1):
            self.copy.write_bytes(self._raw[:end])
            self._written = number
            yield end
        self.copy.write_bytes(self._raw[: self._last])
        if self._last == len(self._raw):
            self.copy.rename(self.path)

    def told(self, verdict: TraceVerdict) -> None:
        violated = [item.id for item in verdict.invariants if item.violated]
        self.said.append((self._written, verdict.runs, violated))


def _without_an_end() -> Calls:
    calls = legal_calls()
    first = next(place for place, (name, _) in enumerate(calls) if name == "op_end")
    return calls[:first] + calls[first + 1 :]


@pytest.mark.parametrize("chunk_events", [1, 7, 65_536])
@pytest.mark.parametrize("calls", [legal_calls(), _without_an_end()], ids=["legal", "broken"])
def test_the_verdict_is_that_of_the_finished_trace(
    tmp_path: Path, calls: Calls, chunk_events: int
) -> None:
    trace = record(tmp_path / "whole.mpk", calls, chunk_events=chunk_events)
    growing = Growing(trace)
    verdict = follow_trace(growing.path, growing.sizes(), growing.told)
    assert verdict == verify_trace(growing.path)


def test_a_run_is_judged_once_it_is_written(tmp_path: Path) -> None:
    trace = record(tmp_path / "whole.mpk", _without_an_end(), chunk_events=4)
    growing = Growing(trace)
    verdict = follow_trace(growing.path, growing.sizes(), growing.told)
    violated = [item.id for item in verdict.invariants if item.violated]
    with TraceReader(trace) as reader:
        first_end = next(
            number
            for number, chunk in enumerate(reader.index.chunks, 1)
            if "RUN_END" in chunk.counts
        )
    assert "one-op-end-per-segment" in violated
    assert [written for written, _, _ in growing.said] == [first_end, len(growing.ends)]
    assert growing.said[0][1:] == (1, violated)


def test_a_trace_that_never_ends_is_unknown(tmp_path: Path) -> None:
    trace = record(tmp_path / "whole.mpk", legal_calls(), chunk_events=4)
    growing = Growing(trace, cut_bytes=1)
    verdict = follow_trace(growing.path, growing.sizes(), growing.told)
    assert verdict.verdict is Verdict.UNKNOWN
    assert verdict.damages


def test_a_trace_that_is_complete_already(tmp_path: Path) -> None:
    trace = record(tmp_path / "whole.mpk", legal_calls())
    with TraceReader(trace) as reader:
        sizes = [reader.index.chunks[0].offset + reader.index.chunks[0].size_bytes]
    assert follow_trace(trace, sizes, lambda _: None) == verify_trace(trace)


def test_what_is_no_trace_is_said(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="no such file"):
        open_following(tmp_path / "missing.mpk", [])
    partial_path(tmp_path / "wrong.mpk").write_bytes(b"no trace")
    with pytest.raises(TraceError, match=r"wrong\.mpk\.partial: byte 0: not a trace"):
        open_following(tmp_path / "wrong.mpk", [])
