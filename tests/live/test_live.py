"""Live recordings: the bytes of a plain one, and a verdict that is there when the trace is."""

from __future__ import annotations

import os
import signal
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from nandtrace.check import TraceVerdict, Verdict, verify_trace
from nandtrace.errors import StorageError, TraceError
from nandtrace.live import record_live
from nandtrace.live.follower import Follower, Judgement
from nandtrace.nand.job import Job, Recipe, new_recorder
from nandtrace.nand.options import Options
from nandtrace.nand.profiles.loading import load_profile
from nandtrace.nand.recording import JobWork, Progress, boundary_state, run_job
from nandtrace.nand.scheduler import Scheduler
from nandtrace.trace import TraceReader
from nandtrace.trace.chunk_file import partial_path
from nandtrace.trace.event import events_of

MS = 1_000_000


def _job(profile: str = "default", runs: int = 3, run_ms: int = 50, *, drain: bool = True) -> Job:
    options = Options(seed=1, runs=runs, run_for_ns=(run_ms * MS,), drain=drain)
    return Job(Recipe(load_profile(profile).profile, options), range(runs))


def _unseen(progress: Progress, ops: Counter[str], judgement: Judgement) -> None:
    return None


def _found(verdict: TraceVerdict) -> tuple[object, ...]:
    """What a verdict says, whatever the batches in which runs were judged."""
    violated = [(item.id, item.violated, item.violations) for item in verdict.invariants]
    return verdict.path, verdict.events, verdict.runs, verdict.digest, verdict.damages, violated


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize(
    ("profile", "runs", "run_ms"), [("default", 5, 100), ("tiny", 200, 1), ("suspends", 3, 20)]
)
def test_the_same_bytes_and_the_same_verdict(
    tmp_path: Path, profile: str, runs: int, run_ms: int, compress: bool
) -> None:
    job = _job(profile, runs, run_ms)
    plain, live = tmp_path / "plain.mpk", tmp_path / "live.mpk"
    summary = run_job(plain, job, compress=compress)
    result = record_live(live, job, _unseen, compress=compress)
    assert live.read_bytes() == plain.read_bytes()
    assert result.summary == summary
    assert _found(result.verdict) == _found(verify_trace(live))
    assert result.verdict.verdict is Verdict.OK
    assert not result.was_stopped
    assert sorted(path.name for path in tmp_path.iterdir()) == ["live.mpk", "plain.mpk"]


def test_a_recording_goes_on_live(tmp_path: Path) -> None:
    whole = tmp_path / "whole.mpk"
    job = _job()
    run_job(whole, job)
    with TraceReader(whole) as reader:
        state = boundary_state(reader, 0, "RUN_END")
    rest = replace(job, runs=range(1, 3), state=state, source=str(whole))
    run_job(tmp_path / "plain.mpk", rest)
    record_live(tmp_path / "live.mpk", rest, _unseen)
    assert (tmp_path / "live.mpk").read_bytes() == (tmp_path / "plain.mpk").read_bytes()
    wrong = replace(rest, state={"clock_ns": 0})
    with pytest.raises(TraceError, match="before run 1"):
        record_live(tmp_path / "wrong.mpk", wrong, _unseen)
    assert not partial_path(tmp_path / "wrong.mpk").exists()


def test_what_is_shown_comes_to_what_was_recorded(tmp_path: Path) -> None:
    shown: list[tuple[Progress, Counter[str], Judgement]] = []
    result = record_live(
        tmp_path / "live.mpk",
        _job(runs=5),
        lambda progress, ops, judgement: shown.append((progress, ops.copy(), judgement)),
    )
    runs_done = [progress.runs_done for progress, _, _ in shown]
    assert runs_done == sorted(runs_done)
    last, ops, judgement = shown[-1]
    assert last == Progress(5, 5, result.summary.time_ns, result.summary.ops, result.summary.events)
    assert ops == result.summary.ops_by_base
    assert (judgement.runs, judgement.violated) == (5, {})


def test_without_fail_fast_a_violation_stops_nothing(tmp_path: Path) -> None:
    result = record_live(tmp_path / "live.mpk", _job(runs=4, drain=False), _unseen)
    assert result.summary.runs == 4
    assert result.verdict.verdict is Verdict.VIOLATED
    assert _found(result.verdict) == _found(verify_trace(tmp_path / "live.mpk"))


