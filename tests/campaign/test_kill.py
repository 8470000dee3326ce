"""Campaigns that are killed and resumed: each cell is done once, nothing half-written is taken for whole."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from nandtrace.campaign import run_campaign
from tests.campaign import dying
from tests.campaign.campaigns import write_campaign
from tests.campaign.killing import (
    check_cut,
    check_finished,
    finish,
    kill,
    start,
    traces_in,
    wait_until,
)

FOUR = """
profiles = ["tiny"]
seeds = "0..3"
[options.plain]
runs = 2
run_until = "500us"
[limits]
slots = 2
memory_gating = false
"""

KILLS = 3

BEGINNING = (
    "campaign.folder:Folder._write_inputs:after:1",
    "campaign.folder:create_journal:before:1",
    "campaign.folder:create_journal:after:1",
    "campaign.journal:Journal.begin_session:after:1",
    "campaign.scheduler_trace:new_recorder:after:1",
)
MIDDLE = (
    "workorder.log:JournalLog.wants_checkpoint:before:1",
    "workorder.log:JournalLog.wants_checkpoint:after:1",
    "campaign.cell_handler:CellHandler.prepare:before:2",
    "campaign.cell_handler:CellHandler.prepare:after:2",
    "campaign.settling:Shelf.put:before:2",
    "campaign.settling:Shelf.put:after:1",
    "campaign.journal:Journal.settle:after:1",
    "campaign.session:Session.settle:after:2",
    "workorder.transitions:Transitions.complete:after:1",
    "workorder.transitions:Transitions.release:after:1",
)
RESUMING = (
    "workorder.recording:_set_aside:after:1",
    "workorder.recording:_take_over:before:1",
    "workorder.recording:_take_over:after:1",
    "campaign.scheduler_trace:continued:after:1",
    "workorder.transitions:Transitions.restart:after:1",
    "workorder.transitions:Transitions.recover:after:1",
)
END = (
    "campaign.journal:Journal.settle:after:2",
    "workorder.scheduler:Scheduler._end:after:1",
    "trace.run_recorder:RunRecorder.close:before:1",
    "trace.run_recorder:RunRecorder.close:after:1",
)
LAST = ("campaign.journal:Journal.end_session:before:1",)
SETTLED = ("campaign.journal:Journal.settle:after:20",)


@pytest.mark.parametrize(
    "points",
    [
        BEGINNING,
        MIDDLE,
        (MIDDLE[5], *RESUMING),
        END,
        SETTLED,
        LAST,
        (MIDDLE[2], *RESUMING[:3], *END),
    ],
    ids=["beginning", "middle", "resuming", "end", "settled", "last", "all through"],
)
def test_a_process_dies_at_every_point(points: tuple[str, ...], tmp_path: Path) -> None:
    file = write_campaign(tmp_path, FOUR.replace("0..3", "0..19"), "twenty.toml")
    command = [sys.executable, "-m", "tests.campaign.dying", str(file), str(tmp_path / "out")]
    done = subprocess.run([*command, *points], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    ends = [line.split() for line in done.stdout.splitlines()]
    assert ends == [[str(dying.DIED), point] for point in points] + [["0", "-"]]
    traces = [f"traces/tiny/plain/{seed}.mpk" for seed in range(20)]
    check_finished(tmp_path / "out", dying.expected(dict.fromkeys(traces, b"")))


def test_a_campaign_that_is_killed_comes_to_the_same(tmp_path: Path) -> None:
    file, out = write_campaign(tmp_path, FOUR, "four.toml"), tmp_path / "out"
    run_campaign(file, tmp_path / "undisturbed")
    expected = traces_in(tmp_path / "undisturbed")
    draw, settled = Random(5), 0  # noqa: S311 - nothing secret
    for killed in range(KILLS):
        campaign = start(file, out)
        wait_until(lambda killed=killed: len(traces_in(out)) > killed, campaign)  # type: ignore[misc]
        time.sleep(draw.random() * 0.2)
        kill(campaign)
        before, settled = settled, check_cut(out, expected)
        assert settled >= before
    finish(file, out)
    check_finished(out, expected)
