"""Faults of the NAND scheduler."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from nandtrace.nand.chosen import Choices
from nandtrace.nand.own_scheduler import OwnScheduler, own_scheduler
from nandtrace.nand.recipes import new_job
from nandtrace.nand.recording import run_job
from nandtrace.nand.replaying import replay
from nandtrace.selftest.faults.fault import Fault

_REPLAYED_RUN = 1


@dataclass(frozen=True)
class NandFault(Fault):
    """A faulty NAND scheduler, and the profile and options of a recording that it spoils.

    `kind` is a subclass of the scheduler. `invariant` is None where the trace alone shows nothing, and only
    the replay of its second run alone does.
    """

    choices: Choices

    seeds: ClassVar[int] = 8

    def record(self, path: Path, seed: int) -> None:
        """Record what it does, as `nandtrace record --scheduler` would."""
        job, _ = new_job(replace(self.choices, seed=seed), self.own)
        run_job(path, job)

    def is_found(self, path: Path, violated: Collection[str]) -> bool:
        """Whether a recording violates its invariant, or a replay shows what no invariant does."""
        if self.invariant is None:
            return not replay(path, _REPLAYED_RUN, scheduler=self.own).same
        return super().is_found(path, violated)

    @property
    def own(self) -> OwnScheduler:
        """The class, with the name that `nandtrace record --scheduler` takes."""
        return own_scheduler(self.kind)

    @property
    def scheduler(self) -> str:
        """What `nandtrace record --scheduler` takes: MODULE:CLASS."""
        return self.own.label
