"""Where a scheduler writes what it does: a recorder, a program's own hooks, or nowhere.

A scheduler has one log of its domain, and calls a hook of it for each event:

    class GraphLog(EventLog):                  # of one domain: its hooks, by name
        vocabulary = GRAPH
        start: Row
        turn: Row
        ...

    class NullLog(SilentLog, GraphLog): ...    # keeps nothing
    class TraceLog(RecordingLog, GraphLog): ...  # writes a trace
    class BothLogs(TwinLog, GraphLog): ...     # gives two logs the same

    log.turn(1_000, log.code("a"), 1)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Protocol

from nandtrace.vocab import RUN_BRACKETS, ColumnType, Vocabulary

Row = Callable[..., None]
"""Takes one event: the time, ns, then the values of its columns in order, names by code, NULL for none."""

TakeState = Callable[[], dict[str, Any]]
"""Takes a snapshot, if anybody wants it."""


def rows_of(vocabulary: Vocabulary) -> dict[str, str]:
    """The hook of each kind of event but the brackets of runs: `TICKS_END` has `ticks_end`."""
    return {
        kind.name: kind.name.lower() for kind in vocabulary.kinds if kind.name not in RUN_BRACKETS
    }


class EventLog(ABC):
    """One hook for each kind of event of a vocabulary, the code of each name, and the brackets of runs.

    What a hook is given instead of a name is what `code` makes of it: a hook that wants names has `str`.
    A subclass of a domain has the vocabulary and names its hooks (`rows_of`). Hooks are plain attributes,
    for they are called millions of times.
    """

    vocabulary: ClassVar[Vocabulary]
    code: Callable[[str], Any]

    @abstractmethod
    def begin_run(self, time_ns: int, state: TakeState) -> None:
        """A run, a stretch of the log, begins in this state."""

    @abstractmethod
    def end_run(self, time_ns: int, end: str, state: TakeState) -> None:
        """The run is over; `end` is a word of the domain's RunEnd."""

    @abstractmethod
    def wants_checkpoint(self) -> bool:
        """Asked now and then, between decisions: a good moment to write out; whether to begin a new run."""


class SilentLog(EventLog):
    """Keeps nothing. A program's own hooks derive from a domain's and replace what they want."""

    code = staticmethod(str)

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name in rows_of(cls.vocabulary).values():
            # Of the class, so that a method of a derived one takes its place.
            if not hasattr(cls, name):
                setattr(cls, name, staticmethod(_nothing))

    def begin_run(self, time_ns: int, state: TakeState) -> None:
        """Nothing begins."""

    def end_run(self, time_ns: int, end: str, state: TakeState) -> None:
        """Nothing ends."""

    def wants_checkpoint(self) -> bool:
        return False


class LogRecorder(Protocol):
    """What a recorder of a domain has for a log; snapshots are its domain's."""

    @property
    def events(self) -> int: ...

    @property
    def names(self) -> Mapping[str | None, int]: ...

    def appender(self, kind: str) -> Row: ...

    def breathe(self) -> None: ...

    def begin_run(self, time_ns: int, *, snapshot: Mapping[str, Any]) -> int: ...

    def end_run(self, time_ns: int, end: str, *, snapshot: Mapping[str, Any]) -> None: ...


class RecordingLog(EventLog):
    """Writes every event through a recorder, with a snapshot every `checkpoint_events` events or so."""

    def __init__(self, recorder: LogRecorder, checkpoint_events: int) -> None:
        self._recorder = recorder
        self._checkpoint_events = checkpoint_events
        self._checkpoint_at = recorder.events + checkpoint_events
        for kind, name in rows_of(self.vocabulary).items():
            setattr(self, name, recorder.appender(kind))
        self.code = recorder.names.__getitem__

    def begin_run(self, time_ns: int, state: TakeState) -> None:
        self._recorder.begin_run(time_ns, snapshot=state())

    def end_run(self, time_ns: int, end: str, state: TakeState) -> None:
        self._recorder.end_run(time_ns, end, snapshot=state())
        self._checkpoint_at = self._recorder.events + self._checkpoint_events

    def wants_checkpoint(self) -> bool:
        self._recorder.breathe()
        return self._recorder.events >= self._checkpoint_at


class TwinLog(EventLog):
    """Gives every event to two logs, the first one first, each with its own codes of the names."""

    code = staticmethod(str)

    def __init__(self, first: EventLog, second: EventLog) -> None:
        self._logs = first, second
        for kind, name in rows_of(self.vocabulary).items():
            columns = self.vocabulary.by_name[kind].columns
            named = [at for at, column in enumerate(columns) if column.type is ColumnType.NAME]
            rows = [(getattr(log, name), log.code) for log in self._logs]
            setattr(self, name, partial(_give, rows, named))

    def begin_run(self, time_ns: int, state: TakeState) -> None:
        for log in self._logs:
            log.begin_run(time_ns, state)

    def end_run(self, time_ns: int, end: str, state: TakeState) -> None:
        for log in self._logs:
            log.end_run(time_ns, end, state)

    def wants_checkpoint(self) -> bool:
        wishes = [log.wants_checkpoint() for log in self._logs]
        return any(wishes)


def _nothing(*_: object) -> None:
    """A hook that keeps nothing."""


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
