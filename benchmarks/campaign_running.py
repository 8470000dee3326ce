"""Campaigns: many small recordings on two slots, beside `xargs -P 2` with the very same commands.

xargs starts the processes that the local engine starts, in the same environment and with the same
specifications on their stdin. A cell needs a stdin that stays open: each has a FIFO, made beforehand, and the
shell that xargs starts becomes the process. xargs keeps no journal, no limits and no trace of its own, and
does not wait for the disk.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from functools import partial
from pathlib import Path

from benchmarks.measure import NANDTRACE, in_turns, timed_process
from benchmarks.results import CELLS, Result, rate
from nandtrace.campaign.cell_process import CELL_COMMAND, cell_environment, spec_line
from nandtrace.campaign.loading import load_campaign
from nandtrace.campaign.plan import Plan, make_plan

GROUP = "campaign"
SLOTS = 2

_CAMPAIGN = """\
profiles = ["default"]
seeds = "0..{last}"

[options.small]
runs = 2
run_until = "1ms"

[limits]
slots = {slots}
"""

_SHELL = 'exec 3<>"$0.fifo"; cat "$0.spec" >&3 & exec "$@" <&3 >"$0.json"'
"""A FIFO that is open for both has no end, as long as its reader lives."""


def measure_campaign(folder: Path, cells: int, repeats: int) -> list[Result]:
    """So many small recordings, each verified: whole commands, from start to end."""
    file = folder / "campaign.toml"
    file.write_text(_CAMPAIGN.format(last=cells - 1, slots=SLOTS))
    seconds = in_turns(
        {
            "campaign": partial(_run_campaign, file, folder / "campaign", cells),
            "xargs": partial(_run_xargs, make_plan(load_campaign(file)), folder / "xargs"),
        },
        repeats,
    )
    return [
        Result(
            GROUP,
            f"{cells} small recordings, verified",
            CELLS,
            rate("campaign run", cells, seconds["campaign"]),
            rate(f"xargs -P {SLOTS}", cells, seconds["xargs"]),
        )
    ]


def _run_campaign(file: Path, out: Path, cells: int) -> float:
    shutil.rmtree(out, ignore_errors=True)
    seconds = timed_process(*NANDTRACE, "campaign", "run", file, "-o", out)()
    traces = sorted((out / "traces").rglob("*.mpk"))
    _check(len(traces), cells)
    return seconds


def _run_xargs(plan: Plan, folder: Path) -> float:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    names = _lay_out(plan, folder)
    command = ["xargs", "-P", str(SLOTS), "-I", "{}", "sh", "-c", _SHELL, "{}", *CELL_COMMAND]
    started = time.perf_counter()
    subprocess.run(command, input="\n".join(names), text=True, env=cell_environment(), check=True)
    seconds = time.perf_counter() - started
    answers = [json.loads(Path(f"{name}.json").read_text()) for name in names]
    _check(sum(answer["verdict"] == "OK" for answer in answers), len(names))
    return seconds


def _lay_out(plan: Plan, folder: Path) -> list[str]:
    """What each process reads, and what it reads it from; returns their paths without an ending."""
    names = []
    for cell in plan.cells():
        name = folder / str(cell.ordinal)
        identity = plan.recipes[cell.recipe].identity
        options = identity["options"] | {"seed": cell.seed}
        spec = {"identity": identity | {"options": options}, "compress": False}
        Path(f"{name}.spec").write_bytes(spec_line(spec, Path(f"{name}.mpk")))
        os.mkfifo(f"{name}.fifo")
        names.append(str(name))
    return names


def _check(done: int, expected: int) -> None:
    if done != expected:
        raise RuntimeError(f"{done} cells of {expected} are OK")
