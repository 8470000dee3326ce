"""What was recorded, and how a re-execution came out: as lines, and as plain JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from nandtrace.diff import Result, TraceDiff
from nandtrace.report.diff import diff_json, diff_lines
from nandtrace.units import ns_to_us_text


class RecordingSummary(Protocol):
    """The figures of a recording."""

    @property
    def ops(self) -> int: ...
    @property
    def segments(self) -> int: ...
    @property
    def ops_by_base(self) -> Mapping[str, int]: ...
    @property
    def events(self) -> int: ...
    @property
    def runs(self) -> int: ...
    @property
    def hooks(self) -> int: ...
    @property
    def time_ns(self) -> int: ...
    @property
    def bytes(self) -> int: ...
    @property
    def digest(self) -> str: ...


class ReplayOutcome(Protocol):
    """How a re-execution compares with its trace; `divergence` where the digests differ."""

    @property
    def same(self) -> bool: ...
    @property
    def expected_digest(self) -> str: ...
    @property
    def actual_digest(self) -> str: ...
    @property
    def runs(self) -> int: ...
    @property
    def divergence(self) -> TraceDiff | None: ...


def summary_lines(trace: str, summary: RecordingSummary) -> Iterator[str]:
    """A headline, totals, and ops by base, the most frequent first."""
    yield f"{trace}: {summary.events} events, {summary.runs} runs"
    yield f"  simulated time: {ns_to_us_text(summary.time_ns)} µs"
    yield f"  hooks: {summary.hooks}"
    yield f"  bytes: {summary.bytes}"
    yield f"  digest: {summary.digest}"
    yield f"  ops: {summary.ops} in {summary.segments} segments"
    for base, count in _by_count(summary.ops_by_base):
        yield f"    {base}: {count}"


def summary_json(summary: RecordingSummary) -> dict[str, Any]:
    """The figures, as schemas/record.schema.json names them."""
    return {
        "runs": summary.runs,
        "events": summary.events,
        "ops": summary.ops,
        "segments": summary.segments,
        "ops_by_base": dict(_by_count(summary.ops_by_base)),
        "hooks": summary.hooks,
        "time_ns": summary.time_ns,
        "bytes": summary.bytes,
        "digest": summary.digest,
    }


def replay_result(outcome: ReplayOutcome, problems: Sequence[str]) -> Result:
    """The result of a re-execution, as that of a diff; `problems` are what the trace lacks."""
    if outcome.same:
        return Result.INCOMPLETE if problems else Result.SAME
    return Result.DIFFERENT if outcome.divergence is None else outcome.divergence.result


def replay_lines(trace: str, outcome: ReplayOutcome, problems: Sequence[str]) -> Iterator[str]:
    """One line where the re-execution gave the same; else what differs first."""
    result = replay_result(outcome, problems)
    runs = f"{outcome.runs} run{'' if outcome.runs == 1 else 's'} re-executed"
    if outcome.same:
        yield f"{result.value}: {trace}, {runs}, digest {outcome.actual_digest[:16]}"
        return
    yield f"{result.value}: {trace}, {runs}"
    yield f"  digest of the trace: {outcome.expected_digest}"
    yield f"  digest re-executed:  {outcome.actual_digest}"
    if outcome.divergence is not None:
        yield ""
        yield from diff_lines(outcome.divergence)


def replay_json(
    trace: str, run: int | None, outcome: ReplayOutcome, problems: Sequence[str]
) -> dict[str, Any]:
    """The outcome as schemas/replay.schema.json describes it."""
    return {
        "version": 1,
        "path": trace,
        "run": run,
        "runs": outcome.runs,
        "result": replay_result(outcome, problems).value,
        "expected_digest": outcome.expected_digest,
        "actual_digest": outcome.actual_digest,
        "problems": list(problems),
        "diff": None if outcome.divergence is None else diff_json(outcome.divergence),
    }


def _by_count(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
