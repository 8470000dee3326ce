"""The log: frames, columns, writer, reader, index, digest, recovery. Knows no scheduler."""

from nandtrace.trace.chunk import CHUNK_EVENTS, Chunk, ChunkError, ListTable, Snapshot, Table
from nandtrace.trace.frames import Damage
from nandtrace.trace.header import Header
from nandtrace.trace.index import ChunkEntry, Gap, Index
from nandtrace.trace.reader import TraceReader
from nandtrace.trace.recorder import Recorder, Topology
from nandtrace.trace.recovery import Recovery, recover
from nandtrace.trace.writer import TraceWriter

__all__ = [
    "CHUNK_EVENTS",
    "Chunk",
    "ChunkEntry",
    "ChunkError",
    "Damage",
    "Gap",
    "Header",
    "Index",
    "ListTable",
    "Recorder",
    "Recovery",
    "Snapshot",
    "Table",
    "Topology",
    "TraceReader",
    "TraceWriter",
    "recover",
]
