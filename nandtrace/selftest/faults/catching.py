"""Catching: what the checker, or a replay, finds in what a faulty scheduler recorded."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nandtrace.check import verify_trace
from nandtrace.selftest.faults.fault import Fault


@dataclass(frozen=True, slots=True)
class Caught:
    """The seed with which a fault was caught, and all invariants that its recording violates.

    They are none where it was caught by a replay.
    """

    seed: int
    invariants: tuple[str, ...]


def caught(fault: Fault, folder: Path, seeds: Iterable[int] | None = None) -> Caught | None:
    """Record a fault in a folder, seed by seed, until it is found; None where it never is.

    Found means by the invariant that it breaks, or by the replay that shows it; others may be violated
    too.
    """
    for seed in range(fault.seeds) if seeds is None else seeds:
        path = folder / f"{fault.id}-{seed}.mpk"
        fault.record(path, seed)
        violated = violated_invariants(path)
        is_found = fault.is_found(path, violated)
        path.unlink()
        if is_found:
            return Caught(seed, violated)
    return None


def violated_invariants(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """The ids of the invariants that a trace violates, in the order of the catalogue."""
    return tuple(item.id for item in verify_trace(path).invariants if item.violated)
