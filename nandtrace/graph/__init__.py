"""The cooperative scheduler for dataflow graphs. docs/graph-model.md has its rules.

The way of a message: a node's callback emits it, the exchange puts it on the edges of the port (exchange),
its target becomes ready in a band (bands), the engine gives the target a turn (engine, turns), the message
is taken off its edge and delivered. Before that, wiring (subgraph, ports, node) becomes a plan (plan) and
the plan a running graph (running, state). Whatever happens goes to a log (log), which may be a trace.
"""

from nandtrace.errors import GraphError
from nandtrace.graph.clock import Clock, RealClock, VirtualClock
from nandtrace.graph.config import SchedulerConfig
from nandtrace.graph.failures import NodeError
from nandtrace.graph.log import GraphLog, NullLog
from nandtrace.graph.message import Message, control
from nandtrace.graph.node import Node
from nandtrace.graph.ports import InputPort, OutputPort
from nandtrace.graph.recording import GraphSummary, record_graph, recorded
from nandtrace.graph.report import Leftover, RunReport
from nandtrace.graph.scheduler import Scheduler
from nandtrace.graph.subgraph import Subgraph
from nandtrace.vocab.graph import Band, ErrorPolicy, MessageType, Policy, PutResult

__all__ = [
    "Band",
    "Clock",
    "ErrorPolicy",
    "GraphError",
    "GraphLog",
    "GraphSummary",
    "InputPort",
    "Leftover",
    "Message",
    "MessageType",
    "Node",
    "NodeError",
    "NullLog",
    "OutputPort",
    "Policy",
    "PutResult",
    "RealClock",
    "RunReport",
    "Scheduler",
    "SchedulerConfig",
    "Subgraph",
    "VirtualClock",
    "control",
    "record_graph",
    "recorded",
]
