"""Every faulty NAND scheduler is caught with its seed and no earlier one; the sound one never is."""

from __future__ import annotations

from pathlib import Path

import pytest

from nandtrace.nand.scheduler import Scheduler
from nandtrace.selftest.faults import recordings
from nandtrace.selftest.faults.catching import caught, violated_invariants
from nandtrace.selftest.faults.nand_fault import NandFault
from nandtrace.selftest.faults.table import NAND_FAULTS

pytestmark = pytest.mark.soak


@pytest.mark.parametrize("fault", NAND_FAULTS, ids=[fault.id for fault in NAND_FAULTS])
def test_a_fault_is_caught(tmp_path: Path, fault: NandFault) -> None:
    found = caught(fault, tmp_path)
    assert found is not None
    assert found.seed == fault.seed


@pytest.mark.parametrize("choices", ["FILLING", "FILLED", "MIX", "WORN", "NESTED", "LATCHED"])
@pytest.mark.parametrize("seed", range(NandFault.seeds))
def test_without_a_fault_nothing_is_found(tmp_path: Path, choices: str, seed: int) -> None:
    sound = NandFault(Scheduler, None, getattr(recordings, choices))
    sound.record(tmp_path / "a.mpk", seed)
    assert violated_invariants(tmp_path / "a.mpk") == ()
