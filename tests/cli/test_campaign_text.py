"""How a campaign looks on its way and at its end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nandtrace.campaign import Progress
from nandtrace.campaign.status import CampaignStatus, CellStatus, SessionStatus, Violated
from nandtrace.cli.campaign_progress import progress_text
from nandtrace.cli.campaign_text import (
    duration_text,
    outcome_lines,
    rate_text,
    report_lines,
    status_lines,
)
from nandtrace.cli.campaign_work import EngineChoice, exit_of

BEGUN = Progress(
    name="nightly",
    cells=1200,
    ok=0,
    violated=0,
    unknown=0,
    failed=0,
    running=("default/plain/0",),
    settled_now=0,
    seconds=0.0,
    is_stopping=False,
    waiting=None,
)
ON_ITS_WAY = replace(
    BEGUN, ok=594, violated=5, failed=1, running=("a", "b"), settled_now=300, seconds=150.0
)


def _cell(number: int, state: str, **values: object) -> CellStatus:
    cell = CellStatus(
        id=f"default/plain/{number}",
        state=state,
        trace=Path(f"nightly/traces/{number}.mpk"),
        attempts=1,
        seconds=1.5,
        events=300,
        violations={},
        error=None,
        command=f"nandtrace record --seed {number}",
    )
    return replace(cell, **values)


STATUS = CampaignStatus(
    name="nightly",
    folder=Path("out puts"),
    is_running=False,
    pid=None,
    cells=1200,
    pending=1000,
    ok=197,
    violated=1,
    unknown=0,
    failed=2,
    events=59_400,
    bytes=12_345_678,
    cell_seconds=3_725.4,
    violations={"page-ascending": Violated(1, 1234, "default/plain/3")},
    slowest=(_cell(7, "ok", seconds=12.345),),
    troubled=(
        _cell(3, "violated", violations={"page-ascending": 1234}),
        _cell(4, "failed", attempts=2, error="killed by signal 9\nlast words", events=None),
        _cell(5, "failed", error="timed out after 600 s", events=None),
    ),
    repairs={"field.yaml": ("op_names: 3 times rounded",)},
    sessions=(
        SessionStatus(
            number=1,
            engine="local",
            begun="2026-01-02T03:04:05Z",
            ended=None,
            outcome="crashed",
            settled=150,
        ),
        SessionStatus(
            number=2,
            engine="dask",
            begun="2026-01-02T04:00:00Z",
            ended="2026-01-02T05:00:00Z",
            outcome="interrupted",
            settled=50,
        ),
    ),
)
HEAD = [
    "nightly: 200 of 1,200 cells done: 197 ok, 1 violated, 2 failed",
    "  events: 59,400",
    "  bytes: 12,345,678",
]
VIOLATIONS = [
    "  violations:",
    "    page-ascending: 1,234 in 1 cell, the first is default/plain/3",
]
SESSIONS = [
    "  sessions:",
    "    1: crashed, 150 cells, local, 2026-01-02T03:04:05Z",
    "    2: interrupted, 50 cells, dask, 2026-01-02T04:00:00Z to 2026-01-02T05:00:00Z",
]
TROUBLED = [
    "✗ default/plain/3: violated",
    "    page-ascending: 1,234 violations",
    "    nandtrace record --seed 3",
    "✗ default/plain/4: failed after 2 attempts",
    "    killed by signal 9",
    "    last words",
    "    nandtrace record --seed 4",
    "✗ default/plain/5: failed",
    "    timed out after 600 s",
    "    nandtrace record --seed 5",
]


def test_the_end() -> None:
    assert list(outcome_lines(STATUS)) == [*HEAD, *VIOLATIONS, *TROUBLED]


def test_the_end_lists_ten_cells_and_counts_the_others() -> None:
    cells = tuple(_cell(number, "unknown", error="cut") for number in range(12))
    lines = list(outcome_lines(replace(STATUS, unknown=1040, failed=0, troubled=cells)))
    assert sum(line.startswith("✗ ") for line in lines) == 10
    assert lines[-1] == "… and 1,031 more: nandtrace campaign report 'out puts'"
    dashed = replace(STATUS, unknown=1040, failed=0, troubled=cells, folder=Path("-x"))
    assert list(outcome_lines(dashed))[-1].endswith(" more: nandtrace campaign report -- -x")


def test_status() -> None:
    assert list(status_lines(STATUS)) == [*HEAD, *VIOLATIONS, "  running: no", *SESSIONS]
    running = replace(STATUS, is_running=True, pid=17, violated=0, violations={})
    assert list(status_lines(running))[3] == "  running: yes, process 17"


def test_report() -> None:
    assert list(report_lines(STATUS)) == [
        *HEAD,
        "  time in cells: 1:02:05",
        *SESSIONS,
        "  repairs of field.yaml:",
        "    op_names: 3 times rounded",
        "  slowest cells:",
        "    12.35 s  default/plain/7",
        *VIOLATIONS,
        *TROUBLED,
    ]
    assert list(report_lines(replace(STATUS, troubled=STATUS.troubled[:1])))[-1] == "… and 2 more"


def test_a_campaign_of_which_nothing_is_done() -> None:
    begun = replace(STATUS, ok=0, violated=0, failed=0, pending=1200, violations={}, troubled=())
    assert next(iter(outcome_lines(begun))) == "nightly: 0 of 1,200 cells done"


def test_violated_goes_before_failed() -> None:
    assert exit_of(STATUS) == 1
    assert exit_of(replace(STATUS, violated=0)) == 3
    assert exit_of(replace(STATUS, violated=0, failed=0, unknown=1)) == 3
    assert exit_of(replace(STATUS, violated=0, failed=0)) == 3
    assert exit_of(replace(STATUS, violated=0, failed=0, pending=0, ok=1200)) == 0


def test_progress() -> None:
    assert progress_text(BEGUN) == "0/1,200, 1 running"
    assert progress_text(ON_ITS_WAY) == (
        "600/1,200, 2 running, 5 violated, 1 failed, 2.0 cells/s, ETA 0:05:00"
    )
    waiting = replace(ON_ITS_WAY, waiting="waits for memory: a cell needs 300 MB, 120 MB is free")
    assert progress_text(waiting) == (
        "600/1,200, 2 running, 5 violated, 1 failed, "
        "waits for memory: a cell needs 300 MB, 120 MB is free"
    )
    assert progress_text(replace(waiting, is_stopping=True)) == (
        "600/1,200, 2 running, 5 violated, 1 failed, "
        "stopping, waits for 2 cells (interrupt again to end at once)"
    )


@pytest.mark.parametrize(
    ("cells", "seconds", "text"),
    [
        (0, 0.0, "0.0 cells/min"),
        (3, 2.0, "1.5 cells/s"),
        (1, 2.0, "30.0 cells/min"),
        (1, 0.0, "1000.0 cells/s"),
    ],
)
def test_rates(cells: int, seconds: float, text: str) -> None:
    assert rate_text(cells, seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0:00:00"), (59.6, "0:01:00"), (90_061.0, "25:01:01")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_an_engine_is_told_again() -> None:
    assert list(EngineChoice("local", None, None).arguments()) == []
    assert list(EngineChoice("dask", "tcp://host:8786", 4).arguments()) == [
        "--engine",
        "dask",
        "--scheduler",
        "tcp://host:8786",
        "--slots",
        "4",
    ]
