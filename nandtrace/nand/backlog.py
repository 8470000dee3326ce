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
            if die.backlog and not die.is_suspended and die.number not in served:
                self._push(die, Due.BACKLOG_REFILL, model.clock_ns)

    def serve(self, die: Die) -> None:
        """Try the first op; give it up after `backlog_tries`; come back while any are left."""
        if not die.backlog or die.is_suspended:
            return
        policies, waiting = self._model.policies, die.backlog[0]
        waiting.tries += 1
        if not self._proposer.retry(die, waiting) and waiting.tries >= policies.backlog_tries:
            self._proposer.leave_backlog(die, waiting)
        if die.backlog:
            self._push(die, Due.BACKLOG_RETRY, self._model.clock_ns + policies.backlog_retry_ns)

    def _push(self, die: Die, due: Due, time_ns: int) -> None:
        self._model.queue.push(time_ns, due, (die.number, die.backlog[0].plane, None, None))
