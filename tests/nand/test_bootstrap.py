"""The bootstrap: erase, program, read; carried from run to run until it is done."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nandtrace.check import Verdict
from nandtrace.nand.options import Options
from nandtrace.nand.profile import Bootstrap, Profile
from nandtrace.nand.recording import record
from nandtrace.vocab.nand import Role
from tests.nand.devices import Recording, built_in, events_in

ROLES = {
    "ERASE": {Role.ERASE},
    "PROGRAM": {Role.PROGRAM, Role.LOAD},
    "READ": {Role.READ},
}


def _record(path: Path, profile: Profile, **options: int | tuple[int, ...]) -> Recording:
    record(path, profile, Options(**options))  # type: ignore[arg-type]
    recording = Recording(path, events_in(path))
    assert recording.verdict().verdict is Verdict.OK
    return recording


def _stages(recording: Recording) -> list[tuple[int, str]]:
    return [
        (event.run, event.fields["stage"])
        for event in recording.events
        if event.kind == "BOOTSTRAP"
    ]


def _ends(recording: Recording) -> list[str]:
    return [event.fields["end"] for event in recording.events if event.kind == "RUN_END"]


def test_runs_are_carried_until_it_is_done(tmp_path: Path) -> None:
    done = _record(tmp_path / "a.mpk", built_in("tiny"), seed=1, runs=6, run_for_ns=(4_000_000,))
    assert _stages(done) == [(0, "ERASE"), (3, "PROGRAM"), (3, "READ"), (3, "DONE")]
    assert _ends(done) == ["CARRIED", "CARRIED", "CARRIED", "DRAINED", "DRAINED", "DRAINED"]
    assert [done.state(run)["bootstrap"]["stage"] for run in range(4)] == [
        "ERASE",
        "ERASE",
        "ERASE",
        "DONE",
    ]


def test_a_carried_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """Its pending ends, no refill; the next run begins at the clock with a refill of its own."""
    done = _record(tmp_path / "a.mpk", built_in("tiny"), seed=1, runs=6, run_for_ns=(4_000_000,))
    end, begin = done.state(0), done.state(1, "RUN_BEGIN")
    assert end == begin
    kinds = {kind for _, kind, _ in end["pending"]}
    assert kinds == {"OP_END", "PHASE_HOOK"}
    second = [event for event in done.events if event.run == 1]
    assert second[0].time_ns == end["clock_ns"]
    refills = [event.time_ns for event in second if event.fields.get("hook") == "QUEUE_REFILL"]
    assert refills[0] == end["clock_ns"]


@pytest.mark.parametrize("name", ["default", "tiny", "suspends"])
def test_each_stage_proposes_its_own_ops(name: str, tmp_path: Path) -> None:
    profile = built_in(name)
    done = _record(tmp_path / "a.mpk", profile, seed=2, runs=1, run_for_ns=(200_000_000,))
    stage, seen = "", {key: set() for key in ROLES}
    for event in done.events:
        if event.kind == "BOOTSTRAP":
            stage = event.fields["stage"]
        elif event.kind == "COMMIT" and event.fields["source"] == "BOOTSTRAP":
            seen[stage].add(profile.op_bases[event.fields["base"]].role)
    assert stage == "DONE"
    assert all(roles and roles <= ROLES[key] for key, roles in seen.items())


def test_thresholds_are_reached_before_the_next_stage(tmp_path: Path) -> None:
    """Blocks erased, programmed and read: at least 10, 6, and a tenth of 32, which is 4."""
    profile = replace(
        built_in("suspends"), bootstrap=Bootstrap(True, 10, 6, read_coverage=0.1, read_volume=2)
    )
    done = _record(tmp_path / "a.mpk", profile, seed=3, runs=1, run_for_ns=(200_000_000,))
    state, counts = [-2] * 32, {}
    read: set[int] = set()
    targets = {e.fields["seg"]: e.fields for e in done.events if e.kind == "COMMIT"}
    for event in done.events:
        if event.kind == "BOOTSTRAP":
            counts[event.fields["stage"]] = (
                sum(page >= -1 for page in state),
                sum(page >= 0 for page in state),
                len(read),
            )
        elif event.kind.startswith("APPLY"):
            for _, block, page in event.fields["cells"]:
                state[block] = -1 if page is None else page
        elif event.kind == "OP_END":
            commit = targets[event.fields["seg"]]
            if profile.op_bases[commit["base"]].role is Role.READ:
                read |= {block for _, _, block, _ in commit["targets"]}
    assert counts == {
        "ERASE": (0, 0, 0),
        "PROGRAM": (11, 0, 0),
        "READ": (11, 6, 0),
        "DONE": (11, 6, 4),
    }


def test_thresholds_of_nothing_are_reached_at_once(tmp_path: Path) -> None:
    """The first is entered at the run's begin, the others at the end of the first op."""
    profile = replace(built_in("tiny"), bootstrap=Bootstrap(True, 0, 0))
    done = _record(tmp_path / "a.mpk", profile, seed=1, runs=2, run_for_ns=(7_000_000,))
    stages = [
        (event.time_ns, event.fields["stage"]) for event in done.events if event.kind == "BOOTSTRAP"
    ]
    assert [stage for _, stage in stages] == ["ERASE", "PROGRAM", "READ", "DONE"]
    assert [time_ns for time_ns, _ in stages] == [0, 3_000_300, 3_000_300, 3_000_300]


def test_the_last_run_drains_whatever_the_stage(tmp_path: Path) -> None:
    done = _record(tmp_path / "a.mpk", built_in("tiny"), seed=1, runs=2, run_for_ns=(1_000_000,))
    assert _stages(done) == [(0, "ERASE")]
    assert _ends(done) == ["CARRIED", "DRAINED"]
    assert done.state(1)["bootstrap"]["stage"] == "ERASE"
    assert done.state(1)["ongoing"] == [[]]


def test_without_a_bootstrap_there_is_no_stage(tmp_path: Path) -> None:
    profile = replace(built_in("tiny"), bootstrap=Bootstrap())
    done = _record(tmp_path / "a.mpk", profile, seed=1, runs=1, run_for_ns=(1_000_000,))
    assert _stages(done) == []
    assert done.state(0)["bootstrap"]["stage"] is None
