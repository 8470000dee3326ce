"""Memory: limits under which no cell would begin, and what a campaign says that waits."""

from __future__ import annotations

from pathlib import Path

import pytest

from nandtrace.campaign import Progress, StopRequest, read_status, resume_campaign, run_campaign
from nandtrace.campaign.memory import check_memory, waiting_text
from nandtrace.campaign.model import Limits
from nandtrace.errors import UsageError
from nandtrace.vocab.workorder import Gate
from nandtrace.workorder import MemoryWait, Probe, Reading, SystemProbe
from tests.campaign.campaigns import THREE, trace_verdict, write_campaign
from tests.campaign.test_local import UseScript

MB = 2**20


class _FixedProbe(Probe):
    def __init__(self, total_mb: int) -> None:
        self.reading = Reading(total_mb * MB, total_mb * MB)

    def read(self) -> Reading:
        return self.reading

    def cpu(self) -> float:
        return 0.0


def test_a_cell_that_needs_more_than_there_is() -> None:
    probe = _FixedProbe(2000)
    check_memory(Limits(slots=9, memory_per_slot_mb=2000), probe)
    check_memory(Limits(slots=9, memory_per_slot_mb=1e9, memory_gating=False), probe)
    reason = (
        r"^limits.memory_per_slot_mb is 2,000.5, and this machine has 2,000 MB in all: "
        r"no cell would ever begin$"
    )
    with pytest.raises(UsageError, match=reason):
        check_memory(Limits(slots=1, memory_per_slot_mb=2000.5), probe)


def test_a_pressure_that_never_falls() -> None:
    check_memory(Limits(slots=1, warning=0, critical=0, memory_gating=False))
    with pytest.raises(UsageError, match=r"^limits.critical is 0: no cell would ever begin$"):
        check_memory(Limits(slots=1, warning=0, critical=0))


@pytest.mark.parametrize(
    ("gate", "available_mb", "text"),
    [
        (Gate.MEMORY, 120, "a cell needs 300 MB, 120 MB is free"),
        (
            Gate.MEMORY,
            1400,
            "a cell needs 300 MB, 1,400 MB is free, of which cells that have just begun may take some",
        ),
        (Gate.PRESSURE, 150, "92.5 % is in use, and from 85.5 % on no cell begins"),
    ],
)
def test_what_is_said(gate: Gate, available_mb: int, text: str) -> None:
    wait = MemoryWait("tiny/plain/0", gate, Reading(2000 * MB, available_mb * MB))
    said = waiting_text(wait, Limits(slots=1, critical=0.855))
    assert said == f"waits for memory: {text}"


def test_nothing_is_written_for_a_campaign_that_can_t_begin(tmp_path: Path) -> None:
    text = THREE.replace("memory_gating = false", "memory_per_slot_mb = 1e9")
    file = write_campaign(tmp_path, text)
    with pytest.raises(UsageError, match=rf"^{file}: limits.memory_per_slot_mb is 1,000,000,000, "):
        run_campaign(file, tmp_path / "out")
    assert list(tmp_path.iterdir()) == [file]


def test_it_is_not_resumed_on_a_machine_that_is_too_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cell_script: UseScript
) -> None:
    cell_script("sys.exit(1) if seed else record()")
    out, stop = tmp_path / "out", StopRequest()
    stop.request()
    text = THREE.replace("memory_gating = false", "memory_per_slot_mb = 0.5\nretries = 0")
    run_campaign(write_campaign(tmp_path, text), out, stop=stop)
    with monkeypatch.context() as patch:
        probe = _FixedProbe(1)
        probe.reading = Reading(1000, 1000)
        patch.setattr("nandtrace.campaign.memory.SystemProbe", lambda: probe)
        with pytest.raises(UsageError, match=rf"^{out}: limits.memory_per_slot_mb is 0.5, "):
            resume_campaign(out, slots=1)
        assert read_status(out).sessions[-1].number == 1
    assert resume_campaign(out).status.failed == 2
    monkeypatch.setattr("nandtrace.campaign.memory.SystemProbe", lambda: probe)
    # Where nothing is left to do, nothing is asked for.
    assert resume_campaign(out).settled_now == 0
    with pytest.raises(UsageError, match="no cell would ever begin"):
        resume_campaign(out, retry_failed=True)
    assert read_status(out).failed == 2


def _waits_until_stopped(folder: Path, limits: str) -> str:
    """What a campaign says that waits for memory, and never gets it."""
    stop = StopRequest()
    said: list[str] = []

    def told(progress: Progress) -> None:
        if progress.waiting and not stop.is_requested:
            said.append(progress.waiting)
            stop.request()

    file = write_campaign(folder, THREE.replace("memory_gating = false", limits))
    summary = run_campaign(file, folder / "out", told=told, stop=stop)
    assert (summary.status.pending, summary.was_interrupted) == (3, True)
    assert trace_verdict(folder / "out/campaign.mpk") == "OK"
    return said[0]


def test_it_says_that_it_waits_for_the_pressure_to_fall(
    tmp_path: Path, cell_script: UseScript
) -> None:
    cell_script("record()")
    said = _waits_until_stopped(tmp_path, "warning = 0.001\ncritical = 0.001")
    assert said.startswith("waits for memory: ")
    assert said.endswith(" % is in use, and from 0.1 % on no cell begins")


def test_it_says_that_it_waits_for_memory(tmp_path: Path, cell_script: UseScript) -> None:
    cell_script("record()")
    # All of it is never free.
    total_mb = SystemProbe().read().total_bytes // MB
    limits = f"warning = 1\ncritical = 1\nmemory_per_slot_mb = {total_mb}"
    said = _waits_until_stopped(tmp_path, limits)
    assert said.startswith(f"waits for memory: a cell needs {total_mb:,} MB, ")


def test_once_a_cell_begins_it_no_longer_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cell_script: UseScript
) -> None:
    cell_script("record()")
    readings = iter([Reading(1000 * MB, 10 * MB)])
    probe = _FixedProbe(1000)
    monkeypatch.setattr(
        "nandtrace.workorder.scheduler.SystemProbe.read", lambda _: next(readings, probe.reading)
    )
    monkeypatch.setattr("nandtrace.campaign.memory.SystemProbe", lambda: probe)
    told: list[Progress] = []
    text = THREE.replace(
        "memory_gating = false", "memory_per_slot_mb = 20\nwarning = 1\ncritical = 1"
    )
    summary = run_campaign(write_campaign(tmp_path, text), tmp_path / "out", told=told.append)
    assert summary.status.ok == 3
    waits = [progress.waiting for progress in told]
    assert waits[:3] == [None, "waits for memory: a cell needs 20 MB, 10 MB is free", None]
    assert told[2].running == ("tiny/plain/0",)
    assert set(waits[3:]) == {None}
