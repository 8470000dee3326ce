"""Campaigns on Dask clusters of real worker processes: what the local engine makes, whatever dies."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from distributed import LocalCluster

from nandtrace.campaign import (
    CampaignStatus,
    Progress,
    StopRequest,
    dask_cluster,
    dask_session,
    read_status,
    resume_campaign,
    run_campaign,
)
from nandtrace.errors import InputError, UsageError

SEEDS = 6


def campaign_file(folder: Path, limits: str = "", more: str = "") -> Path:
    path = folder / "small.toml"
    text = f"""
        profiles = ["tiny"]
        seeds = "0..{SEEDS - 1}"
        [options.plain]
        runs = 2
        run_until = "2ms"
        [limits]
        slots = 2
        {limits}
        {more}
    """
    path.write_text(textwrap.dedent(text))
    return path


def traces_of(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((out / "traces").rglob("*.mpk"))}


def found(status: CampaignStatus) -> list[tuple[object, ...]]:
    """What the journal says of the cells, but for how long they took."""
    cells = sorted(status.slowest, key=lambda cell: cell.id)
    return [(cell.id, cell.state, cell.events, cell.violations, cell.error) for cell in cells]


def worker_processes() -> list[psutil.Process]:
    """The worker processes of a local cluster that this process started."""
    children = psutil.Process().children()
    return [process for process in children if "spawn_main" in " ".join(process.cmdline())]


def once(act: Callable[[], None], when: Callable[[Progress], bool]) -> Callable[[Progress], None]:
    """Something to be told of a campaign's progress that acts once."""
    is_done = False

    def told(progress: Progress) -> None:
        nonlocal is_done
        if not is_done and when(progress):
            is_done = True
            act()

    return told


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the campaign as the local engine makes it."""
    folder = tmp_path_factory.mktemp("local")
    summary = run_campaign(campaign_file(folder), folder / "out")
    assert summary.status.ok == SEEDS
    return folder / "out"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a cluster of two workers that somebody else runs."""
    with _cluster(tmp_path_factory.mktemp("workers"), n_workers=2) as address:
        yield address.scheduler_address


def _cluster(folder: Path, **options: object) -> LocalCluster:
    return LocalCluster(
        threads_per_worker=1,
        dashboard_address="127.0.0.1:0",
        silence_logs=100,
        local_directory=str(folder),
        **options,
    )


def test_a_killed_worker_changes_nothing(tmp_path: Path, local: Path) -> None:
    before = set(worker_processes())

    def kill_one() -> None:
        victims = [process for process in worker_processes() if process not in before]
        assert len(victims) == 2
        victims[0].kill()

    told = once(kill_one, lambda progress: progress.settled_now == 1)
    out = tmp_path / "out"
    needing = campaign_file(tmp_path, more="[dask]\nresources = {licence = 2}")
    summary = run_campaign(needing, out, engine="dask", told=told)
    assert summary.settled_now == SEEDS
    assert found(summary.status) == found(read_status(local))
    assert [session.engine for session in summary.status.sessions] == ["dask"]
    assert traces_of(out) == traces_of(local)
    assert set(worker_processes()) == before


def test_a_cluster_that_somebody_else_runs(tmp_path: Path, local: Path, cluster: str) -> None:
    out = tmp_path / "out"
    summary = run_campaign(campaign_file(tmp_path), out, engine="dask", scheduler=cluster)
    assert found(summary.status) == found(read_status(local))
    assert [cell.attempts for cell in summary.status.slowest] == [1] * SEEDS
    assert traces_of(out) == traces_of(local)
    assert list((out / "work").rglob("*.mpk")) == []


def test_what_one_engine_left_the_other_finishes(tmp_path: Path, local: Path, cluster: str) -> None:
    stop = StopRequest()
    told = once(stop.request, lambda progress: progress.settled_now == 1)
    out = tmp_path / "out"
    first = run_campaign(
        campaign_file(tmp_path), out, engine="dask", scheduler=cluster, told=told, stop=stop
    )
    assert first.was_interrupted
    assert 1 <= first.settled_now <= 3
    rest = resume_campaign(out)
    assert rest.settled_now == SEEDS - first.settled_now
    assert found(rest.status) == found(read_status(local))
    assert traces_of(out) == traces_of(local)


