"""nandtrace: record what a scheduler does, completely, and prove from the record whether it was right."""

from nandtrace.errors import (
    InputError,
    InternalError,
    LogError,
    NandtraceError,
    RecordError,
    StorageError,
    TraceError,
    UsageError,
)
from nandtrace.trace import Recorder, Topology, TraceReader, recover
from nandtrace.vocab import NAND

__version__ = "0.1.0"

__all__ = [
    "NAND",
    "InputError",
    "InternalError",
    "LogError",
    "NandtraceError",
    "RecordError",
    "Recorder",
    "StorageError",
    "Topology",
    "TraceError",
    "TraceReader",
    "UsageError",
    "recover",
]
