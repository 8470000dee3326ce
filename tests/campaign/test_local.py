"""The local engine: real cells, cells that misbehave, stops, and what a crash leaves to the next session."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from nandtrace.campaign import (
    CampaignSummary,
    Progress,
    StopRequest,
    read_status,
    resume_campaign,
    run_campaign,
)
from nandtrace.campaign.lock import holder_of
from nandtrace.cli.main import run
from nandtrace.errors import StorageError, UsageError
from nandtrace.trace import TraceReader
from nandtrace.trace.chunk import Chunk
from tests.campaign.campaigns import THREE, trace_verdict, write_campaign

UseScript = Callable[[str], None]


def _events(path: Path) -> list[str]:
    """The kinds of all events of a trace."""
    with TraceReader(path) as reader:
        names = {kind.code: kind.name for kind in reader.header.vocabulary.kinds}
        chunks = [item for item in reader.walk() if isinstance(item, Chunk)]
        return [names[code] for chunk in chunks for code in chunk.kind.tolist()]


def _outcomes(summary: CampaignSummary) -> dict[str, tuple[str, int, str | None]]:
    return {cell.id: (cell.state, cell.attempts, cell.error) for cell in summary.status.troubled}


def test_cells_are_recorded_verified_and_reproducible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "base.yaml").write_text("extends: tiny\nname: based\n")
    (tmp_path / "own.yaml").write_text("extends: base.yaml\n")
    text = THREE.replace('["tiny"]', '["own.yaml"]').replace('"0..2"', "[3, 1]")
    out = tmp_path / "out"
    told: list[Progress] = []
    summary = run_campaign(write_campaign(tmp_path, text), out, told=told.append)
    status = summary.status
    assert (status.ok, status.cells, summary.settled_now) == (2, 2, 2)
    assert not summary.was_interrupted
    assert not (out / "work").exists()
    assert (told[0].cells, told[0].running) == (2, ())
    assert told[1].running == ("own/plain/3",)
    assert (told[-1].ok, told[-1].pending, told[-1].running) == (2, 0, ())
    # The inputs may go, the folder may move: what is in it is enough.
    (tmp_path / "base.yaml").unlink()
    (tmp_path / "own.yaml").unlink()
    out.rename(tmp_path / "moved out")
    monkeypatch.chdir(tmp_path)
    for cell in read_status(Path("moved out")).slowest:
        command = shlex.split(cell.command)
        assert command[:4] == ["nandtrace", "record", "--profile", "moved out/profiles/own.yaml"]
        assert run(command[1:]) == 0
        assert Path(command[-1]).read_bytes() == cell.trace.read_bytes()
    assert trace_verdict("moved out/campaign.mpk") == "OK"


def test_the_order_of_the_plan_is_that_of_the_claims(
    tmp_path: Path, cell_script: UseScript
) -> None:
    cell_script("record()")
    text = THREE.replace('"0..2"', '"0..29"').replace("slots = 2", "slots = 1")
    order: list[str] = []

    def told(progress: Progress) -> None:
        order.extend(cell_id for cell_id in progress.running if cell_id not in order)

    summary = run_campaign(write_campaign(tmp_path, text), tmp_path / "out", told=told)
    assert order == [f"tiny/plain/{seed}" for seed in range(30)]
    assert summary.status.ok == 30
    assert (tmp_path / "out/traces/tiny/plain/7.mpk").read_text() == "seed 7"


def test_slots_are_never_more(tmp_path: Path, cell_script: UseScript) -> None:
    cell_script("time.sleep(0.02); record()")
    most = 0

    def told(progress: Progress) -> None:
        nonlocal most
        most = max(most, len(progress.running))

    text = THREE.replace('"0..2"', '"0..19"')
    run_campaign(write_campaign(tmp_path, text), tmp_path / "out", told=told, slots=3)
    assert most == 3


def test_what_fails_is_tried_again_and_then_failed(tmp_path: Path, cell_script: UseScript) -> None:
    cell_script(
        """
if seed == 0 and attempt == 1:
    sys.exit("the first time")
if seed == 1:
    os.kill(os.getpid(), signal.SIGSEGV)
if seed == 2:
    answer(error={"kind": "defect", "text": "ouch"})
if seed == 3:
    answer(error={"kind": "usage", "text": "never"})
if seed == 4:
    record("VIOLATED", violations={"log.seq-dense": 2, "nand.op-on-time": 1})
if seed == 5:
    record("UNKNOWN", problem="chunk 0: bad checksum")
