"""The writer of a live recording: chunks in, a file out."""

from __future__ import annotations

from nandtrace.graph import InputPort, Message, Node, OutputPort
from nandtrace.live.messages import TraceOver, Written
from nandtrace.trace.chunk import ChunkColumns
from nandtrace.trace.chunk_file import ChunkFile
from nandtrace.vocab.graph import ErrorPolicy


class Writer(Node):
    """Puts chunks into the trace's file, and says how far it is after each."""

    inputs = (InputPort("chunks", (ChunkColumns, TraceOver)),)
    outputs = (OutputPort("written", Written),)
    on_error = ErrorPolicy.STOP

    def __init__(self, name: str, file: ChunkFile) -> None:
        super().__init__(name)
        self._file = file

    def on_message(self, port: str, message: Message) -> None:  # noqa: ARG002 - there is but one
        if isinstance(message.payload, TraceOver):
            self._file.close()
            self.emit("written", Written(self._file.size_bytes, is_complete=True))
        else:
            self._file.take(message.payload)
            self.emit("written", Written(self._file.size_bytes))
