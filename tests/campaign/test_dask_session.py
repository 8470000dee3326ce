"""What a session does with what comes back from a cluster's workers, here threads that record nothing."""

from __future__ import annotations

import json
import pickle
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from distributed import KilledWorker, LocalCluster, get_worker

from nandtrace.campaign import (
    CampaignSummary,
    Progress,
    StopRequest,
    read_status,
    run_campaign,
)
from nandtrace.campaign.cell_process import TRACE_NAME, CellCancelled, CellCrashError
from nandtrace.campaign.dask_task import AttemptFailedError, Delivery, attempt, ticket_text
from nandtrace.campaign.model import CellResult, CellState
from nandtrace.errors import InputError, StorageError, UsageError

Work = Callable[[int, Callable[[], bool]], None]
"""What the process of a cell is taken to do: given its seed, and whether it is still wanted."""

FILE = """
profiles = ["tiny"]
seeds = "0..{last}"
[limits]
slots = 2
retries = {retries}
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with LocalCluster(
        processes=False,
        n_workers=1,
        threads_per_worker=2,
        protocol="tcp://",
        dashboard_address="127.0.0.1:0",
        silence_logs=100,
        local_directory=str(tmp_path_factory.mktemp("worker")),
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def run(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., CampaignSummary]:
    """Runs a campaign of so many cells whose processes do some work."""

    def run_with(work: Work, cells: int = 5, retries: int = 0, **more: Any) -> CampaignSummary:
        def run_cell(
            spec: Mapping[str, Any], folder: Path, timeout_s: float, is_wanted: Callable[[], bool]
        ) -> CellResult:
            seed = spec["identity"]["options"]["seed"]
            work(seed, is_wanted)
            (folder / TRACE_NAME).write_text(f"seed {seed}")
            return CellResult(CellState.OK, 0.5, events=1, runs=1, bytes=6, digest="00" * 32)

        monkeypatch.setattr("nandtrace.campaign.dask_task.run_cell", run_cell)
        file = tmp_path / "small.toml"
        file.write_text(FILE.format(last=cells - 1, retries=retries))
        return run_campaign(file, tmp_path / "out", engine="dask", scheduler=address, **more)

    return run_with


def no_work(seed: int, is_wanted: Callable[[], bool]) -> None:
    return None


def test_earlier_cells_go_first_and_few_are_on_their_way(
    run: Callable[..., CampaignSummary], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    lead: list[int] = []
    began: list[int] = []

    def text(session: str, cell: int, spec: dict[str, Any], timeout_s: float) -> str:
        sent.append(cell)
        return ticket_text(session, cell, spec, timeout_s)

    def work(seed: int, is_wanted: Callable[[], bool]) -> None:
        began.append(seed)

    def told(progress: Progress) -> None:
        lead.append(len(sent) - progress.done)

    monkeypatch.setattr("nandtrace.campaign.dask_flights.ticket_text", text)
    summary = run(work, 200, told=told)
    assert summary.status.ok == 200
    assert sent == list(range(200))
    assert max(lead) == 16
    assert sorted(began) == sent
    assert all(abs(place - seed) <= 16 for place, seed in enumerate(began))


def test_an_attempt_that_crashed_is_retried_by_dask(run: Callable[..., CampaignSummary]) -> None:
    tries: list[int] = []

    def work(seed: int, is_wanted: Callable[[], bool]) -> None:
        tries.append(seed)
        if seed == 3 or (seed == 1 and tries.count(1) < 3):
            raise CellCrashError("its process was killed by SIGSEGV")

    summary = run(work, retries=2)
    cells = {cell.id: (cell.state, cell.attempts, cell.error) for cell in summary.status.slowest}
    assert cells["tiny/default/1"] == ("ok", 3, None)
    [failed] = summary.status.troubled
    assert (failed.id, failed.state, failed.attempts) == ("tiny/default/3", "failed", 3)
    assert failed.error == "its process was killed by SIGSEGV"
    assert (failed.seconds or 0) > 0


def test_a_defect_is_a_failure_that_says_so(run: Callable[..., CampaignSummary]) -> None:
    class UnpicklableError(Exception):
        def __init__(self) -> None:
            super().__init__(threading.Lock())

    def work(seed: int, is_wanted: Callable[[], bool]) -> None:
        if seed == 2:
            raise UnpicklableError

    [failed] = run(work).status.troubled
    assert failed.error is not None
    assert failed.error.startswith(
        "a defect of nandtrace itself, please report it: UnpicklableError(<unlocked _thread.lock"
    )


def test_a_worker_without_space_ends_the_session(
    run: Callable[..., CampaignSummary], tmp_path: Path
) -> None:
    tries: list[int] = []

    def work(seed: int, is_wanted: Callable[[], bool]) -> None:
        if seed == 2:
            tries.append(seed)
            raise StorageError("/scratch/cell.mpk", OSError(28, "No space left on device"))

    reason = r"worker tcp://\S+: /scratch/cell.mpk: cannot write: No space left on device"
    with pytest.raises(InputError, match=rf"^tcp://\S+: {reason}$"):
        run(work, retries=1)
    assert tries == [2, 2]
    status = read_status(tmp_path / "out")
    assert (status.failed, status.ok + status.pending) == (0, 5)
    assert status.pending >= 1
    assert status.sessions[0].outcome == "error"


def test_a_worker_with_another_version_of_the_recorder_ends_the_session(
    run: Callable[..., CampaignSummary],
) -> None:
    def work(seed: int, is_wanted: Callable[[], bool]) -> None:
        raise UsageError("a cell was recorded by version 2 of the scheduler")

    with pytest.raises(UsageError, match=r"worker tcp://\S+: a cell was recorded by version 2"):
        run(work)


def test_when_a_session_ends_early_its_cells_are_called_off(
    run: Callable[..., CampaignSummary],
) -> None:
    is_off = threading.Event()

    def work(seed: int, is_wanted: Callable[[], bool]) -> None:
        if seed == 1:
            raise UsageError("it can't")
        while is_wanted():
            is_off.wait(0.01)
        is_off.set()
        raise CellCancelled("it is not wanted any more")

    with pytest.raises(UsageError, match="it can't"):
        run(work, 2)
    assert is_off.wait(10)


def killed_worker(text: str, address: str = "tcp://gone:1") -> KilledWorker:
    """What Dask tells of the cell of a ticket when a worker died that had it."""
    worker = SimpleNamespace(address=address)
    return KilledWorker(json.loads(text)["cell"], worker, 0)  # type: ignore[arg-type]


def test_a_cell_that_only_waited_where_workers_died_is_sent_again(
    run: Callable[..., CampaignSummary], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []

    def dying(text: str) -> Delivery | str:
        cell = json.loads(text)["cell"]
        sent.append(cell)
        if cell == 1 and sent.count(1) < 4:
            raise killed_worker(text)
        return attempt(text)

    monkeypatch.setattr("nandtrace.campaign.dask_task.attempt", dying)
    summary = run(no_work, 3)
    assert [(cell.state, cell.attempts) for cell in summary.status.slowest] == [("ok", 1)] * 3
    assert sorted(sent) == [0, 1, 1, 1, 1, 2]


def test_a_cell_that_began_where_a_worker_died_has_had_its_attempt(
    run: Callable[..., CampaignSummary], monkeypatch: pytest.MonkeyPatch
) -> None:
    def dying(text: str) -> Delivery | str:
        delivery = attempt(text)
        if json.loads(text)["cell"] == 1:
            raise killed_worker(text, get_worker().address)
        return delivery

    monkeypatch.setattr("nandtrace.campaign.dask_task.attempt", dying)
    [failed] = run(no_work, 2).status.troubled
    assert (failed.id, failed.attempts) == ("tiny/default/1", 1)
    assert failed.error == "its worker died, again and again"


def test_workers_that_die_at_once_end_the_session(
    run: Callable[..., CampaignSummary], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []

    def dying(text: str) -> Delivery | str:
        sent.append(text)
        raise killed_worker(text)

    monkeypatch.setattr("nandtrace.campaign.dask_task.attempt", dying)
    with pytest.raises(InputError, match=r"^tcp://\S+: workers die before they begin a cell$"):
        run(no_work, 1)
    assert len(sent) == 10


def test_a_stop_before_the_begin_connects_to_nothing(tmp_path: Path) -> None:
    stop = StopRequest()
    stop.request()
    file = tmp_path / "small.toml"
    file.write_text(FILE.format(last=1, retries=0))
    summary = run_campaign(
        file, tmp_path / "out", engine="dask", scheduler="tcp://127.0.0.1:1", stop=stop
    )
    assert (summary.was_interrupted, summary.status.pending) == (True, 2)


def test_a_local_cluster_that_cannot_start_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_cluster(**options: object) -> LocalCluster:
        raise RuntimeError("Cluster failed to start: Too many open files")

    monkeypatch.setattr("nandtrace.campaign.dask_cluster.LocalCluster", no_cluster)
    file = tmp_path / "small.toml"
    file.write_text(FILE.format(last=1, retries=0))
    with pytest.raises(UsageError, match="Dask cluster: Cluster failed to start: Too many"):
        run_campaign(file, tmp_path / "out", engine="dask")


def test_a_cell_that_cannot_be_put_into_place_ends_the_session(
    run: Callable[..., CampaignSummary], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_bytes(self: Path, raw: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    with pytest.raises(StorageError, match="cannot write: No space left on device"):
        run(no_work)
    assert read_status(tmp_path / "out").pending == 5


def test_what_a_task_raises_survives_pickling() -> None:
    error = pickle.loads(pickle.dumps(AttemptFailedError("why", is_storage=True)))  # noqa: S301
    assert (error.text, error.is_storage) == ("why", True)
