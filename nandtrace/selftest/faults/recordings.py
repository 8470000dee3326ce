"""The recordings that faults spoil: small devices, and runs that are just long enough."""

from __future__ import annotations

from pathlib import Path

from nandtrace.nand.chosen import Choices

_MS_NS = 1_000_000
_PROFILES = Path(__file__).parents[1] / "profiles"
_BUSY = str(_PROFILES / "busy.yaml")

FILLING = Choices(profile=_BUSY, runs=2, run_for_ns=(3 * _MS_NS,))
"""The bootstrap goes on over the boundary."""

FILLED = Choices(profile=_BUSY, runs=2, run_for_ns=(6 * _MS_NS,))
"""The bootstrap is over within the first run."""

MIX = Choices(profile=_BUSY, runs=3, run_for_ns=(8 * _MS_NS,), bootstrap=False)
"""Without a bootstrap: the first run is drained too."""

WORN = Choices(profile="tiny", runs=2, run_for_ns=(60 * _MS_NS,), bootstrap=False)
"""So few blocks that all are erased again and again."""

NESTED = Choices(profile=str(_PROFILES / "nested.yaml"), runs=2, run_for_ns=(5 * _MS_NS,))
"""A script: a program suspended inside a suspended erase."""

LATCHED = Choices(profile=str(_PROFILES / "latched.yaml"), runs=2, run_for_ns=(5 * _MS_NS,))
"""A script: a program that a full latch keeps out."""