def test_fail_fast_stops_at_a_violated_run_with_all_of_it_in_the_trace(tmp_path: Path) -> None:
    trace = tmp_path / "live.mpk"
    result = record_live(trace, _job(runs=4_000, drain=False), _unseen, fail_fast=True)
    assert result.was_stopped
    assert result.summary.runs < 4_000
    assert result.verdict.verdict is Verdict.VIOLATED
    assert _found(result.verdict) == _found(verify_trace(trace))
    with TraceReader(trace) as reader:
        assert reader.has_footer
        index = reader.index
        assert index.chunks[-1].last_run == result.summary.runs - 1
        begins, ends = (
            sum(chunk.counts.get(kind, 0) for chunk in index.chunks)
            for kind in ("RUN_BEGIN", "RUN_END")
        )
        assert begins == ends == result.summary.runs
        last = list(events_of(reader.chunk(len(index.chunks) - 1), reader.header.vocabulary))[-1]
    assert (last.kind, last.fields["stop"]) == ("RUN_END", "request")


def test_a_stopped_recording_of_a_right_scheduler_is_right(tmp_path: Path) -> None:
    """Stopped in the middle of its bootstrap, and in the middle of a run."""
    for steps, run_ms in ((3, 1), (30, 5), (400, 100)):
        job = _job(runs=50, run_ms=run_ms)
        trace = tmp_path / f"{steps}.mpk"
        with new_recorder(trace, job) as recorder:
            work = JobWork(job, recorder)
            for step, _ in enumerate(work.steps()):
                if step == steps:
                    work.stop()
        assert verify_trace(trace).verdict is Verdict.OK
        assert work.summary(trace).runs < 50


def test_the_graph_that_records_is_right_too(tmp_path: Path) -> None:
    graph = tmp_path / "graph.mpk"
    record_live(tmp_path / "live.mpk", _job(), _unseen, graph_trace=graph)
    verdict = verify_trace(graph)
    assert [item.id for item in verdict.invariants if item.violated] == []
    assert verdict.verdict is Verdict.OK


def test_what_cannot_be_written_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    missing = tmp_path / "missing" / "live.mpk"
    with pytest.raises(StorageError, match="No such file"):
        record_live(missing, _job(), _unseen)
    target = tmp_path / "folder"
    target.mkdir()
    with pytest.raises(StorageError, match="no regular file"):
        record_live(target, _job(), _unseen)
    assert list(tmp_path.iterdir()) == [target]


def test_a_disk_that_fills_up_leaves_what_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    trace = tmp_path / "live.mpk"
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, before[1]))
        with pytest.raises(StorageError, match="File too large"):
            record_live(trace, _job(runs=20), _unseen)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert not trace.exists()
    assert verify_trace(partial_path(trace)).verdict is Verdict.UNKNOWN


def test_an_interrupted_recording_leaves_no_trace(tmp_path: Path) -> None:
    def interrupt(progress: Progress, ops: Counter[str], judgement: Judgement) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        record_live(tmp_path / "live.mpk", _job(), interrupt)
    assert list(tmp_path.iterdir()) == []


def test_what_led_to_a_failure_is_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As much of it as a plain recording leaves."""
    whole = Scheduler._tick

    def fail(scheduler: Scheduler, time_ns: int) -> None:
        if time_ns > 60 * MS:
            raise ArithmeticError("a defect")
        whole(scheduler, time_ns)

    monkeypatch.setattr(Scheduler, "_tick", fail)
    left = {}
    for name, make in (("plain", run_job), ("live", lambda *job: record_live(*job, _unseen))):
        with pytest.raises(ArithmeticError, match="a defect"):
            make(tmp_path / f"{name}.mpk", _job())
        left[name] = partial_path(tmp_path / f"{name}.mpk").read_bytes()
    assert left["live"] == left["plain"]
    assert verify_trace(partial_path(tmp_path / "live.mpk")).events > 1_000


def test_a_display_that_fails_costs_nothing(tmp_path: Path) -> None:
    def fail(progress: Progress, ops: Counter[str], judgement: Judgement) -> None:
        raise ValueError("no terminal")

    result = record_live(tmp_path / "live.mpk", _job(), fail)
    assert result.verdict.verdict is Verdict.OK


def test_a_checker_that_cannot_start_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr("nandtrace.live.follower.start_process", refuse)
    with pytest.raises(StorageError, match=r"no process to verify it: .*no more processes"):
        record_live(tmp_path / "live.mpk", _job(), _unseen)
    assert list(tmp_path.iterdir()) == []


def test_a_checker_that_dies_costs_the_verdict_not_the_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Follower] = []
    tell = Follower.tell

    def kill(follower: Follower, size_bytes: int) -> None:
        if not started:
            started.append(follower)
            os.kill(follower.pid, signal.SIGKILL)
        tell(follower, size_bytes)

    monkeypatch.setattr(Follower, "tell", kill)
    result = record_live(tmp_path / "live.mpk", _job(), _unseen)
    assert result.verdict.verdict is Verdict.UNKNOWN
    assert result.verdict.error == (
        f"{tmp_path / 'live.mpk'}: the process that verified it was killed, "
        "perhaps for lack of memory"
    )
    run_job(tmp_path / "plain.mpk", _job())
    assert (tmp_path / "live.mpk").read_bytes() == (tmp_path / "plain.mpk").read_bytes()
