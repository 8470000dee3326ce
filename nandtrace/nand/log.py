"""Where the scheduler writes its events: a recorder, or nowhere."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from nandtrace.trace.recorder import Recorder
from nandtrace.vocab.nand import RunEnd, RunStop

Row = Callable[..., None]
"""Appends one event: the time, of a kind with a list its items, then the values of its columns."""

TakeState = Callable[[], Mapping[str, Any]]
"""Takes a snapshot, if anybody wants it."""


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What a run did with what was queued, why it stopped, and how many hooks and ops it had."""

    end: RunEnd
    stop: RunStop
    hooks: int
    ops: int


class EventLog(ABC):
    """One row appender per kind of event, the code of each name, and the brackets of runs.

    Of op_start and op_end only the first columns are given: `seg`; `seg`, `outcome`, `drained`.
    """

    hook: Row
    propose: Row
    commit: Row
    op_start: Row
    op_end: Row
    state: Row
    suspend: Row
    resume: Row
    cancel: Row
    apply_erase: Row
    apply_pgm: Row
    latch: Row
    cache: Row
    odt: Row
    backlog: Row
    bootstrap: Row
    drain_begin: Row
    drain_end: Row
    code: Callable[[str], int]

    @abstractmethod
    def begin_run(self, time_ns: int, run_until_ns: int, state: TakeState) -> None:
        """A run begins in this state."""

    @abstractmethod
    def end_run(self, time_ns: int, outcome: RunOutcome, state: TakeState) -> None:
        """The run is over."""

    @abstractmethod
    def breathe(self) -> None:
        """A good moment to write out what is pending."""


_ROWS = (
    *("hook", "propose", "commit", "op_start", "op_end", "state", "suspend", "resume", "cancel"),
    *("apply_erase", "apply_pgm", "latch", "cache", "odt", "backlog", "bootstrap"),
    *("drain_begin", "drain_end"),
)
_COLUMNS = {"op_start": 1, "op_end": 3}
"""Of kinds that could repeat what their segment's COMMIT says: how many columns are written, no list."""


class TraceLog(EventLog):
    """Writes every event through a Recorder, by its row appenders."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        for name in _ROWS:
            columns = _COLUMNS.get(name)
            row = recorder.appender(name.upper(), columns, lists=columns is None)
            setattr(self, name, row)
        self.code = recorder.names.__getitem__

    def begin_run(self, time_ns: int, run_until_ns: int, state: TakeState) -> None:
        self._recorder.begin_run(time_ns, run_until_ns=run_until_ns, snapshot=state())

    def end_run(self, time_ns: int, outcome: RunOutcome, state: TakeState) -> None:
        self._recorder.end_run(time_ns, snapshot=state(), **asdict(outcome))

    def breathe(self) -> None:
        self._recorder.breathe()


class NullLog(EventLog):
    """Keeps nothing: to run a scheduler without a trace."""

    def __init__(self) -> None:
        for name in _ROWS:
            setattr(self, name, _nothing)
        self.code = len

    def begin_run(self, time_ns: int, run_until_ns: int, state: TakeState) -> None:
        """Nothing begins."""

    def end_run(self, time_ns: int, outcome: RunOutcome, state: TakeState) -> None:
        """Nothing ends."""

    def breathe(self) -> None:
        """Nothing is pending."""


def _nothing(*_: object) -> None:
    return None
