"""The replay: one pass over the events of a batch, judged as they come.

Each run begins with its own snapshot, so that a verdict does not depend on where batches are cut. What
is wrong is noted, and the replay goes on with what the log says was done: one fault, one offence, as far
as that can be.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

from nandtrace.check.event_batch import EventBatch
from nandtrace.check.event_facts import Boundary
from nandtrace.check.event_rows import UNKNOWN_KIND, Known, kind_codes, numbers, row_sources
from nandtrace.check.ledger import Ledger
from nandtrace.check.workorder.accepting import Accepting
from nandtrace.check.workorder.attempts import Attempts
from nandtrace.check.workorder.checkpoints import Checkpoints
from nandtrace.check.workorder.claiming import Claiming
from nandtrace.check.workorder.ending import Ending
from nandtrace.check.workorder.gates import Gates
from nandtrace.check.workorder.holding import Holding
from nandtrace.check.workorder.lateness import Lateness
from nandtrace.check.workorder.limits import Limits
from nandtrace.check.workorder.modes import Modes
from nandtrace.check.workorder.owing import Owing
from nandtrace.check.workorder.recovering import Recovering
from nandtrace.check.workorder.resources import Resources
from nandtrace.check.workorder.scene import Scene
from nandtrace.vocab.workorder import COLUMN_WORDS, WORKORDER, RunEnd

Handler = Callable[[int, int, Any], None]
"""Takes the position of an event in the batch, its time, and its row: see `row_sources`."""

_UNREAD = frozenset({"error"})
"""Columns that no rule looks into."""


def replay(batch: EventBatch, carry: Boundary, limits: Limits) -> Ledger:
    """Judge a batch of whole runs by every rule of the work-order domain."""
    judging = _Replay(batch, carry, limits)
    if len(batch):
        judging.run()
    return judging.ledger


class _Replay:
    def __init__(self, batch: EventBatch, carry: Boundary, limits: Limits) -> None:
        self._batch = batch
        self._scene = Scene(limits)
        self.ledger = self._scene.ledger
        self._accepting = Accepting(self._scene)
        self._gates = Gates(self._scene)
        self._claiming = Claiming(self._scene, self._gates)
        self._attempts = Attempts(self._scene)
        self._modes = Modes(self._scene)
        self._recovering = Recovering(self._scene)
        self._owing = Owing(self._scene, self._recovering)
        self._checkpoints = Checkpoints(self._scene, batch, carry, self._modes, self._recovering)

    def _by_code(self) -> list[Handler]:
        ending, resources = Ending(self._scene), Resources(self._scene)
        handlers: dict[str, Handler] = {
            "RUN_END": self._run_end,
            "MODE": self._modes.mode,
            "HANDLER": self._modes.handler,
            "ENQUEUE": self._accepting.enqueue,
            "REFUSE": self._accepting.refuse,
            "CLAIM": self._claiming.claim,
            "HOLD": Holding(self._scene, self._gates).hold,
            "READY": self._attempts.ready,
            "COMPLETE": self._attempts.complete,
            "FAIL": self._attempts.fail,
            "RETRY": self._attempts.retry,
            "TERMINATE": ending.terminate,
            "CANCEL": ending.cancel,
            "RELEASE": ending.release,
            "STRAY": ending.stray,
            "PRESSURE": resources.pressure,
            "HEALTH": resources.health,
            "RESTART": self._recovering.restart,
            "RECOVER": self._recovering.recover,
        }
        by_code: list[Handler] = [self._pass_over] * (UNKNOWN_KIND + 1)
        for name, handler in handlers.items():
            by_code[WORKORDER.by_name[name].code] = handler
        return by_code

    def run(self) -> None:
        batch = self._batch
        events = zip(kind_codes(batch, WORKORDER), numbers(batch.time_ns), strict=True)
        sources = row_sources(batch, WORKORDER, _known(batch), _UNREAD)
        nexts = [sources.get(code, sources[UNKNOWN_KIND]) for code in range(UNKNOWN_KIND + 1)]
        # Not kept: they hold on to this object, and so to the batch.
        handlers = self._by_code()
        course, unpaid = self._scene.course, self._owing.unpaid
        advance = Lateness(self._scene, self._owing).advance
        runs = batch.runs
        for row in range(len(runs)):
            self._checkpoints.begin(row)
            self._accepting.reset()
            first, last = int(runs.first[row]), int(runs.last[row])
            now_ns = int(batch.time_ns[first])
            for at, (code, time_ns) in enumerate(islice(events, last - first + 1), first):
                if time_ns != now_ns:
                    advance(at, time_ns)
                    now_ns = time_ns
                if course.owed >= 0 and code != course.owed:
                    unpaid(at, code)
                handlers[code](at, time_ns, nexts[code]())
        self._count_whole()

    def _pass_over(self, at: int, _time_ns: int, _row: object) -> None:
        """An event that says nothing by itself."""
        self._scene.course.pass_over(at)

    def _run_end(self, at: int, _time_ns: int, row: tuple[RunEnd | None]) -> None:
        (end,) = row
        self._owing.finish(at, end)
        self._checkpoints.end(at, end)

    def _count_whole(self) -> None:
        """What is judged of every event of a kind is counted by the kind."""
        count, events = self.ledger.count, self._events
        claims, decisions = events("CLAIM"), events("CLAIM", "HOLD")
        steps = events("CLAIM", "READY", "COMPLETE", "FAIL", "RETRY", "CANCEL", "RECOVER")
        limits, gates = self._scene.limits, self._gates
        gated = claims if limits.memory_gating else 0
        count("transition-legal", steps)
        count("terminal-absorbing", steps + events("TERMINATE", "ENQUEUE"))
        count("conservation", events("ENQUEUE"))
        count("depth-bound", events("ENQUEUE", "REFUSE"))
        count("retry-bound", events("FAIL"))
        retries = self._attempts.failures + events("RETRY")
        count("backoff", events("FAIL", "RETRY"), retries)
        count("slot-bound", claims)
        count("slot-pairing", events("RELEASE", "STRAY"))
        count("slot-iff-active", events("CLAIM", "RELEASE"))
        count("claim-atomic", claims)
        count("no-double-claim", events("CLAIM", "ENQUEUE", "REFUSE"))
        count("stagger", claims, self._claiming.staggered if limits.stagger_ns else 0)
        count("no-critical-claim", claims, gated)
        count("claim-has-memory", claims, gated)
        count("claim-order", decisions, gates.contested)
        count("pressure-edge", gates.readings + events("PRESSURE", "HEALTH"))
        count("no-claim-when-stopped", events("CLAIM", "MODE", "REFUSE"))
        count("work-conserving", decisions)
        leased = claims if limits.lease_ns is not None else 0
        count("lease", leased + events("TERMINATE", "CANCEL"))

    def _events(self, *kinds: str) -> int:
        return sum(len(self._batch.rows(kind)) for kind in kinds)


def _known(batch: EventBatch) -> Known:
    known: dict[str, dict[str, object]] = {
        name: {str(word): word for word in words} for name, words in COLUMN_WORDS.items()
    }
    return known | {"id": {name: name for name in batch.names}}
