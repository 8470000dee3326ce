"""MODE and HANDLER: the life of the scheduler, and its stop."""

from __future__ import annotations

from nandtrace.check.ledger import number
from nandtrace.check.workorder.course import RUN_END
from nandtrace.check.workorder.pump import NEVER
from nandtrace.check.workorder.scene import Scene
from nandtrace.vocab import NULL
from nandtrace.vocab.workorder import Mode, RunEnd

ModeRow = tuple[Mode | None, int]
"""Mode, end of the grace."""

_RULE = "no-claim-when-stopped"
_NEW, _RUNNING, _PAUSED, _STOPPING, _STOPPED = (
    Mode.NEW,
    Mode.RUNNING,
    Mode.PAUSED,
    Mode.STOPPING,
    Mode.STOPPED,
)
_NEXT: dict[Mode, tuple[Mode, ...]] = {
    _NEW: (_RUNNING, _STOPPING),
    _RUNNING: (_PAUSED, _STOPPING),
    _PAUSED: (_RUNNING, _STOPPING),
    _STOPPING: (_STOPPED,),
    _STOPPED: (),
}


class Modes:
    """Judges the changes of mode."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._state = scene.state
        self._course = scene.course
        self._ledger = scene.ledger

    def begin(self, time_ns: int) -> None:
        """A run begins: what a stop has still to do."""
        course, grace_ns = self._course, self._course.grace_ends_ns
        if self._state.mode is not _STOPPING:
            return
        if grace_ns is not None and grace_ns >= time_ns:
            course.stop_due_ns = grace_ns
        if not self._state.active:
            course.stopped_due_ns = time_ns

    def mode(self, at: int, time_ns: int, row: ModeRow) -> None:
        said, until_ns = row
        state, before = self._state, self._state.mode
        self._course.grace_ends_ns = None
        if said not in _NEXT[before]:
            due = " or ".join(_NEXT[before]) or "no change"
            self._ledger.offend(_RULE, at, f"{due} after {before}", f"{said}")
        if (until_ns == NULL) is (said is _STOPPING) or NULL < until_ns < time_ns:
            due = (
                "an end of the grace, not before now" if said is _STOPPING else "no end of a grace"
            )
            self._ledger.offend(_RULE, at, due, number(until_ns))
        if said is None:
            return
        state.mode = said
        if self._course.started_ns == NEVER and said is not _NEW:
            self._course.started_ns = time_ns
        if said is _RUNNING:
            self._scene.pump.wake(time_ns)
            return
        self._scene.pump.close()
        if said is _STOPPING:
            self._stop(time_ns, None if until_ns == NULL else until_ns)
        elif said is _STOPPED:
            self._finish(at, time_ns)

    def _stop(self, time_ns: int, until_ns: int | None) -> None:
        course = self._course
        course.grace_ends_ns = until_ns
        course.stop_due_ns = NEVER if until_ns is None else until_ns
        course.stopped_due_ns = NEVER if self._state.active else time_ns

    def _finish(self, at: int, time_ns: int) -> None:
        """No order is active any more, and nothing but the end of the run follows."""
        active = len(self._state.active)
        if active and self._state.is_sure:
            first = next(iter(self._state.active))
            none = "STOPPED once no order is active"
            self._ledger.offend(_RULE, at, none, f"{active} are", order=first)
        self._scene.pump.sleep()
        self._course.stop_due_ns = self._course.stopped_due_ns = NEVER
        self._course.owe(RUN_END, time_ns)

    def handler(self, at: int, time_ns: int, row: tuple[int]) -> None:
        if row[0] not in (0, 1):
            self._ledger.offend(_RULE, at, "a handler that is set, or is not", number(row[0]))
        self._state.handler = row[0] == 1
        if self._state.handler:
            self._scene.pump.wake(time_ns)
        else:
            self._scene.pump.close()

    def finish(self, at: int, end: RunEnd | None) -> None:
        """A run ends as STOPPED when the scheduler is, and then only, a crash aside."""
        mode = self._state.mode
        if end is RunEnd.STOPPED and mode is not _STOPPED:
            self._ledger.offend(_RULE, at, "MODE STOPPED before", f"the mode is {mode}")
        elif end is RunEnd.CHECKPOINT and mode is _STOPPED:
            self._ledger.offend(_RULE, at, "the end STOPPED", "CHECKPOINT")
