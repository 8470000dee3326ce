"""Orders that are worked on by processes."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from nandtrace.errors import NandtraceError
from nandtrace.workorder.order import Attempt, Handler

KEPT_BYTES = 2**20
_READ_BYTES = 2**16
_SHOWN = 300


@dataclass(frozen=True, slots=True)
class ProcessResult:
    """How a process ended, and the last 2**20 bytes of what it wrote.

    A negative `returncode` is the signal that killed it.
    """

    returncode: int
    stdout: bytes
    stderr: bytes


class ProcessFailed(NandtraceError):  # noqa: N818 - what happened, to a process
    """A process ended with another code than 0."""

    def __init__(self, result: ProcessResult) -> None:
        self.result = result
        code = result.returncode
        how = f"killed by {signal_name(-code)}" if code < 0 else f"exit code {code}"
        said = result.stderr.decode(errors="replace").strip()[-_SHOWN:]
        super().__init__(f"{how}: {said}" if said else how)


def signal_name(number: int) -> str:
    """SIGKILL for 9."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class ProcessHandler(Handler):
    """Runs a command for each attempt; the attempt succeeds with exit code 0, its result is a ProcessResult.

    `command_of` gives the command, `input_of` what it finds on its stdin, which then stays open until the
    process has ended: one that reads on learns when this process dies. Told to end, a process and all that
    it started get SIGTERM, and `kill_after_s` later SIGKILL; its attempt is over when it has really ended.
    """

    def __init__(
        self,
        command_of: Callable[[Attempt], Sequence[str | os.PathLike[str]]],
        *,
        input_of: Callable[[Attempt], bytes] | None = None,
        environment: Mapping[str, str] | None = None,
        kill_after_s: float = 2.0,
    ) -> None:
        self._command_of = command_of
        self._input_of = input_of or (lambda _: b"")
        self._environment = environment
        self._kill_after_s = kill_after_s
        self._processes: dict[Attempt, Process] = {}

    async def prepare(self, attempt: Attempt) -> None:
        # A session of its own: an interrupt from the terminal is this program's to handle.
        self._processes[attempt] = await asyncio.create_subprocess_exec(
            *self._command_of(attempt),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=self._environment,
            start_new_session=True,
        )

    async def run(self, attempt: Attempt) -> ProcessResult:
        result = await _result_of(self._processes[attempt], self._input_of(attempt))
        if result.returncode != 0:
            raise ProcessFailed(result)
        return result

    async def close(self, attempt: Attempt) -> None:
        process = self._processes.pop(attempt, None)
        if process is None:
            return
        try:
            if process.returncode is None:
                _signal_all(process, signal.SIGTERM)
                with suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), self._kill_after_s)
        finally:
            _signal_all(process, signal.SIGKILL)
        await process.wait()
        assert process.stdin is not None
        process.stdin.close()


async def _result_of(process: Process, given: bytes) -> ProcessResult:
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    with suppress(ConnectionError):
        # It may not care to read.
        process.stdin.write(given)
        await process.stdin.drain()
    stdout, stderr = await asyncio.gather(_tail(process.stdout), _tail(process.stderr))
    return ProcessResult(await process.wait(), stdout, stderr)


async def _tail(stream: asyncio.StreamReader) -> bytes:
    """Read to the end, and keep the last KEPT_BYTES."""
    kept = bytearray()
    while piece := await stream.read(_READ_BYTES):
        kept += piece
        del kept[:-KEPT_BYTES]
    return bytes(kept)


def _signal_all(process: Process, number: signal.Signals) -> None:
    """Signal a process and those it started that stayed in its session."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
