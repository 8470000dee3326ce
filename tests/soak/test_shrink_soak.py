"""Every faulty scheduler, shrunk to what can be read at a glance."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nandtrace.nand.recipes import new_job
from nandtrace.nand.replaying import replay
from nandtrace.selftest.faults.catching import violated_invariants
from nandtrace.selftest.faults.nand_fault import NandFault
from nandtrace.selftest.faults.table import NAND_FAULTS
from nandtrace.shrinking import REPLAY, Budget, Size, shrink_recording

pytestmark = pytest.mark.soak

CANDIDATES = 800
READABLE = 30

LONGER = {"counts-pages-by-segment": 33}
"""A program must be suspended, given up by a reset, and followed by another one in its block: an erase, two
programs, a suspend and a reset, and nothing of them can be left out."""


class Readable:
    """Hears how large the smallest recording is, and ends the search once it can be read."""

    def __init__(self) -> None:
        self.is_readable = False

    def told(self, tried: int, size: Size) -> None:  # noqa: ARG002 - how the search tells it
        self.is_readable |= size.counted <= READABLE

    def budget(self) -> Budget:
        return Budget(CANDIDATES, lambda: self.is_readable)


@pytest.mark.parametrize("fault", NAND_FAULTS, ids=lambda fault: fault.id)
def test_a_faulty_scheduler_is_shrunk_to_few_events(fault: NandFault, tmp_path: Path) -> None:
    job, _ = new_job(replace(fault.choices, seed=fault.seed), fault.own)
    readable = Readable()
    shrunk = shrink_recording(
        job.recipe,
        fault.invariant or REPLAY,
        tmp_path / "out",
        budget=readable.budget(),
        told=readable.told,
    )
    assert shrunk is not None
    assert shrunk.after.counted <= LONGER.get(fault.id, READABLE)
    if fault.invariant is None:
        assert not replay(shrunk.trace, 1, scheduler=fault.own).same
    else:
        assert fault.invariant in violated_invariants(shrunk.trace)