def test_an_urgent_stop_ends_the_cells_on_the_workers(tmp_path: Path, cluster: str) -> None:
    stop = StopRequest()

    def stop_at_once() -> None:
        stop.request()
        stop.request()

    told = once(stop_at_once, lambda progress: len(progress.running) == 2)
    path = campaign_file(tmp_path)
    path.write_text(path.read_text().replace("runs = 2", "runs = 100000"))
    summary = run_campaign(
        path, tmp_path / "out", engine="dask", scheduler=cluster, told=told, stop=stop
    )
    assert summary.was_interrupted
    assert summary.status.pending == SEEDS
    _await(lambda: not _cell_processes(psutil.Process()))


def test_a_cell_over_its_time_is_retried_and_fails(tmp_path: Path, cluster: str) -> None:
    path = campaign_file(tmp_path, limits="timeout_s = 0.05\nretries = 1")
    summary = run_campaign(path, tmp_path / "out", engine="dask", scheduler=cluster)
    assert [(cell.state, cell.attempts, cell.error) for cell in summary.status.troubled] == [
        ("failed", 2, "timed out after 0.05 s")
    ] * SEEDS
    assert traces_of(tmp_path / "out") == {}


def test_a_cell_that_kills_its_workers_fails_alone(tmp_path: Path, local: Path) -> None:
    deadly = """
import os, signal, time
from nandtrace.campaign import cell_process, dask_task
def run_cell(spec, *rest):
    if spec["identity"]["options"]["seed"] == 1:
        time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGKILL)
    return cell_process.run_cell(spec, *rest)
dask_task.run_cell = run_cell
"""
    patient = {"allowed_failures": 1}
    with _cluster(tmp_path, n_workers=2, preload=deadly, scheduler_kwargs=patient) as workers:
        summary = run_campaign(
            campaign_file(tmp_path),
            tmp_path / "out",
            engine="dask",
            scheduler=workers.scheduler_address,
        )
    assert summary.status.ok == SEEDS - 1
    [failed] = summary.status.troubled
    assert (failed.id, failed.attempts) == ("tiny/plain/1", 2)
    assert failed.error == "its worker died, again and again"
    good = {name: raw for name, raw in traces_of(local).items() if name != "1.mpk"}
    assert traces_of(tmp_path / "out") == good


@pytest.mark.parametrize(
    ("preload", "reason"),
    [
        (
            "import sys; sys.modules['nandtrace'] = None",
            "has no nandtrace that can run campaigns: No module named 'nandtrace.campaign'",
        ),
        (
            "import nandtrace; nandtrace.__version__ = '9.9.9'",
            "has nandtrace 9.9.9 (generator 1), the campaign has ",
        ),
    ],
)
def test_a_worker_with_another_nandtrace_or_none_is_told(
    tmp_path: Path, preload: str, reason: str
) -> None:
    with _cluster(tmp_path, n_workers=1, preload=preload) as workers:
        with pytest.raises(UsageError) as raised:
            run_campaign(
                campaign_file(tmp_path),
                tmp_path / "out",
                engine="dask",
                scheduler=workers.scheduler_address,
            )
        [worker] = workers.scheduler_info["workers"]
    assert f"worker {worker} {reason}" in str(raised.value)


def test_workers_without_the_resources(
    tmp_path: Path, cluster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_session, "_WORKERS_WITHIN_S", 0.2)
    monkeypatch.setattr(dask_session, "_LOOK_EVERY_S", 0.1)
    path = campaign_file(tmp_path, more="[dask]\nresources = {licence = 2, disk = 0.5}")
    with pytest.raises(UsageError) as raised:
        run_campaign(path, tmp_path / "out", engine="dask", scheduler=cluster)
    text = f"{cluster}: no worker with the resources licence=2 disk=0.5 for 0.2 s"
    assert str(raised.value) == text