record()
"""
    )
    text = THREE.replace('"0..2"', '"0..6"')
    summary = run_campaign(write_campaign(tmp_path, text), tmp_path / "out")
    defect = "a defect of nandtrace itself, please report it: ouch"
    assert _outcomes(summary) == {
        "tiny/plain/1": ("failed", 2, "its process was killed by SIGSEGV"),
        "tiny/plain/2": ("failed", 2, defect),
        "tiny/plain/3": ("failed", 1, "never"),
        "tiny/plain/4": ("violated", 1, None),
        "tiny/plain/5": ("unknown", 1, "chunk 0: bad checksum"),
    }
    assert summary.status.ok == 2
    found = summary.status.violations
    assert {name: (item.cells, item.count, item.first) for name, item in found.items()} == {
        "log.seq-dense": (1, 2, "tiny/plain/4"),
        "nand.op-on-time": (1, 1, "tiny/plain/4"),
    }
    events = _events(tmp_path / "out/campaign.mpk")
    assert [events.count(kind) for kind in ("CLAIM", "FAIL", "RETRY", "COMPLETE")] == [10, 5, 3, 5]
    assert trace_verdict(tmp_path / "out/campaign.mpk") == "OK"


def test_failed_cells_are_redone_when_asked_to(tmp_path: Path, cell_script: UseScript) -> None:
    cell_script("sys.exit(3) if seed == 1 else record('UNKNOWN' if seed == 2 else 'OK')")
    out = tmp_path / "out"
    file = write_campaign(tmp_path, f"{THREE}retries = 0\n")
    status = run_campaign(file, out).status
    assert (status.ok, status.failed, status.unknown) == (1, 1, 1)
    cell_script("record()")
    unchanged = resume_campaign(out)
    assert (unchanged.settled_now, len(unchanged.status.sessions)) == (0, 1)
    again = resume_campaign(out, retry_failed=True)
    assert (again.settled_now, again.status.ok, again.status.failed) == (2, 3, 0)
    assert [session.settled for session in again.status.sessions] == [1, 2]
    assert trace_verdict(out / "campaign.mpk") == "OK"


def test_a_time_limit_ends_a_cell_and_all_its_processes(
    tmp_path: Path, cell_script: UseScript
) -> None:
    cell_script(
        f"""
if seed == 1:
    child = os.fork()
    if child:
        open({str(tmp_path)!r} + f"/pids-{{attempt}}", "w").write(f"{{os.getpid()}} {{child}}")
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)
record()
"""
    )
    file = write_campaign(tmp_path, f"{THREE}timeout_s = 2\n")
    summary = run_campaign(file, tmp_path / "out")
    assert _outcomes(summary) == {"tiny/plain/1": ("failed", 2, "timed out after 2 s")}
    assert (summary.status.troubled[0].seconds or 0) > 1.5
    pids = [int(pid) for n in (1, 2) for pid in (tmp_path / f"pids-{n}").read_text().split()]
    for pid in pids:
        assert not _is_alive(pid)
    assert trace_verdict(tmp_path / "out/campaign.mpk") == "OK"


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_a_full_disk_stops_the_campaign_and_costs_nothing(
    tmp_path: Path, cell_script: UseScript
) -> None:
    full = '{"kind": "storage", "text": "No space left on device"}, path=trace, errno=28'
    cell_script(f"answer(error={full}) if seed == 1 else record()")
    out = tmp_path / "out"
    with pytest.raises(StorageError, match="cannot write: No space left on device"):
        run_campaign(write_campaign(tmp_path, THREE.replace("slots = 2", "slots = 1")), out)
    status = read_status(out)
    assert (status.ok, status.pending, status.failed) == (1, 2, 0)
    assert [session.outcome for session in status.sessions] == ["error"]
    cell_script("record()")
    assert resume_campaign(out).status.ok == 3
    assert trace_verdict(out / "campaign.mpk") == "OK"


FULL_TRACE = """
import resource, signal, sys
from pathlib import Path
from nandtrace.campaign import resume_campaign
from nandtrace.errors import StorageError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    resume_campaign(Path(sys.argv[1]))
except StorageError as error:
    print(error)
