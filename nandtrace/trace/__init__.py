"""The log: frames, columns, writer, reader, index, digest, recovery. Knows no scheduler."""

from nandtrace.trace.chunk import CHUNK_EVENTS, Chunk, ChunkError, ListTable, Snapshot, Table
from nandtrace.trace.chunk_file import ChunkFile, ChunkSink
from nandtrace.trace.frames import Damage
from nandtrace.trace.graph_recorder import GraphEdge, GraphNode, GraphRecorder
from nandtrace.trace.header import Header
from nandtrace.trace.index import ChunkEntry, Gap, Index
from nandtrace.trace.reader import TraceReader
from nandtrace.trace.recorder import Recorder, Topology
from nandtrace.trace.recovery import Recovery, recover
from nandtrace.trace.workorder_recorder import WorkOrderLimits, WorkOrderRecorder
from nandtrace.trace.writer import TraceWriter

__all__ = [
    "CHUNK_EVENTS",
    "Chunk",
    "ChunkEntry",
    "ChunkError",
    "ChunkFile",
    "ChunkSink",
    "Damage",
    "Gap",
    "GraphEdge",
    "GraphNode",
    "GraphRecorder",
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
    "WorkOrderLimits",
    "WorkOrderRecorder",
    "recover",
]
