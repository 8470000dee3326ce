"""The work of `nandtrace golden`: record goldens anew, compare, judge, accept and reject."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from nandtrace.check.verdict import Verdict
from nandtrace.check.verify import verify_trace
from nandtrace.cli.golden_files import (
    Places,
    companion_differs,
    companion_of,
    digest_of,
    only_reads,
    places_of,
    put_file,
    put_text,
    remove,
)
from nandtrace.cli.golden_kinds import Golden
from nandtrace.errors import UsageError


@dataclass(slots=True)
class GoldenState:
    """What is the matter with one golden; without problems it is as it must be."""

    name: str
    problems: list[str] = field(default_factory=list)
    digest: str | None = None
    new_digest: str | None = None
    """Of the trace recorded anew, or of the one that waits beside the golden."""

    verdict: str | None = None
    expected: str = "OK"


@contextmanager
def recorded(golden: Golden) -> Iterator[Path]:
    """A golden recorded anew, in a temporary folder until the block is left."""
    with tempfile.TemporaryDirectory(prefix="nandtrace-") as folder:
        trace = Path(folder) / "golden.mpk"
        golden.record(trace)
        yield trace


def verdict_text(trace: Path) -> str:
    """A trace's verdict in words: OK, UNKNOWN, or VIOLATED with the invariants, sorted."""
    verdict = verify_trace(trace)
    if verdict.verdict is not Verdict.VIOLATED:
        return verdict.verdict.value
    violated = sorted(item.id for item in verdict.invariants if item.violated)
    return f"{verdict.verdict.value} {', '.join(violated)}"


def check_golden(folder: Path, golden: Golden) -> GoldenState:
    """Record a golden anew and compare digest, verdict and companion with what the folder holds.

    A trace that differs is put beside the golden as `.new`, and a `.new` that no longer does is
    removed; in continuous integration nothing is written.
    """
    places = places_of(folder, golden.name)
    state = GoldenState(golden.name, digest=digest_of(places.trace), expected=golden.expected)
    with recorded(golden) as trace:
        state.new_digest = digest_of(trace)
        assert state.new_digest is not None
        if state.digest != state.new_digest:
            state.problems.append(_difference(places, state))
            if not only_reads():
                put_file(trace, places.new)
                state.problems.append(f"what was recorded now waits in {places.new.name}")
        elif not only_reads():
            remove(places.new)
    _judge(golden, places, state)
    return state


def _difference(places: Places, state: GoldenState) -> str:
    if not places.trace.exists():
        return "it is missing"
    if state.digest is None:
        return "it is no complete trace"
    return f"recorded anew it differs: digest {state.digest[:16]} -> {str(state.new_digest)[:16]}"


def _judge(golden: Golden, places: Places, state: GoldenState) -> None:
    """Verdict and companion of the golden that is there."""
    if state.digest is None:
        return
    state.verdict = verdict_text(places.trace)
    if state.verdict != golden.expected:
        state.problems.append(f"its verdict is {state.verdict}, not {golden.expected}")
    elif companion_differs(golden, places):
        state.problems.append(f"{places.companion.name} is missing or does not describe it")


def status_of(folder: Path, golden: Golden) -> GoldenState:
    """What the folder holds of a golden; nothing is recorded."""
    places = places_of(folder, golden.name)
    state = GoldenState(golden.name, digest=digest_of(places.trace), expected=golden.expected)
    state.new_digest = digest_of(places.new)
    if not places.trace.exists():
        state.problems.append("it is missing")
    elif state.digest is None:
        state.problems.append("it is no complete trace")
    elif companion_differs(golden, places):
        state.problems.append(f"{places.companion.name} is missing or does not describe it")
    if places.new.exists():
        state.problems.append(f"{places.new.name} waits to be accepted or rejected")
    return state


def accept_golden(folder: Path, golden: Golden) -> GoldenState:
    """Make the waiting trace the golden, or one recorded now, and write its companion.

    Nothing is written where the trace's verdict is not the one of the manifest.
    """
    places = places_of(folder, golden.name)
    if places.new.exists():
        state = _accept(golden, places, places.new)
    else:
        with recorded(golden) as trace:
            state = _accept(golden, places, trace)
    if not state.problems:
        remove(places.new)
    return state


def _accept(golden: Golden, places: Places, trace: Path) -> GoldenState:
    state = GoldenState(golden.name, digest=digest_of(places.trace), expected=golden.expected)
    state.new_digest, state.verdict = digest_of(trace), verdict_text(trace)
    if state.verdict != golden.expected:
        state.problems.append(
            f"not accepted: its verdict is {state.verdict}, not {golden.expected}"
        )
        return state
    text = companion_of(golden, trace)
    if state.digest != state.new_digest:
        put_file(trace, places.trace)
    put_text(text, places.companion)
    return state


def reject_golden(folder: Path, golden: Golden) -> GoldenState:
    """Remove the trace that waits beside a golden. Raises UsageError where there is none."""
    places = places_of(folder, golden.name)
    if not places.new.exists():
        raise UsageError(f"golden {golden.name}: nothing waits to be rejected")
    state = GoldenState(golden.name, digest=digest_of(places.trace), expected=golden.expected)
    state.new_digest = digest_of(places.new)
    remove(places.new)
    return state
