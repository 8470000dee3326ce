"""The backlog: ops that wait until nothing on their die is suspended, first come first served."""

from __future__ import annotations

from nandtrace.nand.model import Model
from nandtrace.nand.proposer import Proposer
from nandtrace.nand.queue import Due
from nandtrace.nand.state import Die


class Backlog:
    """Serves the first op of a die's backlog at its BACKLOG_REFILL, and again at every BACKLOG_RETRY."""

    def __init__(self, model: Model, proposer: Proposer) -> None:
        self._model = model
        self._proposer = proposer

    def begin_run(self) -> None:
        """A backlog outlives its run: queue a refill for every one that none is queued for."""
        model = self._model
        served = {
            entry[3][0]
            for entry in model.queue.entries()
            if entry[1] in (Due.BACKLOG_REFILL, Due.BACKLOG_RETRY)
        }
        for die in model.dies:
            die.backlog_queued = die.number in served
            if not die.is_suspended:
                model.queue_backlog(die, Due.BACKLOG_REFILL, model.clock_ns)

    def serve(self, die: Die) -> None:
        """Try the first op; give it up after `backlog_tries`; come back while any are left."""
        die.backlog_queued = False
        if not die.backlog or die.is_suspended:
            return
        policies, waiting = self._model.policies, die.backlog[0]
        waiting.tries += 1
        if not self._proposer.retry(die, waiting) and waiting.tries >= policies.backlog_tries:
            self._proposer.leave_backlog(die, waiting)
        again_ns = self._model.clock_ns + policies.backlog_retry_ns
        self._model.queue_backlog(die, Due.BACKLOG_RETRY, again_ns)
