"""The log of one process in a scenario."""

from __future__ import annotations

from nandtrace.trace.event_log import TakeState, rows_of
from nandtrace.workorder.log import TraceLog


class ScenarioLog(TraceLog):
    """Writes a trace until it is cut. What its process would still have told then did not happen."""

    is_cut = False

    def cut(self) -> None:
        """The process dies."""
        self.is_cut = True
        self.code = _no_code
        for name in rows_of(self.vocabulary).values():
            setattr(self, name, _nothing)

    def end_run(self, time_ns: int, end: str, state: TakeState) -> None:
        if not self.is_cut:
            super().end_run(time_ns, end, state)

    def wants_checkpoint(self) -> bool:
        return not self.is_cut and super().wants_checkpoint()


def _nothing(*_: object) -> None:
    """An event that nobody hears of."""


def _no_code(_: str) -> int:
    return 0
