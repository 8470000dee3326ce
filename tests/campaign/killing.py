"""Campaigns that are killed with SIGKILL, and what must be true of their folders then, and at the end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from nandtrace.campaign import read_status
from nandtrace.check import Verdict, verify_trace
from nandtrace.errors import UsageError
from nandtrace.trace import TraceReader
from nandtrace.trace.event import Event, events_of

PATIENCE_S = 60.0
NANDTRACE = ("-c", "import sys; from nandtrace.cli.main import main; main(sys.argv[1:])")

Traces = dict[str, bytes]
"""The bytes of each trace by its path below the folder of the results."""

LEFTOVERS = (".partial", ".before", ".new", "-wal", "-shm", "-journal")


def traces_in(out: Path) -> Traces:
    """All that has the name of a trace of a cell."""
    found = sorted((out / "traces").rglob("*.mpk"))
    return {str(path.relative_to(out)): path.read_bytes() for path in found}


def start(file: Path, out: Path) -> subprocess.Popen[bytes]:
    """Have the campaign run, from the beginning or from where it is."""
    arguments = ["resume", out] if (out / "journal.sqlite").exists() else ["run", file, "-o", out]
    return subprocess.Popen(
        [sys.executable, *NANDTRACE, "campaign", *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def kill(campaign: subprocess.Popen[bytes]) -> bool:
    """Kill it, and wait until nothing of it is left; False where it had come to its end before."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(campaign.pid)
        # What it starts from now on would not be known.
        process.send_signal(signal.SIGSTOP)
        children = process.children(recursive=True)
        os.kill(campaign.pid, signal.SIGKILL)
        _, alive = psutil.wait_procs(children, PATIENCE_S)
        assert alive == [], "cells outlive their campaign"
    _, said = campaign.communicate()
    assert campaign.returncode in (0, -signal.SIGKILL), said
    return campaign.returncode != 0


def finish(file: Path, out: Path) -> None:
    """Have the rest of the campaign done, undisturbed."""
    campaign = start(file, out)
    _, said = campaign.communicate(timeout=PATIENCE_S * 10)
    assert campaign.returncode == 0, said


def wait_until(condition: Callable[[], bool], campaign: subprocess.Popen[bytes]) -> None:
    """Wait as long as the campaign runs."""
    end = time.monotonic() + PATIENCE_S
    while not condition() and campaign.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.005)


def settled_in(out: Path) -> int:
    """How many cells of a campaign that was killed are done; 0 where it never began."""
    with suppress(UsageError):
        status = read_status(out)
        assert (status.is_running, status.ok) == (False, status.cells - status.pending)
        return status.ok
    return 0


def check_cut(out: Path, expected: Traces) -> int:
    """A campaign was killed: what has the name of a trace is whole. Returns how many cells are done."""
    settled, found = settled_in(out), traces_in(out)
    assert {name: expected[name] for name in found} == found
    # One more for each slot may have its place, and not be in the journal yet.
    assert settled <= len(found)
    return settled


def check_finished(out: Path, expected: Traces) -> None:
    """A campaign came to its end: each cell was done once, as by an undisturbed one, and nothing is left."""
    status = read_status(out)
    assert (status.cells, status.ok, status.pending) == (len(expected), len(expected), 0)
    assert sum(session.settled for session in status.sessions) == len(expected)
    assert traces_in(out) == expected
    names = [path.name for path in out.rglob("*")]
    assert [name for name in names if name.endswith(LEFTOVERS)] == []
    assert not (out / "work").exists() or [*(out / "work").iterdir()] == []
    _check_own_trace(out / "campaign.mpk", len(expected))


def _check_own_trace(path: Path, cells: int) -> None:
    """The limits were kept, no slot is left in use, and each order has succeeded once."""
    verdict = verify_trace(path)
    violated = [(item.id, item.violations[0]) for item in verdict.invariants if item.violated]
    assert (verdict.verdict, violated) == (Verdict.OK, [])
    ids: dict[int, str] = {}
    successes: Counter[str] = Counter()
    for event in _events(path):
        if event.kind == "ENQUEUE":
            ids[event.fields["order"]] = event.fields["id"]
        elif event.kind == "COMPLETE" or event.fields.get("state") == "COMPLETED":
            successes[ids[event.fields["order"]]] += 1
    assert (len(ids), len(successes), set(successes.values())) == (cells, cells, {1})
    with TraceReader(path) as reader:
        last = reader.chunk(len(reader.index.chunks) - 1).snapshots[-1].state
    assert (last["slots"], last["orders"]) == ([], [])


def _events(path: Path) -> Iterator[Event]:
    with TraceReader(path) as reader:
        for number in range(len(reader.index.chunks)):
            yield from events_of(reader.chunk(number), reader.header.vocabulary)
