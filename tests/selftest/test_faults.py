"""Every family of faulty schedulers is caught, under the invariant that the table says; soundness is not.

A selection, each with one recording; all faults, seed by seed, are in tests/soak.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

from nandtrace.check import load_invariants
from nandtrace.errors import UsageError
from nandtrace.nand.job import recipe_of
from nandtrace.nand.own_scheduler import loaded_scheduler
from nandtrace.nand.replaying import replay
from nandtrace.nand.scheduler import Scheduler
from nandtrace.selftest import faults
from nandtrace.selftest.faults import recordings
from nandtrace.selftest.faults.catching import caught, violated_invariants
from nandtrace.selftest.faults.nand_fault import NandFault
from nandtrace.selftest.faults.table import NAND_FAULTS
from nandtrace.trace import TraceReader
from nandtrace.user_modules import parse_target

BY_ID = {fault.id: fault for fault in NAND_FAULTS}
SELECTED = (
    "forgets-starts",
    "drains-twice",
    "leaves-end-queued",
    "measures-rest-late",
    "carries-refill",
    "loses-bootstrap",
    "shares-streams",
    "hides-state",
    "reset-forgets-dies",
    "never-frees-latches",
    "counts-pages-by-segment",
    "uses-bad-blocks",
    "cuts-sequences-short",
    "ends-last",
    "overlaps-planes-on-bus",
)


@pytest.mark.parametrize("name", SELECTED)
def test_a_fault_is_caught_with_its_seed(tmp_path: Path, name: str) -> None:
    fault = BY_ID[name]
    found = caught(fault, tmp_path, [fault.seed])
    assert found is not None
    assert found.seed == fault.seed
    assert fault.invariant is None or fault.invariant in found.invariants
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("choices", ["FILLING", "FILLED", "MIX", "WORN", "NESTED", "LATCHED"])
def test_without_a_fault_nothing_is_found(tmp_path: Path, choices: str) -> None:
    sound = NandFault(Scheduler, None, getattr(recordings, choices))
    sound.record(tmp_path / "a.mpk", 0)
    assert violated_invariants(tmp_path / "a.mpk") == ()
    assert caught(sound, tmp_path, [0]) is None


def test_what_only_a_replay_finds(tmp_path: Path) -> None:
    fault = BY_ID["forgets-draws"]
    path = tmp_path / "a.mpk"
    fault.record(path, fault.seed)
    assert violated_invariants(path) == ()
    assert replay(path, scheduler=fault.own).same
    assert not replay(path, 1, scheduler=fault.own).same


def test_a_recording_names_its_scheduler(tmp_path: Path) -> None:
    fault = BY_ID["forgets-starts"]
    path = tmp_path / "a.mpk"
    fault.record(path, 0)
    with TraceReader(path) as reader:
        header = reader.header
    assert header.identity["scheduler"] == "nandtrace.selftest.faults.drains:ForgetsStarts"
    with pytest.raises(UsageError, match="it takes --scheduler nandtrace"):
        recipe_of("a.mpk", header)
    assert recipe_of("a.mpk", header, fault.own).scheduler == fault.own


def test_the_table_holds_every_fault_once() -> None:
    written = {
        kind
        for module in pkgutil.iter_modules(faults.__path__, f"{faults.__name__}.")
        for _, kind in inspect.getmembers(importlib.import_module(module.name), inspect.isclass)
        if issubclass(kind, Scheduler) and kind.__module__ == module.name
    }
    assert {fault.kind for fault in NAND_FAULTS} == written
    assert len(NAND_FAULTS) == len(written) == len(BY_ID) >= 32
    assert all(0 <= fault.seed < NandFault.seeds for fault in NAND_FAULTS)


def test_the_table_names_what_there_is() -> None:
    known = set(load_invariants("nand"))
    assert {fault.invariant for fault in NAND_FAULTS if fault.invariant is not None} <= known
    for fault in NAND_FAULTS:
        assert fault.sentence.endswith(".")
        with loaded_scheduler(parse_target(fault.scheduler)) as own:
            assert own == fault.own


def test_a_fault_says_what_it_is() -> None:
    fault = BY_ID["leaves-end-queued"]
    assert fault.scheduler == "nandtrace.selftest.faults.suspending:LeavesEndQueued"
    assert fault.invariant == "one-op-end-per-segment"
    assert fault.sentence == (
        "A suspend writes that the OP_END of its target is withdrawn, and leaves it in the queue."
    )
