"""Readings of memory and processors, within what containers allow. Trees of control groups are made up."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from nandtrace.errors import WorkOrderError
from nandtrace.workorder.cgroups import control_groups
from nandtrace.workorder.cores import usable_cores
from nandtrace.workorder.probe import Reading, ScriptedProbe, SystemProbe

MB = 2**20
MACHINE = Reading(1_000 * MB, 800 * MB)
UNIFIED = "31 23 0:28 {root} {tree} rw,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
LEGACY = "35 31 0:32 {root} {tree} rw,relatime - cgroup cgroup rw,{controller}\n"

Files = dict[str, str]
MakeGroups = Callable[..., Path]


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    class Memory:
        total, available = MACHINE.total_bytes, MACHINE.available_bytes

    monkeypatch.setattr(psutil, "virtual_memory", Memory)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 5}, raising=False)


@pytest.fixture
def proc(tmp_path: Path) -> MakeGroups:
    """Makes /proc/self and the groups that it tells of: files by their folder below the mount."""

    def make(cgroup: str, mounts: str, groups: dict[str, Files], root: str = "/") -> Path:
        tree = tmp_path / "groups of\ttests"
        escaped = str(tree).replace(" ", "\\040").replace("\t", "\\011")
        for folder, files in groups.items():
            (tree / folder).mkdir(parents=True, exist_ok=True)
            for name, text in files.items():
                (tree / folder / name).write_text(text)
        own = tmp_path / "self"
        own.mkdir(exist_ok=True)
        (own / "cgroup").write_text(cgroup)
        (own / "mountinfo").write_text(
            "22 1 0:20 / /proc rw - proc proc rw\nodd line\n"
            + mounts.format(root=root, tree=escaped, controller="memory,cpu")
        )
        return own

    return make


def _unified(limit: str, usage: int = 0, inactive: int | None = None) -> Files:
    stat = "anon 5\n" + ("" if inactive is None else f"inactive_file {inactive}\n")
    return {"memory.max": f"{limit}\n", "memory.current": f"{usage}\n", "memory.stat": stat}


def _legacy(limit: int, usage: int = 0, inactive: int = 0) -> Files:
    return {
        "memory.limit_in_bytes": f"{limit}\n",
        "memory.usage_in_bytes": f"{usage}\n",
        "memory.stat": f"inactive_file 7\ntotal_inactive_file {inactive}\n",
    }


# ---- readings


def test_a_reading_knows_what_is_used() -> None:
    assert Reading(100, 30).used_bytes == 70
    assert Reading(100, 100).used_bytes == 0


@pytest.mark.parametrize(("total", "available"), [(0, 0), (10, 11), (10, -1), (-5, -5)])
def test_a_reading_that_no_memory_can_give(total: int, available: int) -> None:
    with pytest.raises(WorkOrderError, match=f"{available} bytes available of {total}"):
        Reading(total, available)


# ---- memory


def test_without_groups_the_machine_is_read(tmp_path: Path) -> None:
    assert SystemProbe(tmp_path / "nothing").read() == MACHINE


def test_a_limit_of_the_own_group(proc: MakeGroups) -> None:
    own = proc("0::/a\n", UNIFIED, {"a": _unified(str(400 * MB), 300 * MB, 120 * MB)})
    assert SystemProbe(own).read() == Reading(400 * MB, 220 * MB)


def test_a_limit_of_the_first_version(proc: MakeGroups) -> None:
    own = proc(
        "4:memory:/a/b\n3:cpuset:/\n",
        LEGACY,
        {"a/b": _legacy(400 * MB, 300 * MB, 120 * MB), "": _legacy(2**63 - 4096, 999)},
    )
    assert SystemProbe(own).read() == Reading(400 * MB, 220 * MB)


def test_total_and_available_memory_are_the_least_of_all_groups(proc: MakeGroups) -> None:
    own = proc(
        "0::/a/b/c\n",
        UNIFIED,
        {
            "a/b/c": _unified("max", 9_000 * MB),
            "a/b": _unified(str(300 * MB), 20 * MB, 0),
            "a": _unified(str(600 * MB), 590 * MB, 0),
            "": {},
        },
    )
    assert SystemProbe(own).read() == Reading(300 * MB, 10 * MB)


def test_both_versions_side_by_side(proc: MakeGroups, tmp_path: Path) -> None:
    own = proc(
        "4:memory:/old\n0::/new\n",
        LEGACY + UNIFIED,
        {"old": _legacy(500 * MB), "new": _unified(str(700 * MB), 400 * MB)},
    )
    assert SystemProbe(own).read() == Reading(500 * MB, 300 * MB)


def test_the_machine_is_never_exceeded(proc: MakeGroups) -> None:
    own = proc("0::/\n", UNIFIED, {"": _unified(str(900 * MB), 10 * MB)})
    assert SystemProbe(own).read() == Reading(900 * MB, 800 * MB)
    own = proc("0::/\n", UNIFIED, {"": _unified(str(5_000 * MB), 4_999 * MB)})
    assert SystemProbe(own).read() == MACHINE


def test_a_group_beyond_its_limit_has_nothing_left(proc: MakeGroups) -> None:
    own = proc("0::/a\n", UNIFIED, {"a": _unified(str(100 * MB), 130 * MB, 0)})
    assert SystemProbe(own).read() == Reading(100 * MB, 0)
    own = proc("0::/a\n", UNIFIED, {"a": _unified(str(100 * MB), 10 * MB, 30 * MB)})
    assert SystemProbe(own).read() == Reading(100 * MB, 100 * MB)


def test_a_limit_that_changes_counts_from_then_on(proc: MakeGroups) -> None:
    own = proc("0::/a\n", UNIFIED, {"a": _unified("max", 10 * MB)})
    probe = SystemProbe(own)
    assert probe.read() == MACHINE
    proc("0::/a\n", UNIFIED, {"a": _unified(str(100 * MB), 60 * MB, 5 * MB)})
    assert probe.read() == Reading(100 * MB, 45 * MB)


@pytest.mark.parametrize(
    "files",
    [
        {"memory.max": "lots"},
        {"memory.max": ""},
        {"memory.max": "0"},
        {"memory.max": "-1"},
        {"memory.current": "some"},
        {"memory.stat": "inactive_file many\n"},
    ],
)
def test_odd_files_limit_nothing(proc: MakeGroups, files: Files) -> None:
    own = proc("0::/a\n", UNIFIED, {"a": _unified(str(100 * MB), 10 * MB) | files})
    assert SystemProbe(own).read() == MACHINE


@pytest.mark.parametrize("missing", ["memory.max", "memory.current", "memory.stat"])
def test_missing_files_limit_nothing(proc: MakeGroups, missing: str) -> None:
    files = _unified(str(100 * MB), 10 * MB)
    del files[missing]
    own = proc("0::/a\n", UNIFIED, {"a": files})
    assert SystemProbe(own).read() == MACHINE


@pytest.mark.parametrize(
    ("path", "root", "folders"),
    [
        ("/", "/", [""]),
        ("/a/b", "/", ["a/b", "a", ""]),
        ("/docker/x", "/docker/x", [""]),
        ("/docker/x/inner", "/docker/x", ["inner", ""]),
        ("/elsewhere", "/docker/x", [""]),
        ("/../sibling", "/", [""]),
    ],
)
def test_groups_are_found_from_the_own_one_up_to_the_mount(
    proc: MakeGroups, path: str, root: str, folders: list[str]
) -> None:
    own = proc(f"0::{path}\n", UNIFIED, {}, root)
    tree = own.parent / "groups of\ttests"
    assert [group.folder for group in control_groups("memory", own)] == [
        tree / folder for folder in folders
    ]


def test_a_group_without_a_mount_is_not_looked_for(proc: MakeGroups) -> None:
    own = proc("4:memory:/a\n", UNIFIED, {"a": _legacy(100 * MB)})
    assert control_groups("memory", own) == []


# ---- processors


@pytest.mark.parametrize(
    ("quota", "cores"),
    [
        ("max 100000", 4),
        ("150000 100000", 2),
        ("100000 100000", 1),
        ("1000 100000", 1),
        ("900000 100000", 4),
        ("many 100000", 4),
        ("100000", 4),
        ("100000 0", 4),
        ("", 4),
    ],
)
def test_a_quota_is_rounded_up(proc: MakeGroups, quota: str, cores: int) -> None:
    assert usable_cores(proc("0::/a\n", UNIFIED, {"a": {"cpu.max": f"{quota}\n"}})) == cores


def test_the_least_quota_counts(proc: MakeGroups) -> None:
    groups = {"a/b": {"cpu.max": "300000 100000"}, "a": {"cpu.max": "200000 100000"}, "": {}}
    assert usable_cores(proc("0::/a/b\n", UNIFIED, groups)) == 2


@pytest.mark.parametrize(("quota", "cores"), [("-1", 4), ("250000", 3), ("nothing", 4)])
def test_a_quota_of_the_first_version(proc: MakeGroups, quota: str, cores: int) -> None:
    files = {"cpu.cfs_quota_us": f"{quota}\n", "cpu.cfs_period_us": "100000\n"}
    assert usable_cores(proc("1:cpu,cpuacct:/a\n", LEGACY, {"a": files})) == cores


def test_where_no_affinity_is_known_all_processors_count(
    proc: MakeGroups, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert usable_cores(proc("", "", {})) == 6
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cores(proc("", "", {})) == 1


class _Times:
    def __init__(self, **seconds: float) -> None:
        self._seconds = seconds

    def _asdict(self) -> dict[str, float]:
        return self._seconds


def test_the_processor_since_the_last_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times = [
        _Times(user=10.0, guest=4.0, system=5.0, idle=80.0, iowait=5.0),
        _Times(user=12.0, guest=6.0, system=6.0, idle=86.0, iowait=6.0),
        _Times(user=16.0, guest=6.0, system=6.0, idle=86.0, iowait=6.0),
        _Times(user=16.0, guest=6.0, system=6.0, idle=86.0, iowait=6.0),
    ]
    monkeypatch.setattr(psutil, "cpu_times", lambda: times.pop(0))
    probe = SystemProbe(tmp_path)
    assert [probe.cpu(), probe.cpu(), probe.cpu()] == [0.3, 1.0, 0.0]


# ---- by a script


def test_a_script_is_followed() -> None:
    now = 0
    full, half, empty = Reading(100, 0), Reading(100, 50), Reading(100, 100)
    probe = ScriptedProbe(lambda: now, [(10, full), (20, half), (20, empty)])
    found = []
    for now in (0, 9, 10, 19, 20, 1_000):  # noqa: B007 - the probe reads it
        found.append(probe.read())
    assert found == [full, full, full, full, empty, empty]
    assert probe.cpu() == 0.0


@pytest.mark.parametrize("times_ns", [(), (2, 1)])
def test_a_script_that_is_none(times_ns: tuple[int, ...]) -> None:
    steps = [(time_ns, Reading(1, 1)) for time_ns in times_ns]
    with pytest.raises(WorkOrderError, match="not in the order of time, or none"):
        ScriptedProbe(lambda: 0, steps)


# ---- here


def test_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    probe = SystemProbe()
    reading = probe.read()
    assert 0 < reading.total_bytes <= psutil.virtual_memory().total
    assert 0.0 <= probe.cpu() <= 1.0
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
