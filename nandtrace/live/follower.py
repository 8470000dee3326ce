"""A process that verifies a trace while it is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

from nandtrace.check.verdict import TraceVerdict
from nandtrace.check.verify import follow_trace
from nandtrace.errors import StorageError
from nandtrace.pool import start_process

_DIED = "the process that verified it was killed, perhaps for lack of memory"
_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found so far: runs judged, and the violated invariants with their counts."""

    runs: int
    violated: dict[str, int]


class Follower:
    """The parent's end: say how far the trace is written, and ask what was found."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._here, there = Pipe()
            self._process = start_process(_follow, there, str(path))
        except OSError as error:
            raise StorageError(f"{path}: no process to verify it", error) from error
        there.close()
        self._is_over = False

    @property
    def pid(self) -> int | None:
        """The id of the process."""
        return self._process.pid

    def tell(self, size_bytes: int) -> None:
        """The file is written up to there."""
        self._send(size_bytes)

    def end(self) -> None:
        """The file is complete."""
        self._send(None)

    def _send(self, size_bytes: int | None) -> None:
        try:
            self._here.send(size_bytes)
        except OSError:
            # The process is gone: `found` says so.
            return

    def found(self) -> Iterator[Judgement | TraceVerdict]:
        """What the process said since the last time; the verdict is the last it says, even if it died."""
        while not self._is_over and self._here.poll():
            try:
                said: Judgement | TraceVerdict = self._here.recv()
            except (EOFError, OSError):
                said = TraceVerdict(str(self._path), error=f"{self._path}: {_DIED}")
            self._is_over = isinstance(said, TraceVerdict)
            yield said

    def close(self) -> None:
        """End the process: what it had to say it has said, or nobody waits for it."""
        self._process.terminate()
        self._process.join(_PATIENCE_S)
        if self._process.is_alive():
            self._process.kill()
        self._here.close()


def _follow(connection: Connection, path: str) -> None:
    """The process: judges what is written, run by run, and says the verdict last."""

    def sizes() -> Iterator[int]:
        while (size_bytes := connection.recv()) is not None:
            yield size_bytes

    def told(verdict: TraceVerdict) -> None:
        violated = {item.id: item.violated for item in verdict.invariants if item.violated}
        connection.send(Judgement(verdict.runs, violated))

    try:
        connection.send(follow_trace(path, sizes(), told))
    except (EOFError, OSError):
        # Nobody listens any more.
        return