"""


@pytest.mark.parametrize("room", [1_000, 9_000, 45_000, 60_000])
def test_a_disk_that_fills_up_under_the_campaign_itself(
    tmp_path: Path, cell_script: UseScript, room: int
) -> None:
    """Whatever it can't write, its trace or its journal: nothing that was done is lost."""
    cell_script("record()")
    out, stop = tmp_path / "out", StopRequest()
    stop.request()
    run_campaign(write_campaign(tmp_path, THREE), out, stop=stop)
    command = [sys.executable, "-c", FULL_TRACE, str(out), str(room)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert "cannot write: " in done.stdout
    assert done.stderr == ""
    assert resume_campaign(out).status.ok == 3
    assert trace_verdict(out / "campaign.mpk") == "OK"


def test_a_cell_of_another_scheduler_ends_the_campaign(
    tmp_path: Path, cell_script: UseScript
) -> None:
    cell_script("record(generator=2)")
    with pytest.raises(UsageError, match="recorded by version 2 of the scheduler"):
        run_campaign(write_campaign(tmp_path), tmp_path / "out")
    assert read_status(tmp_path / "out").pending == 3


def test_a_process_that_can_t_be_started_fails_the_attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nandtrace.campaign.cell_handler.CELL_COMMAND", ("/nix/python",))
    text = f"{THREE}retries = 0\n".replace('"0..2"', "0")
    summary = run_campaign(write_campaign(tmp_path, text), tmp_path / "out")
    ((state, attempts, error),) = _outcomes(summary).values()
    assert (state, attempts) == ("failed", 1)
    assert error is not None
    assert error.startswith("its process can't be started: ")


def test_a_stop_lets_running_cells_end(tmp_path: Path, cell_script: UseScript) -> None:
    cell_script("time.sleep(0.2); record()")
    stop = StopRequest()

    def told(progress: Progress) -> None:
        if len(progress.running) == 2 and not stop.is_requested:
            stop.request()

    text = THREE.replace('"0..2"', '"0..9"')
    summary = run_campaign(write_campaign(tmp_path, text), tmp_path / "out", told=told, stop=stop)
    assert summary.was_interrupted
    assert (summary.status.ok, summary.status.pending) == (2, 8)
    assert [session.outcome for session in summary.status.sessions] == ["interrupted"]
    assert trace_verdict(tmp_path / "out/campaign.mpk") == "OK"
    rest = resume_campaign(tmp_path / "out")
    assert (rest.settled_now, rest.status.ok, rest.was_interrupted) == (8, 10, False)
    assert trace_verdict(tmp_path / "out/campaign.mpk") == "OK"
    events = _events(tmp_path / "out/campaign.mpk")
    assert [events.count(kind) for kind in ("CLAIM", "COMPLETE", "RESTART")] == [10, 10, 1]


def test_after_the_grace_period_cells_are_killed_and_pending(
    tmp_path: Path, cell_script: UseScript
) -> None:
    cell_script("time.sleep(600)")
    stop = StopRequest()

    def told(progress: Progress) -> None:
        if len(progress.running) == 2 and not stop.is_requested:
            stop.request()

    file = write_campaign(tmp_path, f"{THREE}stop_grace_s = 0.1\n")
    summary = run_campaign(file, tmp_path / "out", told=told, stop=stop)
    assert (summary.was_interrupted, summary.status.pending) == (True, 3)
    events = _events(tmp_path / "out/campaign.mpk")
    assert [events.count(kind) for kind in ("CLAIM", "TERMINATE", "CANCEL")] == [2, 2, 2]
    cell_script("record()")
    assert resume_campaign(tmp_path / "out").status.ok == 3
    assert trace_verdict(tmp_path / "out/campaign.mpk") == "OK"


def test_asked_twice_it_ends_at_once(tmp_path: Path, cell_script: UseScript) -> None:
    cell_script("time.sleep(600)")
    stop = StopRequest()

    def told(progress: Progress) -> None:
        if len(progress.running) == 2 and not stop.is_requested:
            stop.request()
            stop.request()

    file = write_campaign(tmp_path, f"{THREE}stop_grace_s = 600\n")
    summary = run_campaign(file, tmp_path / "out", told=told, stop=stop)
    assert (summary.was_interrupted, summary.status.pending) == (True, 3)


def test_asked_before_it_begins_it_begins_nothing(tmp_path: Path, cell_script: UseScript) -> None:
    cell_script("record()")
    stop = StopRequest()
    stop.request()
    summary = run_campaign(write_campaign(tmp_path), tmp_path / "out", stop=stop)
    assert (summary.was_interrupted, summary.status.pending) == (True, 3)


CAMPAIGN = """
import sys
from pathlib import Path
from nandtrace.campaign import cell_handler, run_campaign
cell_handler.CELL_COMMAND = (sys.executable, "-S", "-E", sys.argv[3])
def told(progress):
    print(len(progress.running), progress.settled_now, flush=True)
summary = run_campaign(Path(sys.argv[1]), Path(sys.argv[2]), told=told)
print("interrupted" if summary.was_interrupted else "done", summary.status.pending)
"""


def _started(tmp_path: Path, file: Path) -> subprocess.Popen[str]:
    script = str(tmp_path / "cell_script.py")
    command = [sys.executable, "-c", CAMPAIGN, str(file), str(tmp_path / "out"), script]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _await_line(process: subprocess.Popen[str], wanted: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if line == f"{wanted}\n":
            return
    raise AssertionError(f"it never said {wanted!r}")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_an_interrupt_stops_it_in_order(tmp_path: Path, cell_script: UseScript, name: str) -> None:
    cell_script("time.sleep(0.3); record()")
    file = write_campaign(tmp_path, THREE)
    with _started(tmp_path, file) as process:
        _await_line(process, "2 0")
        process.send_signal(getattr(signal, name))
        _await_line(process, "interrupted 1")
        assert process.wait() == 0
    assert resume_campaign(tmp_path / "out").status.ok == 3


def test_killed_it_is_resumed_without_a_cell_lost_or_redone(
    tmp_path: Path, cell_script: UseScript
) -> None:
    """Killed at several points; the order that was settled unsaid is known to be done."""
    log = tmp_path / "log.txt"
    cell_script(
        f"""
with open({str(log)!r}, "a") as file:
    file.write(f"{{seed}}\\n")
time.sleep(0.05)
record()
"""
    )
    out = tmp_path / "out"
    file = write_campaign(tmp_path, THREE.replace('"0..2"', '"0..11"'))
    with _started(tmp_path, file) as process:
        _await_line(process, "2 3")
        process.kill()
    while holder_of(out / "campaign.lock") is not None:
        # A process that it had just begun to start is not another program yet.
        time.sleep(0.01)
    before = read_status(out)
    assert before.sessions[0].outcome == "crashed"
    assert not (out / "campaign.mpk").exists()
    summary = resume_campaign(out)
    assert summary.status.ok == 12
    assert summary.settled_now == 12 - before.ok
    assert sorted(path.name for path in (out / "traces/tiny/plain").iterdir()) == sorted(
        f"{seed}.mpk" for seed in range(12)
    )
    assert trace_verdict(out / "campaign.mpk") == "OK"
    events = _events(out / "campaign.mpk")
    assert events.count("RESTART") == 1
    begun = [int(line) for line in log.read_text().split()]
    redone = [seed for seed in range(12) if begun.count(seed) > 1]
    assert len(redone) <= 2
    assert not (out / "work").exists()


def test_a_campaign_killed_after_its_last_cell_has_its_trace_finished(
    tmp_path: Path, cell_script: UseScript
) -> None:
    cell_script("record()")
    out = tmp_path / "out"
    file = write_campaign(tmp_path)
    code = CAMPAIGN.replace("def told", "import os\ndef told").replace(
        "    print(len", "    progress.pending or os.kill(os.getpid(), 9)\n    print(len"
    )
    script = str(tmp_path / "cell_script.py")
    command = [sys.executable, "-c", code, str(file), str(out), script]
    assert subprocess.run(command, capture_output=True, check=False).returncode == -9
    assert not (out / "campaign.mpk").exists()
    summary = resume_campaign(out)
    assert (summary.settled_now, summary.status.ok) == (0, 3)
    assert trace_verdict(out / "campaign.mpk") == "OK"


def test_other_slots_begin_another_trace(tmp_path: Path, cell_script: UseScript) -> None:
    cell_script("record()")
    out, stop = tmp_path / "out", StopRequest()
    stop.request()
    run_campaign(write_campaign(tmp_path), out, stop=stop)
    with pytest.raises(UsageError, match="slots is 0"):
        resume_campaign(out, slots=0)
    assert resume_campaign(out, slots=3).status.ok == 3
    for name, slots in (("campaign.1.mpk", 2), ("campaign.mpk", 3)):
        with TraceReader(out / name) as reader:
            assert reader.header.device["slots"] == slots
        assert trace_verdict(out / name) == "OK"
    # Of a campaign that is finished nothing changes.
    assert resume_campaign(out, slots=1).settled_now == 0
    assert (out / "campaign.mpk").exists()
    assert not (out / "campaign.2.mpk").exists()


@pytest.mark.parametrize("name", ["campaign.mpk", "campaign.mpk.partial", "campaign.mpk.before"])
def test_a_folder_in_the_place_of_the_scheduler_s_trace(
    tmp_path: Path, cell_script: UseScript, name: str
) -> None:
    cell_script("record()")
    out, stop = tmp_path / "out", StopRequest()
    stop.request()
    run_campaign(write_campaign(tmp_path), out, stop=stop)
    (out / name).unlink(missing_ok=True)
    (out / name / "mine").mkdir(parents=True)
    assert resume_campaign(out).status.ok == 3
    assert (out / "campaign.1.mpk" / "mine").is_dir()
    assert trace_verdict(out / "campaign.mpk") == "OK"


@pytest.mark.parametrize("rubbish", [b"", b"no trace", b"\0" * 5000])
def test_a_scheduler_s_trace_that_can_t_be_read_stops_nobody(
    tmp_path: Path, cell_script: UseScript, rubbish: bytes
) -> None:
    cell_script("record()")
    out, stop = tmp_path / "out", StopRequest()
    stop.request()
    run_campaign(write_campaign(tmp_path), out, stop=stop)
    (out / "campaign.mpk").write_bytes(rubbish)
    assert resume_campaign(out).status.ok == 3
    assert (out / "campaign.1.mpk").read_bytes() == rubbish
    assert trace_verdict(out / "campaign.mpk") == "OK"


STOPPED = """
import asyncio, sys, shutil
from pathlib import Path
from nandtrace.campaign import cell_handler, run_campaign
cell_handler.CELL_COMMAND = (sys.executable, "-S", "-E", sys.argv[3])

def fail(turns):
    if turns:
        asyncio.get_running_loop().call_soon(fail, turns - 1)
    else:
        raise OSError("the sky fell")

for turns in range(8):
    def told(progress):
        if len(progress.running) == 2:
            asyncio.get_running_loop().call_soon(fail, turns)
    try:
        run_campaign(Path(sys.argv[1]), Path(sys.argv[2]), told=told)
    except OSError as error:
        print(error)
    shutil.rmtree(sys.argv[2])
"""


def test_an_error_while_a_process_is_being_started_ends_it_all(
    tmp_path: Path, cell_script: UseScript
) -> None:
    """Wherever a beginning process is, in so many turns of the event loop: nothing hangs or complains."""
    cell_script(
        f"open({str(tmp_path)!r} + f'/pid-{{seed}}', 'w').write(str(os.getpid())); time.sleep(600)"
    )
    file = write_campaign(tmp_path)
    script = str(tmp_path / "cell_script.py")
    command = [sys.executable, "-c", STOPPED, str(file), str(tmp_path / "out"), script]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert (done.stdout, done.stderr) == ("the sky fell\n" * 8, "")
    for path in tmp_path.glob("pid-*"):
        assert not path.read_text() or not _is_alive(int(path.read_text()))


@pytest.mark.parametrize("when", ["begins", "ends"])
def test_who_is_told_and_raises_ends_the_session_and_fails_no_cell(
    tmp_path: Path, cell_script: UseScript, when: str
) -> None:
    cell_script("sys.exit(1)")
    running: list[int] = []

    def told(progress: Progress) -> None:
        running.append(len(progress.running))
        if running[-1] == (1 if when == "begins" else 0) and max(running) > 0:
            raise LookupError("no such terminal")

    text = THREE.replace("slots = 2", "slots = 1\nretries = 0")
    with pytest.raises(LookupError, match="no such terminal"):
        run_campaign(write_campaign(tmp_path, text), tmp_path / "out", told=told)
    assert read_status(tmp_path / "out").pending == 3


def test_suspended_it_hears_first_what_has_ended_meanwhile(
    tmp_path: Path, cell_script: UseScript
) -> None:
    """The cell ends in its time, the campaign sleeps on beyond that."""
    cell_script("os.kill(os.getppid(), signal.SIGSTOP); record()")
    text = THREE.replace('"0..2"', "0") + "timeout_s = 1\nretries = 0\n"
    with _started(tmp_path, write_campaign(tmp_path, text)) as process:
        end = time.monotonic() + 30
        while psutil.Process(process.pid).status() != psutil.STATUS_STOPPED:
            assert time.monotonic() < end
            time.sleep(0.01)
        # A second later than the limit the clock takes the process for one that was stopped.
        time.sleep(2.5)
        process.send_signal(signal.SIGCONT)
        _await_line(process, "done 0")
        assert process.wait() == 0
    assert read_status(tmp_path / "out").ok == 1
    assert trace_verdict(tmp_path / "out/campaign.mpk") == "OK"


def test_engines_by_name(tmp_path: Path) -> None:
    file = write_campaign(tmp_path)
    with pytest.raises(UsageError, match="there is no engine 'cloud', only local and dask"):
        run_campaign(file, tmp_path / "out", engine="cloud")
    with pytest.raises(UsageError, match="a scheduler's address is for the engine dask"):
        run_campaign(file, tmp_path / "out", scheduler="tcp://nix:1")
    assert not (tmp_path / "out").exists()
    assert list(tmp_path.iterdir()) == [file]
