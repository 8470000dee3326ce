"""Live recordings: the NAND scheduler, the trace's file, a checker and a display as nodes of one graph.

The way of an event: the scheduler writes it through the recorder, whose chunks leave the source node as
messages (outbox, source); the writer node puts them into the file (writer) and tells the checker node how
far it is, which hands that to a process of its own (checker, follower). A violated run comes back as a
control message, and the source ends its recording.
"""

from nandtrace.live.recording import LiveResult, record_live

__all__ = ["LiveResult", "record_live"]
