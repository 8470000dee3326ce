"""The source of a live recording: the NAND scheduler, a slice of its work each tick."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from nandtrace.graph import InputPort, Message, Node, OutputPort
from nandtrace.live.messages import StopRecording, TraceOver
from nandtrace.nand.job import Job, new_recorder
from nandtrace.nand.recording import JobWork, Progress
from nandtrace.trace.chunk import ChunkColumns
from nandtrace.vocab.graph import ErrorPolicy

STEPS_PER_TICK = 8
"""About ten milliseconds of work: long beside a turn, short beside a person's patience."""

TICK_INTERVAL_MS = 0.05


class Outbox:
    """A recorder's sink that sends its chunks away, and then word that there are no more."""

    def __init__(self, send: Callable[[ChunkColumns | TraceOver], object]) -> None:
        self._send = send
        self.is_open = True

    def take(self, columns: ChunkColumns) -> None:
        """Send a chunk."""
        self._send(columns)

    def close(self) -> None:
        """Say that it was the last one."""
        self.is_open = False
        self._send(TraceOver())

    def leave_partial(self) -> None:
        """Say nothing: the trace must not look complete."""
        self.is_open = False

    discard = leave_partial


class Source(Node):
    """Runs a job, and sends the chunks of its trace, its progress, and counts of ops by base.

    A StopRecording ends it with the run that is open.
    """

    inputs = (InputPort("control", StopRecording, required=False),)
    outputs = (
        OutputPort("chunks", (ChunkColumns, TraceOver)),
        OutputPort("progress", Progress),
        OutputPort("counters", Counter),
    )
    desired_tick_interval_ms = TICK_INTERVAL_MS
    on_error = ErrorPolicy.STOP

    def __init__(self, name: str, path: str, job: Job) -> None:
        super().__init__(name)
        self.recorder = new_recorder(
            path, job, sink=Outbox(lambda message: self.emit("chunks", message))
        )
        self.work = JobWork(job, self.recorder)
        self._steps = self.work.steps()
        self._counted: Counter[str] = Counter()

    def on_tick(self) -> None:
        try:
            is_over = self._work()
        except Exception:
            # What led there must be in the file.
            self.recorder.flush()
            raise
        self._tell()
        if is_over:
            self.recorder.close()
            self.end_ticks()

    def on_message(self, port: str, message: Message) -> None:  # noqa: ARG002 - there is but one
        self.work.stop()

    def _work(self) -> bool:
        """A slice of the work; whether it was the last one."""
        return any(next(self._steps, self) is self for _ in range(STEPS_PER_TICK))

    def _tell(self) -> None:
        """Send how far it is, and what was committed since the last time."""
        self.emit("progress", self.work.progress())
        counts = Counter(self.work.ops_by_base())
        self.emit("counters", counts - self._counted)
        self._counted = counts
