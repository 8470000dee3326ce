"""Where the graph scheduler writes what it does: a recorder, a program's own hooks, or nowhere."""

from __future__ import annotations

from nandtrace.trace.event_log import EventLog, RecordingLog, Row, SilentLog, TwinLog, rows_of
from nandtrace.vocab.graph import GRAPH

ROWS = rows_of(GRAPH)
"""The attribute of each kind of event."""


class GraphLog(EventLog):
    """One hook for each kind of event, the code of each name, and the brackets of runs.

    What a hook is given instead of a name is what `code` makes of it: a hook that wants names has `str`.
    Hooks are called in the middle of turns: they must not raise and not use the graph.
    """

    vocabulary = GRAPH

    start: Row
    turn: Row
    tick: Row
    put: Row
    flush: Row
    get: Row
    deliver: Row
    block: Row
    wake: Row
    idle: Row
    mutate: Row
    error: Row
    disable: Row
    ticks_end: Row
    shutdown: Row
    leftover: Row
    stop: Row


class NullLog(SilentLog, GraphLog):
    """Keeps nothing. A program's own hooks derive from it and replace what they want."""


class TraceLog(RecordingLog, GraphLog):
    """Writes every event through a recorder, with a snapshot every `checkpoint_events` events or so."""


class BothLogs(TwinLog, GraphLog):
    """Gives every event to two logs, each with its own codes of the names."""
