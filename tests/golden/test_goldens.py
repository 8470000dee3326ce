"""The goldens of this repository: recorded anew they are the same, and none is forgotten."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nandtrace.check import Verdict, verify_trace
from nandtrace.cli.golden_kinds import GraphGolden, NandGolden, WorkOrderGolden
from nandtrace.cli.golden_manifest import load_manifest
from nandtrace.cli.main import run
from nandtrace.nand.recording import continue_recording
from nandtrace.nand.replaying import replay
from tests.golden.reading import GOLDEN, Story

MANIFEST = load_manifest(GOLDEN)
NAMES = [golden.name for golden in MANIFEST]
OF_NAND = [golden for golden in MANIFEST if isinstance(golden, NandGolden)]
OF_GRAPHS = [golden for golden in MANIFEST if isinstance(golden, GraphGolden)]
OF_ORDERS = [golden for golden in MANIFEST if isinstance(golden, WorkOrderGolden)]
SITUATIONS = [
    path.read_text()
    for pattern in ("test_situations.py", "graph/test_*.py", "workorder/test_*.py")
    for path in sorted(Path(__file__).parent.glob(pattern))
]
MAX_BYTES = 2 * 2**20


def test_recorded_anew_all_are_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CI", "true")
    assert run(["golden", "check", "--dir", str(GOLDEN)]) == 0
    assert (
        capsys.readouterr().out.splitlines()[-1]
        == f"golden check: {len(NAMES)} goldens, 0 problems"
    )


def test_every_file_belongs_to_the_manifest() -> None:
    for suffix in (".mpk", ".txt"):
        files = [path.relative_to(GOLDEN) for path in GOLDEN.rglob(f"*{suffix}")]
        assert sorted(path.with_suffix("").as_posix() for path in files) == sorted(NAMES)
    assert not list(GOLDEN.rglob("*.new"))


def test_every_profile_is_used() -> None:
    used = {golden.profile for golden in OF_NAND}
    for path in sorted((GOLDEN / "profiles").iterdir()):
        extended = re.findall(r"^extends: (\S+)$", path.read_text(), re.MULTILINE)
        used |= {f"profiles/{name}" for name in extended}
    files = {f"profiles/{path.name}" for path in (GOLDEN / "profiles").iterdir()}
    assert files <= used


def test_every_graph_is_used() -> None:
    used = {golden.graph.partition(":")[0] for golden in OF_GRAPHS}
    assert used == {f"graphs/{path.name}" for path in (GOLDEN / "graphs").glob("*.py")}


def test_every_scenario_is_used() -> None:
    used = [golden.scenario for golden in OF_ORDERS]
    assert sorted(used) == sorted(
        f"orders/{path.name}" for path in (GOLDEN / "orders").glob("*.toml")
    )


def test_they_are_small_and_uncompressed() -> None:
    assert sum(path.stat().st_size for path in GOLDEN.rglob("*.mpk")) < MAX_BYTES
    for name in NAMES:
        assert (GOLDEN / f"{name}.mpk").stat().st_size < 400_000


def test_what_is_under_violations_is_violated() -> None:
    for golden in MANIFEST:
        assert bool(golden.violated) == golden.name.startswith("violations/"), golden.name


@pytest.mark.parametrize("name", NAMES)
def test_each_has_a_test_of_its_situation(name: str) -> None:
    assert any(f'story("{name}")' in text for text in SITUATIONS)


def _boundaries() -> list[tuple[NandGolden, int]]:
    return [(golden, run) for golden in OF_NAND for run in range(golden.choices.resolved_runs - 1)]


@pytest.mark.parametrize(
    ("golden", "run_before"),
    [pytest.param(golden, run, id=f"{golden.name}-{run}") for golden, run in _boundaries()],
)
def test_each_goes_on_from_any_boundary_as_it_did(
    golden: NandGolden, run_before: int, tmp_path: Path
) -> None:
    whole, rest = GOLDEN / f"{golden.name}.mpk", tmp_path / "rest.mpk"
    continue_recording(rest, whole, run_before)
    expected, found = Story(whole), Story(rest)
    for run_after in range(run_before + 1, golden.choices.resolved_runs):
        assert found.run(run_after) == expected.run(run_after)


@pytest.mark.parametrize("name", [golden.name for golden in OF_NAND])
def test_each_can_be_replayed(name: str) -> None:
    assert replay(GOLDEN / f"{name}.mpk").same


def _decisions(path: Path) -> list[tuple[int, str, dict[str, Any]]]:
    return [
        (event.time_ns, event.kind, event.fields)
        for event in Story(path).events
        if event.kind not in ("RUN_BEGIN", "RUN_END")
    ]


@pytest.mark.parametrize(
    "golden", [pytest.param(golden, id=golden.name) for golden in (*OF_GRAPHS, *OF_ORDERS)]
)
def test_checkpoints_change_no_decision(
    golden: GraphGolden | WorkOrderGolden, tmp_path: Path
) -> None:
    path = tmp_path / "often.mpk"
    choices: Any = replace(golden.choices, checkpoint=23)
    replace(golden, choices=choices).record(path)
    assert _decisions(path) == _decisions(GOLDEN / f"{golden.name}.mpk")
    assert verify_trace(path).verdict == Verdict.OK
