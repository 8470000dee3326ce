"""nandtrace: record what a scheduler does, completely, and prove from the record whether it was right."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from nandtrace.trace import (
        GraphEdge,
        GraphNode,
        GraphRecorder,
        Recorder,
        Topology,
        TraceReader,
        WorkOrderLimits,
        WorkOrderRecorder,
        recover,
    )
    from nandtrace.vocab import GRAPH, NAND, WORKORDER

__version__ = "0.1.0"

__all__ = [
    "GRAPH",
    "NAND",
    "WORKORDER",
    "GraphEdge",
    "GraphNode",
    "GraphRecorder",
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
    "WorkOrderLimits",
    "WorkOrderRecorder",
    "recover",
]

_LAZY = {
    "GRAPH": "nandtrace.vocab",
    "GraphEdge": "nandtrace.trace",
    "GraphNode": "nandtrace.trace",
    "GraphRecorder": "nandtrace.trace",
    "NAND": "nandtrace.vocab",
    "Recorder": "nandtrace.trace",
    "Topology": "nandtrace.trace",
    "TraceReader": "nandtrace.trace",
    "WORKORDER": "nandtrace.vocab",
    "WorkOrderLimits": "nandtrace.trace",
    "WorkOrderRecorder": "nandtrace.trace",
    "recover": "nandtrace.trace",
}
"""Loaded when first asked for, so that `nandtrace --help` does not wait for NumPy."""


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
