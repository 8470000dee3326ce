"""Campaigns that are killed again and again: they come to the same as an undisturbed one."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.campaign import dying
from tests.campaign.killing import check_cut, check_finished, finish, kill, start, traces_in

KILLS = 50
LONGEST_S = 4.0
CELLS = """
profiles = ["tiny", "default"]
seeds = "0..29"
[options.short]
runs = 2
run_until = "1ms"
[limits]
slots = 2
memory_gating = false
"""

DEATHS = 60
AT_LATEST, SETTLED = "campaign.journal:Journal.settle:after:5", 5
"""No process gets further than that, so that none of them finishes the campaign."""

BEGINNING = (
    "campaign.database:close_database",
    "campaign.folder:Folder.remove_work",
    "campaign.journal:Journal.begin_session",
    "campaign.scheduler_trace:continued",
    "campaign.scheduler_trace:new_recorder",
    "workorder.recording:_set_aside",
    "workorder.recording:_take_over",
    "workorder.transitions:Transitions.restart",
)
MIDDLE = (
    "campaign.cell_handler:CellHandler.prepare",
    "campaign.cell_handler:CellHandler.run",
    "campaign.journal:Journal.settle",
    "campaign.session:Session.settle",
    "campaign.settling:Shelf.put",
    "workorder.log:JournalLog.wants_checkpoint",
    "workorder.transitions:Transitions.claim",
    "workorder.transitions:Transitions.complete",
    "workorder.transitions:Transitions.recover",
    "workorder.transitions:Transitions.release",
)
END = (
    "campaign.folder:Folder.remove_work",
    "campaign.journal:Journal.end_session",
    "trace.run_recorder:RunRecorder.close",
    "workorder.scheduler:Scheduler._end",
    "workorder.transitions:Transitions.change_mode",
)


@pytest.mark.parametrize("name", sorted({*BEGINNING, *MIDDLE, *END}))
def test_there_is_such_a_point(name: str) -> None:
    dying.owner_of(*name.split(":"))


@pytest.mark.soak
def test_killed_at_fifty_moments(tmp_path: Path) -> None:
    file = tmp_path / "cells.toml"
    file.write_text(CELLS)
    finish(file, tmp_path / "undisturbed")
    expected = traces_in(tmp_path / "undisturbed")
    assert len(expected) == 60
    draw, kills, out, settled = _random(0), 0, tmp_path / "out-0", 0
    while kills < KILLS:
        campaign = start(file, out)
        time.sleep(draw.random() * LONGEST_S)
        if kill(campaign):
            kills += 1
            before, settled = settled, check_cut(out, expected)
            assert settled >= before
        else:
            check_finished(out, expected)
            out, settled = tmp_path / f"out-{kills}", 0
    finish(file, out)
    check_finished(out, expected)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(5))
def test_processes_die_anywhere(seed: int, tmp_path: Path) -> None:
    file, out, cells = tmp_path / "light.toml", tmp_path / "out", DEATHS * SETTLED
    file.write_text(CELLS.replace(', "default"', "").replace("29", str(cells - 1)))
    points = [*_points(_random(seed))]
    command = [sys.executable, "-m", "tests.campaign.dying", str(file), str(out)]
    done = subprocess.run([*command, *points], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    ends = [line.split() for line in done.stdout.splitlines()]
    assert ends[:DEATHS] == [[str(dying.DIED), point] for point in points[:DEATHS]]
    assert ends[-1] == ["0", "-"]
    traces = [f"traces/tiny/short/{number}.mpk" for number in range(cells)]
    check_finished(out, dying.expected(dict.fromkeys(traces, b"")))


def _points(draw: Random) -> Iterator[str]:
    """Where processes die: in the middle, mostly, and the last one at the end."""
    for _ in range(DEATHS):
        names, most = (BEGINNING, 1) if draw.random() < 0.3 else (MIDDLE, 4)
        yield f"{_death(draw, names)}:{draw.randint(1, most)},{AT_LATEST}"
    yield f"{_death(draw, END)}:{draw.randint(1, 2)}"


def _death(draw: Random, names: tuple[str, ...]) -> str:
    return f"{draw.choice(names)}:{draw.choice(('before', 'after'))}"


def _random(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - nothing secret
