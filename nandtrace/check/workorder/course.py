"""The course of a run: what must be written next, and what no snapshot holds."""

from __future__ import annotations

from collections import Counter

from nandtrace.check.workorder.pump import NEVER
from nandtrace.vocab import NULL
from nandtrace.vocab.workorder import WORKORDER, RunEnd

NOTHING = -1
"""Nothing is owed."""

RUN_BEGIN, RUN_END, CLAIM, HOLD, RELEASE, PRESSURE, HEALTH, RESTART, RECOVER = (
    WORKORDER.by_name[name].code
    for name in (
        "RUN_BEGIN",
        "RUN_END",
        "CLAIM",
        "HOLD",
        "RELEASE",
        "PRESSURE",
        "HEALTH",
        "RESTART",
        "RECOVER",
    )
)

NEXT_DECISION, ITS_DECISION = HOLD, CLAIM
"""A CLAIM or HOLD that is owed: the one after a CLAIM, the one that a PRESSURE was read for."""


class Course:
    """What lies between two snapshots.

    `owed` is the code of the kind that must come next, at `owed_ns`; for RELEASE with `ended`, the order,
    its slot (None where that is not known) and the deadline of its handler. `may_be_left` says that
    another may come first: any for RELEASE, a decision for HEALTH. HEALTH may stand at the position
    `health_at`, RESTART at `restart_at`, RECOVER at `recover_at`, and the decision at `read_at` was made
    with the reading `told` by the PRESSURE before it; `recovering` are the active orders that
    are still to be recovered. `before` is how the run before ended, `grace_ends_ns` the end of the grace
    that MODE told last. `abandoned` counts the handlers that were, by order and slot, and `started_ns` is
    when the scheduler was, NEVER before; both of this life, and None where the log does not tell. From
    `stop_due_ns` on handlers must be asked to end, from `stopped_due_ns` on the scheduler must be STOPPED.
    """

    def __init__(self) -> None:
        self.ended: tuple[int, int | None, int | None] = (NOTHING, None, None)
        self.before: RunEnd | None = None
        self.grace_ends_ns: int | None = None
        self.abandoned: Counter[tuple[int, int]] | None = None
        self.started_ns: int | None = None
        self.reset()

    def reset(self) -> None:
        """A run begins, after all that an event before it had to do."""
        self.settle()
        self.health_at = self.restart_at = self.recover_at = self.read_at = NOTHING
        self.told = (NULL, NULL)
        self.recovering: list[int] = []
        self.stop_due_ns = self.stopped_due_ns = NEVER

    def restart(self) -> None:
        """A new life begins."""
        self.abandoned, self.started_ns = Counter(), NEVER

    def owe(self, code: int, time_ns: int, *, may_be_left: bool = False) -> None:
        """An event of a kind must come next, and at this time."""
        self.owed, self.owed_ns, self.may_be_left = code, time_ns, may_be_left

    def settle(self) -> None:
        """What was owed was written, or is not owed any more."""
        self.owed, self.owed_ns, self.may_be_left = NOTHING, NEVER, False

    def pass_over(self, at: int) -> None:
        """The event at a position says nothing: what may follow the one before it may still."""
        for name in ("health_at", "restart_at", "recover_at", "read_at"):
            if getattr(self, name) == at:
                setattr(self, name, at + 1)
