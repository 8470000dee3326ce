"""Orders that are worked on by processes."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from nandtrace.errors import NandtraceError
from nandtrace.workorder.order import Attempt, Handler

KEPT_BYTES = 2**16
_SHOWN = 300


@dataclass(frozen=True, slots=True)
class ProcessResult:
    """How a process ended, and the last 2**16 bytes of what it wrote.

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


class _Child(asyncio.SubprocessProtocol):
    """A process: the end of what it says, whether it has ended, and whether its pipes are closed."""

    transport: asyncio.SubprocessTransport

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.exited: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self._said = {1: bytearray(), 2: bytearray()}

    def tell(self, given: bytes) -> None:
        """Write to its stdin, as far as it cares to read."""
        stdin = self.transport.get_pipe_transport(0)
        assert isinstance(stdin, asyncio.WriteTransport)
        stdin.write(given)

    def result(self) -> ProcessResult:
        """How it ended."""
        returncode = self.transport.get_returncode()
        assert returncode is not None
        return ProcessResult(returncode, bytes(self._said[1]), bytes(self._said[2]))

    def signal_all(self, number: signal.Signals) -> None:
        """Signal it, and those that it started that stayed in its session."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.transport.get_pid(), number)

    # ---- called by asyncio

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        said = self._said[fd]
        said += data
        del said[:-KEPT_BYTES]

    def process_exited(self) -> None:
        self.exited.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio calls it so
        self.closed.set_result(None)


class ProcessHandler(Handler):
    """Runs a command for each attempt; the attempt succeeds with exit code 0, its result is a ProcessResult.

    `command_of` gives the command, `input_of` what it finds on its stdin, which then stays open until the
    process has ended: one that reads on learns when this process dies. Told to end, a process and all that
    it started get SIGTERM, and `kill_after_s` later SIGKILL; its attempt is over when it has really ended.
    What it leaves running in its session gets SIGKILL too.
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
        self._children: dict[int, _Child] = {}
        """By the identity of the attempt: other schedulers count theirs alike."""

    async def prepare(self, attempt: Attempt) -> None:
        await _to_its_end(self._start(attempt))

    async def _start(self, attempt: Attempt) -> None:
        # A session of its own: an interrupt from the terminal is this program's to handle.
        transport, child = await asyncio.get_running_loop().subprocess_exec(
            _Child,
            *self._command_of(attempt),
            env=self._environment,
            start_new_session=True,
        )
        child.transport = transport
        self._children[id(attempt)] = child

    async def run(self, attempt: Attempt) -> ProcessResult:
        child = self._children[id(attempt)]
        child.tell(self._input_of(attempt))
        await asyncio.shield(child.exited)
        # What it left running may hold its pipes open.
        child.signal_all(signal.SIGKILL)
        await self._wait(child.closed)
        result = child.result()
        if result.returncode != 0:
            raise ProcessFailed(result)
        return result

    async def close(self, attempt: Attempt) -> None:
        child = self._children.pop(id(attempt), None)
        if child is not None:
            await _to_its_end(self._end(child))

    async def _end(self, child: _Child) -> None:
        try:
            if not child.exited.done():
                child.signal_all(signal.SIGTERM)
                await self._wait(child.exited)
        finally:
            child.signal_all(signal.SIGKILL)
            try:
                await asyncio.shield(child.exited)
            finally:
                child.transport.close()

    async def _wait(self, future: asyncio.Future[None]) -> None:
        """Wait for a while."""
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(future), self._kill_after_s)


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Await what is not to be left half done, a process that begins or ends; be cancelled afterwards."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        task.result()
        return
    if not task.cancelled():
        # Not looked at, it would be complained of.
        task.exception()
    raise cancelled
