"""The checker of a live recording: it asks another process, and says when a run was violated."""

from __future__ import annotations

from nandtrace.check.verdict import TraceVerdict
from nandtrace.graph import InputPort, Message, Node, OutputPort, control
from nandtrace.live.follower import Follower, Judgement
from nandtrace.live.messages import StopRecording, Written
from nandtrace.vocab.graph import ErrorPolicy

POLL_INTERVAL_MS = 5.0


class Checker(Node):
    """Passes on how far the trace is written, and looks now and then what was found.

    With `fail_fast` the first violated run stops the source. `verdict` is there once the trace is complete
    and judged, or nobody is left to judge it.
    """

    inputs = (InputPort("written", Written),)
    outputs = (OutputPort("control", StopRecording), OutputPort("judged", Judgement))
    desired_tick_interval_ms = POLL_INTERVAL_MS
    on_error = ErrorPolicy.STOP

    def __init__(self, name: str, follower: Follower, *, fail_fast: bool) -> None:
        super().__init__(name)
        self._follower = follower
        self._stops = fail_fast
        self.verdict: TraceVerdict | None = None

    def on_message(self, port: str, message: Message) -> None:  # noqa: ARG002 - there is but one
        written: Written = message.payload
        if written.is_complete:
            self._follower.end()
        else:
            self._follower.tell(written.size_bytes)

    def on_tick(self) -> None:
        for said in self._follower.found():
            if isinstance(said, Judgement):
                self._judged(said)
            else:
                self.verdict = said
                self.end_ticks()

    def _judged(self, judgement: Judgement) -> None:
        self.emit("judged", judgement)
        if judgement.violated and self._stops:
            self._stops = False
            self.emit("control", control(StopRecording()))
