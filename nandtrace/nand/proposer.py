"""The proposer: what is tried at a hook, and what comes of it."""

from __future__ import annotations

from nandtrace.nand.decisions import Decision, Refusal
from nandtrace.nand.model import Model
from nandtrace.nand.ops import Op
from nandtrace.nand.planner import Planner
from nandtrace.nand.profile import ScriptStep
from nandtrace.nand.reserving import Reserver
from nandtrace.nand.state import Die, Waiting
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import Source


class Proposer:
    """Tries ops at hooks and commits the first that fits."""

    def __init__(self, model: Model, planner: Planner, reserver: Reserver) -> None:
        self._model = model
        self._planner = planner
        self._reserver = reserver
        self._reasons = {reason: model.log.code(reason.value) for reason in Refusal}

    def propose(self, die: Die, plane: int) -> None:
        """Draw candidates for a plane until one is committed or all tries are used up."""
        model = self._model
        now = model.clock_ns
        key = model.phase_key(die, plane, now)
        on_plane, on_die = model.excluded(die, plane, now)
        room = model.room(die, plane, now)
        choice = model.choices.table(key, on_plane, on_die, room, model.stage)
        if not choice.ops:
            self._tell(key, die, plane, None, Refusal.NO_CANDIDATE)
            return
        draw = model.streams.choice.uniform
        for _ in range(model.policies.max_tries):
            op = choice.draw(draw())
            found = self._planner.decide(die, plane, op, room)
            if self._carry_out(key, die, plane, op, found):
                return

    def propose_step(self, step: ScriptStep) -> None:
        """Try one op of the script, where and when it says."""
        model = self._model
        die, now = model.dies[step.die], model.clock_ns
        op = model.catalogue.by_name[step.op_name]
        on_plane, on_die = model.excluded(die, step.plane, now)
        if op.bit & (on_plane if op.addressed else on_die):
            found: Decision | Refusal = _why_excluded(die, op)
        else:
            room = model.room(die, step.plane, now)
            found = self._planner.decide(die, step.plane, op, room, step)
        self._carry_out(model.phase_key(die, step.plane, now), die, step.plane, op, found)

    def retry(self, die: Die, waiting: Waiting) -> bool:
        """Try an op of the backlog; whether it was committed."""
        model = self._model
        op, plane, now = waiting.op, waiting.plane, model.clock_ns
        on_plane, _ = model.excluded(die, plane, now)
        if op.bit & (on_plane | die.excludes):
            found: Decision | Refusal = Refusal.EXCLUDED
        else:
            found = self._planner.decide(die, plane, op, model.room(die, plane, now))
        key = model.phase_key(die, plane, now)
        return self._carry_out(key, die, plane, op, found, waiting=waiting)

    def _carry_out(
        self,
        key: str,
        die: Die,
        plane: int,
        op: Op,
        found: Decision | Refusal,
        *,
        waiting: Waiting | None = None,
    ) -> bool:
        """Log the proposal and commit what was decided; whether anything came of it."""
        if isinstance(found, Refusal):
            self._tell(key, die, plane, op, found)
            if found is not Refusal.WAITS or waiting is not None:
                return False
            self._wait(die, plane, op)
            return True
        self._tell(key, die, plane, op, None)
        if waiting is not None:
            self.leave_backlog(die, waiting)
            self._reserver.commit_decision(die, found, Source.BACKLOG, waiting.op_id)
        else:
            self._reserver.commit_decision(die, found, self._source())
        return True

    def _source(self) -> Source:
        return Source.BOOTSTRAP if self._model.is_bootstrapping else Source.PROPOSAL

    def _wait(self, die: Die, plane: int, op: Op) -> None:
        """Put an op into the backlog of its die."""
        model = self._model
        waiting = Waiting(model.new_op_id(), op, plane)
        die.backlog.append(waiting)
        model.log.backlog(model.clock_ns, 1, waiting.op_id, op.name_code, die.number)

    def leave_backlog(self, die: Die, waiting: Waiting) -> None:
        """Take the first op out of the backlog of its die."""
        model = self._model
        first = die.backlog.pop(0)
        assert first is waiting, "the backlog is served in order"
        model.log.backlog(model.clock_ns, 0, first.op_id, first.op.name_code, die.number)

    def _tell(self, key: str, die: Die, plane: int, op: Op | None, reason: Refusal | None) -> None:
        log = self._model.log
        log.propose(
            self._model.clock_ns,
            log.code(key),
            die.number,
            plane,
            NULL if op is None else op.name_code,
            NULL if reason is None else self._reasons[reason],
        )


def _why_excluded(die: Die, op: Op) -> Refusal:
    """What keeps an op of the script out."""
    runs = op.suspends is None or die.running[op.suspends] is not None
    waits = op.resumes is None or die.suspended[op.resumes]
    return Refusal.EXCLUDED if runs and waits else Refusal.NO_TARGET