def test_a_scheduler_that_is_lost(tmp_path: Path, local: Path) -> None:
    with _cluster(tmp_path, n_workers=1) as workers:
        told = once(workers.close, lambda progress: progress.settled_now == 2)
        place = workers.scheduler_address
        with pytest.raises(InputError) as raised:
            run_campaign(
                campaign_file(tmp_path), tmp_path / "out", engine="dask", scheduler=place, told=told
            )
    assert str(raised.value).startswith(f"{place}: the cluster was lost: ")
    assert read_status(tmp_path / "out").ok == 2
    rest = resume_campaign(tmp_path / "out")
    assert [session.outcome for session in rest.status.sessions] == ["error", "finished"]
    assert traces_of(tmp_path / "out") == traces_of(local)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("", "missing port number"),
        ("rubbish", "missing port number"),
        ("tcp://host:port", "invalid literal"),
        ("moon://127.0.0.1:8786", "unknown address scheme"),
        ("ucx://127.0.0.1:8786", "The 'ucx' protocol was removed"),
    ],
)
def test_what_is_no_address_is_refused_before_anything_is_written(
    tmp_path: Path, address: str, reason: str
) -> None:
    with pytest.raises(
        UsageError, match=f"^{address}: not the address of a Dask scheduler: {reason}.*$"
    ):
        run_campaign(campaign_file(tmp_path), tmp_path / "out", engine="dask", scheduler=address)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("tcp://127.0.0.1:1", "cannot reach a Dask scheduler: (Connection refused|Timed out .*)$"),
        ("tls://127.0.0.1:8786", "not the address of a Dask scheduler: TLS expects"),
    ],
)
def test_a_scheduler_that_cannot_be_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, reason: str
) -> None:
    monkeypatch.setattr(dask_cluster, "_CONNECT_WITHIN_S", 0.3)
    told: list[Progress] = []
    with pytest.raises(UsageError, match=f"^{address}: {reason}"):
        run_campaign(
            campaign_file(tmp_path),
            tmp_path / "out",
            engine="dask",
            scheduler=address,
            told=told.append,
        )
    assert read_status(tmp_path / "out").pending == SEEDS
    # Whoever was told of the campaign knows that it can be resumed.
    assert [progress.pending for progress in told] == [SEEDS]


def test_something_else_answers_at_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_cluster, "_CONNECT_WITHIN_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(UsageError, match=f"^{address}: cannot reach a Dask scheduler: "):
            run_campaign(
                campaign_file(tmp_path), tmp_path / "out", engine="dask", scheduler=address
            )


SCRIPT = """
import sys
from pathlib import Path
from nandtrace.campaign import run_campaign

def told(progress):
    print(progress.settled_now, len(progress.running), flush=True)

summary = run_campaign(Path(sys.argv[1]), Path(sys.argv[2]), engine="dask", told=told)
print("interrupted" if summary.was_interrupted else "finished")
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_signal_leaves_no_process_and_nothing_but_what_was_settled(
    tmp_path: Path, local: Path, number: signal.Signals
) -> None:
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, campaign_file(tmp_path), out],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("1 "):
            break
    family = psutil.Process(process.pid).children(recursive=True)
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does it
    else:
        process.kill()
    said, errors = process.communicate(timeout=30)
    if number == signal.SIGINT:
        assert (said.splitlines()[-1], errors) == ("interrupted", "")
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []
    status = read_status(out)
    assert not status.is_running
    assert 1 <= status.ok < SEEDS
    rest = resume_campaign(out)
    assert rest.settled_now == SEEDS - status.ok
    assert found(rest.status) == found(read_status(local))
    assert traces_of(out) == traces_of(local)


def test_without_the_extra_it_says_how_to_get_it(tmp_path: Path) -> None:
    script = """
import sys
sys.modules["distributed"] = None
from pathlib import Path
from nandtrace.campaign import run_campaign
run_campaign(Path(sys.argv[1]), Path(sys.argv[2]), engine="dask")
"""
    ended = subprocess.run(
        [sys.executable, "-c", script, campaign_file(tmp_path), tmp_path / "out"],
        capture_output=True,
        text=True,
        check=False,
    )
    [last] = ended.stderr.splitlines()[-1:]
    assert last.startswith("nandtrace.errors.UsageError: the dask engine needs an extra (")
    assert last.endswith("): pip install 'nandtrace[dask]'")
    assert not (tmp_path / "out").exists()


def _cell_processes(process: psutil.Process) -> list[psutil.Process]:
    children = process.children(recursive=True)
    return [child for child in children if "nandtrace.campaign.cell" in _command(child)]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def _await(is_so: Callable[[], bool], within_s: float = 10) -> None:
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)
