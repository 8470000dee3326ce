"""What a user chooses for a recording, before a profile is read: light to import."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nandtrace.errors import UsageError
from nandtrace.units import ns_to_us_text
from nandtrace.vocab.nand import ApplyPolicy

DEFAULT_PROFILE = "default"
DEFAULT_RUNS = 3

Blocks = tuple[tuple[int, int], ...]
"""Pairs of die and block."""

_BLOCK = re.compile(r"([0-9]{1,9}):([0-9]{1,9})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Choices:
    """The profile and options of a recording; None or empty where nothing was chosen."""

    profile: str | None = None
    seed: int | None = None
    runs: int | None = None
    run_for_ns: tuple[int, ...] = ()
    max_hooks: int | None = None
    drain: bool | None = None
    bootstrap: bool | None = None
    apply_policy: ApplyPolicy | None = None
    bad_blocks: Blocks = ()

    @property
    def resolved_runs(self) -> int:
        """How many runs: as chosen, else one for each duration where there are several.

        Raises UsageError where there are more durations than runs.
        """
        if self.runs is None:
            return len(self.run_for_ns) if len(self.run_for_ns) > 1 else DEFAULT_RUNS
        if len(self.run_for_ns) > self.runs:
            raise UsageError(f"{len(self.run_for_ns)} durations for {self.runs} runs")
        return self.runs

    def arguments(self) -> Iterator[str]:
        """The choices, but for the profile, as arguments of `nandtrace record`."""
        yield from ("--seed", str(self.seed or 0))
        yield from self.option_arguments()

    def option_arguments(self) -> Iterator[str]:
        """The choices, but for profile and seed, as arguments of `nandtrace record`."""
        yield from ("--runs", str(self.resolved_runs))
        for length_ns in self.run_for_ns:
            yield from ("--run-until", f"{ns_to_us_text(length_ns)}us")
        if self.max_hooks is not None:
            yield from ("--max-hooks", str(self.max_hooks))
        for name, on in (("drain", self.drain), ("bootstrap", self.bootstrap)):
            if on is not None:
                yield f"--{'' if on else 'no-'}{name}"
        if self.apply_policy:
            yield from ("--apply-policy", self.apply_policy.value)
        if self.bad_blocks:
            yield from (
                "--bad-blocks",
                ",".join(f"{die}:{block}" for die, block in self.bad_blocks),
            )


def blocks_of(text: str) -> Blocks:
    """The pairs of `0:12,1:3`, die and block. Raises ValueError for anything else."""
    pairs = []
    for part in text.split(","):
        found = _BLOCK.fullmatch(part.strip())
        if found is None:
            raise ValueError(f"{part!r} is no DIE:BLOCK")
        pairs.append((int(found[1]), int(found[2])))
    return tuple(pairs)


def merged_blocks(groups: Iterable[Blocks]) -> Blocks:
    """All pairs of several lists, each once, in order."""
    return tuple(sorted({pair for group in groups for pair in group}))
