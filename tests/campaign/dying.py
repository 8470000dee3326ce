"""Runs a campaign in processes that die at given points: `python -m tests.campaign.dying FILE OUT POINT…`.

A point reads `module:name:when:count`, such as `campaign.settling:Shelf.put:after:2`: SIGKILL before or after
so many calls of that function. Of several points, with commas between, the first to come counts. The campaign
begins in one process, goes on in one after the other, and comes to its end in a last one. After each death
everything with the name of a trace must be whole. The cells run a script, and each process is forked from
this one: both only because they are quick.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import os
import signal
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from nandtrace.campaign import cell_handler, resume_campaign, run_campaign
from tests.campaign.campaigns import SCRIPT
from tests.campaign.killing import Traces, check_cut, traces_in

DIED = -signal.SIGKILL


def main(file: Path, out: Path, points: list[str]) -> None:
    """Prints a line for each process: how it ended, and where it was to die."""
    script = file.with_name("cell_script.py")
    script.write_text(f"{SCRIPT}\nrecord()\n")
    cell_handler.CELL_COMMAND = (sys.executable, "-S", "-E", str(script))
    for point in [*points, "-"]:
        code = _in_a_process(lambda point=point: _live(file, out, point))  # type: ignore[misc]
        check_cut(out, expected(traces_in(out)))
        print(code, point)


def expected(traces: Traces) -> Traces:
    """What the script makes of each cell."""
    return {name: f"seed {Path(name).stem}".encode() for name in traces}


def _live(file: Path, out: Path, point: str) -> None:
    for death in point.split(","):
        if death != "-":
            _set_death(*death.split(":"))
    if (out / "journal.sqlite").exists():
        resume_campaign(out)
    else:
        run_campaign(file, out)


def owner_of(module: str, name: str) -> tuple[Any, str]:
    """What has the function of a point, and the function's name there. Raises where there is none."""
    owner: Any = importlib.import_module(f"nandtrace.{module}")
    *path, last = name.split(".")
    for part in path:
        owner = getattr(owner, part)
    assert callable(getattr(owner, last))
    return owner, last


def _set_death(module: str, name: str, when: str, count: str) -> None:
    owner, last = owner_of(module, name)
    setattr(owner, last, _mortal(getattr(owner, last), when, int(count)))


def _mortal(function: Callable[..., Any], when: str, count: int) -> Callable[..., Any]:
    calls = {"before": 0, "after": 0}

    def pass_by(moment: str) -> None:
        calls[moment] += 1
        if (moment, calls[moment]) == (when, count):
            os.kill(os.getpid(), signal.SIGKILL)

    @wraps(function)
    def wrapped(*arguments: Any, **options: Any) -> Any:
        pass_by("before")
        result = function(*arguments, **options)
        pass_by("after")
        return result

    @wraps(function)
    async def awaited(*arguments: Any, **options: Any) -> Any:
        pass_by("before")
        result = await function(*arguments, **options)
        pass_by("after")
        return result

    return awaited if inspect.iscoroutinefunction(function) else wrapped


def _in_a_process(work: Callable[[], None]) -> int:
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        except Exception:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    assert asyncio  # imported once, before the first fork
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
