"""Handlers that are processes: results, failures, and that nothing is left of those that are told to end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from nandtrace.workorder import (
    Attempt,
    NullLog,
    OrderState,
    Outcome,
    ProcessHandler,
    Scheduler,
    SchedulerConfig,
    WorkOrder,
)
from nandtrace.workorder.processes import KEPT_BYTES, ProcessResult, signal_name
from tests.workorder.orders import Memory

SLEEPER = "import time; print('here', flush=True); time.sleep(1000)"


def _run(
    script: str | list[str],
    body: Callable[[Scheduler], Awaitable[Any]] | None = None,
    *,
    settings: dict[str, Any] | None = None,
    **options: Any,
) -> Outcome:
    """Have one order worked on by a Python script, or a command; returns how it ended."""
    command = [sys.executable, "-I", "-S", "-c", script] if isinstance(script, str) else script
    config = SchedulerConfig(
        slots=1, stagger_s=0, memory_per_slot_mb=0, terminate_grace_s=30, **(settings or {})
    )

    async def main() -> Outcome:
        handler = ProcessHandler(lambda _: command, **options)
        scheduler = Scheduler(config, handler, probe=Memory())
        scheduler.enqueue(WorkOrder("a"))
        scheduler.start()
        if body is not None:
            await body(scheduler)
        outcome = await scheduler.wait("a")
        await scheduler.stop()
        assert handler._children == {}
        return outcome

    return asyncio.run(main())


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


async def _appears(path: Path) -> str:
    """Wait until a process has written a whole line."""
    while not (path.exists() and path.read_text().endswith("\n")):
        await asyncio.sleep(0.005)
    return path.read_text()


def test_the_result_is_what_a_process_wrote() -> None:
    outcome = _run("import sys; print('out'); print('err', file=sys.stderr)")
    assert outcome.state is OrderState.COMPLETED
    assert outcome.result == ProcessResult(0, b"out\n", b"err\n")


def test_another_exit_code_is_a_failure_that_says_what_was_said_last() -> None:
    outcome = _run("import sys; print('no disk', file=sys.stderr); sys.exit(3)")
    assert outcome == Outcome(OrderState.FAILED, 1, error="ProcessFailed: exit code 3: no disk")


def test_a_process_that_is_killed_is_a_failure_by_the_signals_name() -> None:
    outcome = _run("import os; os.kill(os.getpid(), 9)")
    assert outcome.error == "ProcessFailed: killed by SIGKILL"


def test_a_signal_without_a_name_has_its_number() -> None:
    assert (signal_name(15), signal_name(99)) == ("SIGTERM", "signal 99")


def test_a_command_that_is_not_there_is_a_failure() -> None:
    outcome = _run(["/nowhere/at-all"])
    assert outcome.state is OrderState.FAILED
    assert str(outcome.error).startswith("FileNotFoundError: ")


def test_a_process_reads_its_input_and_its_environment() -> None:
    script = (
        "import os, sys; print(sys.stdin.readline().strip(), os.environ['WORD'], len(os.environ))"
    )
    outcome = _run(
        script, input_of=lambda attempt: f"{attempt.order.id}\n".encode(), environment={"WORD": "w"}
    )
    assert isinstance(outcome.result, ProcessResult)
    assert outcome.result.stdout.split()[:2] == [b"a", b"w"]


def test_a_process_need_not_read_its_input() -> None:
    outcome = _run("print('done')", input_of=lambda _: b"x" * 1_000_000)
    assert outcome.state is OrderState.COMPLETED


def test_of_much_output_the_end_is_kept() -> None:
    outcome = _run(f"import sys; sys.stdout.write('a' * 100_000 + 'b' * {KEPT_BYTES})")
    assert isinstance(outcome.result, ProcessResult)
    assert outcome.result.stdout == b"b" * KEPT_BYTES


def test_one_that_is_cancelled_is_terminated_with_all_that_it_started(tmp_path: Path) -> None:
    script = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-I', '-S', '-c', {SLEEPER!r}])\n"
        "import os\n"
        f"with open({str(tmp_path / 'pids')!r}, 'w') as file: print(os.getpid(), child.pid, file=file)\n"
        "time.sleep(1000)\n"
    )
    pids: list[int] = []

    async def body(scheduler: Scheduler) -> None:
        pids.extend(map(int, (await _appears(tmp_path / "pids")).split()))
        scheduler.cancel("a")

    outcome = _run(script, body)
    assert outcome.state is OrderState.CANCELLED
    assert len(pids) == 2
    assert not _is_alive(pids[0])
    _wait_for_the_end_of(pids[1])


def _wait_for_the_end_of(pid: int) -> None:
    """One that was sent SIGKILL is gone soon; it is nobody's child here."""
    for _ in range(2_000):
        if not _is_alive(pid):
            return
        os.sched_yield()
        signal.sigtimedwait([], 0.005)
    raise AssertionError(f"{pid} is alive")


