"""Where the scheduler writes what it does: a recorder, a program's own hooks, or nowhere."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from nandtrace.trace.graph_recorder import GraphRecorder
from nandtrace.vocab import RUN_BRACKETS, ColumnType
from nandtrace.vocab.graph import GRAPH, RunEnd

Row = Callable[..., None]
"""Takes one event: the time, ns, then the values of its columns (nandtrace.vocab.graph), names by code."""

TakeState = Callable[[], dict[str, Any]]
"""Takes a snapshot, if anybody wants it."""

ROWS = {kind.name: kind.name.lower() for kind in GRAPH.kinds if kind.name not in RUN_BRACKETS}
"""The attribute of each kind of event."""


class GraphLog(ABC):
    """One hook for each kind of event, the code of each name, and the brackets of runs.

    What a hook is given instead of a name is what `code` makes of it: a hook that wants names has `str`.
    Hooks are called in the middle of turns: they must not raise and not use the graph.
    """

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
    code: Callable[[str], Any]

    @abstractmethod
    def begin_run(self, time_ns: int, state: TakeState) -> None:
        """A run, a stretch of the log, begins in this state."""

    @abstractmethod
    def end_run(self, time_ns: int, end: RunEnd, state: TakeState) -> None:
        """The run is over."""

    @abstractmethod
    def wants_checkpoint(self) -> bool:
        """Asked now and then, between turns: a good moment to write out; whether to begin a new run."""


class NullLog(GraphLog):
    """Keeps nothing. A program's own hooks derive from it and replace what they want."""

    code = staticmethod(str)

    def begin_run(self, time_ns: int, state: TakeState) -> None:
        """Nothing begins."""

    def end_run(self, time_ns: int, end: RunEnd, state: TakeState) -> None:
        """Nothing ends."""

    def wants_checkpoint(self) -> bool:
        return False


for _name in ROWS.values():
    # Of the class, so that a method of a derived one takes its place.
    setattr(NullLog, _name, staticmethod(lambda *_: None))


class TraceLog(GraphLog):
    """Writes every event through a recorder, with a snapshot every `checkpoint_events` events or so."""

    def __init__(self, recorder: GraphRecorder, checkpoint_events: int) -> None:
        self._recorder = recorder
        self._checkpoint_events = checkpoint_events
        self._checkpoint_at = checkpoint_events
        for kind, name in ROWS.items():
            setattr(self, name, recorder.appender(kind))
        self.code = recorder.names.__getitem__

    def begin_run(self, time_ns: int, state: TakeState) -> None:
        self._recorder.begin_run(time_ns, snapshot=state())

    def end_run(self, time_ns: int, end: RunEnd, state: TakeState) -> None:
        self._recorder.end_run(time_ns, end=end, snapshot=state())
        self._checkpoint_at = self._recorder.events + self._checkpoint_events

    def wants_checkpoint(self) -> bool:
        self._recorder.breathe()
        return self._recorder.events >= self._checkpoint_at


class BothLogs(GraphLog):
    """Gives every event to two logs, each with its own codes of the names."""

    code = staticmethod(str)

    def __init__(self, first: GraphLog, second: GraphLog) -> None:
        self._logs = first, second
        for kind, name in ROWS.items():
            columns = GRAPH.by_name[kind].columns
            named = [at for at, column in enumerate(columns) if column.type is ColumnType.NAME]
            rows = [(getattr(log, name), log.code) for log in self._logs]
            setattr(self, name, partial(_give, rows, named))

    def begin_run(self, time_ns: int, state: TakeState) -> None:
        for log in self._logs:
            log.begin_run(time_ns, state)

    def end_run(self, time_ns: int, end: RunEnd, state: TakeState) -> None:
        for log in self._logs:
            log.end_run(time_ns, end, state)

    def wants_checkpoint(self) -> bool:
        wishes = [log.wants_checkpoint() for log in self._logs]
        return any(wishes)


def _give(
    rows: Sequence[tuple[Row, Callable[[str], Any]]],
    named: Sequence[int],
    time_ns: int,
    *values: object,
) -> None:
    """Give an event to several rows; `named` are the places of the names among its values."""
    for row, code in rows:
        own = list(values)
        for at in named:
            name = own[at]
            if isinstance(name, str):
                own[at] = code(name)
        row(time_ns, *own)