def test_one_that_ignores_its_termination_is_killed(tmp_path: Path) -> None:
    script = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"with open({str(tmp_path / 'pid')!r}, 'w') as file: print(os.getpid(), file=file)\n"
        "time.sleep(1000)\n"
    )
    pids: list[int] = []

    async def body(scheduler: Scheduler) -> None:
        pids.append(int(await _appears(tmp_path / "pid")))
        scheduler.cancel("a")

    assert _run(script, body, kill_after_s=0.05).state is OrderState.CANCELLED
    assert not _is_alive(pids[0])


def test_a_lease_ends_a_process_that_hangs() -> None:
    outcome = _run(SLEEPER, settings={"lease_s": 0.3})
    assert outcome == Outcome(OrderState.FAILED, 1, error="LEASE")


def test_one_cancelled_while_it_is_spawned_leaves_nothing() -> None:
    async def body(scheduler: Scheduler) -> None:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        scheduler.cancel("a")

    assert _run(SLEEPER, body).state is OrderState.CANCELLED


def test_the_input_of_a_process_stays_open_until_it_has_ended() -> None:
    """So that one which reads on learns of the death of the process that started it."""
    script = (
        "import sys, select\n"
        "first = sys.stdin.readline()\n"
        "ready, _, _ = select.select([sys.stdin], [], [], 0.05)\n"
        "print(first.strip(), bool(ready))\n"
    )
    outcome = _run(script, input_of=lambda _: b"go\n")
    assert isinstance(outcome.result, ProcessResult)
    assert outcome.result.stdout == b"go False\n"


def test_where_the_scheduler_breaks_its_processes_end() -> None:
    """The log fails when the process is there and its order becomes ready."""

    class Full(NullLog):
        def ready(self, *_: object) -> None:
            raise OSError(28, "No space left on device")

    handlers: list[ProcessHandler] = []

    async def main() -> None:
        def command(_: Attempt) -> list[str]:
            return [sys.executable, "-I", "-S", "-c", SLEEPER]

        handlers.append(ProcessHandler(command))
        config = SchedulerConfig(stagger_s=0, memory_per_slot_mb=0)
        scheduler = Scheduler(config, handlers[0], probe=Memory(), log=Full())
        scheduler.enqueue(WorkOrder("a"))
        scheduler.start()
        with pytest.raises(OSError, match="No space left"):
            await scheduler.join()
        while handlers[0]._children:
            await asyncio.sleep(0.005)

    asyncio.run(main())


def test_a_process_may_answer_while_it_is_still_being_told() -> None:
    given = b"x" * 4_000_000
    script = (
        "import sys\n"
        "while piece := sys.stdin.buffer.read1(65536):\n"
        "    sys.stdout.buffer.write(piece)\n"
        "    if piece.endswith(b'.'): break\n"
    )
    outcome = _run(script, input_of=lambda _: given + b".")
    assert isinstance(outcome.result, ProcessResult)
    assert outcome.result.stdout == (given + b".")[-KEPT_BYTES:]


def test_one_that_left_its_session_and_keeps_the_pipes_holds_nothing_up(tmp_path: Path) -> None:
    """Neither the result nor, once it is over, a descriptor of this process."""
    told = tmp_path / "pid"
    script = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        f"    os.setsid(); open({str(told)!r}, 'w').write(str(os.getpid()) + chr(10)); time.sleep(60)\n"
    )

    async def away(_: Scheduler) -> None:
        await _appears(told)

    before = len(list(Path("/proc/self/fd").iterdir()))
    outcome = _run(script, away, kill_after_s=0.1)
    assert outcome.state is OrderState.COMPLETED
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    os.kill(int(told.read_text()), signal.SIGKILL)
