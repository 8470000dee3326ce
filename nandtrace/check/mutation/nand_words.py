"""Words that the vocabulary of NAND traces does not have."""

from __future__ import annotations

from random import Random

from nandtrace.check.mutation.nand_families import Say, saying
from nandtrace.check.mutation.nand_scene import Scene
from nandtrace.check.mutation.operators import Operator


def _unknown(name: str) -> Say:
    """A word that there is not, where the event tells one."""

    def say(scene: Scene, place: int, _: Random) -> dict[str, str] | None:
        return None if scene.tape.events[place].get(name) is None else {name: "OTHER"}

    return say


def _wording(operator_id: str, kind: str, column: str, sentence: str) -> Operator:
    return saying(operator_id, "words-known", kind, sentence, _unknown(column))


OUTCOME = _wording("outcome-unknown", "OP_END", "outcome", "An op ends in a way that there is not.")
SOURCE = _wording("source-unknown", "COMMIT", "source", "An op is committed for no known reason.")
HOOK = _wording("hook-unknown", "HOOK", "hook", "A hook is dispatched that there is not.")
AXIS_CUT = _wording("suspend-axis-unknown", "SUSPEND", "axis", "What is suspended is of no axis.")
AXIS_RESUMED = _wording("resume-axis-unknown", "RESUME", "axis", "What is resumed is of no axis.")
REASON = _wording(
    "cancel-reason-unknown", "CANCEL", "reason", "An event is withdrawn for no reason."
)
EVENT = _wording("cancel-event-unknown", "CANCEL", "event", "What is withdrawn is no event.")
RESUMED_BY = _wording(
    "resume-source-unknown", "RESUME", "source", "Nobody knows who resumes an op."
)
STAGE = _wording("stage-unknown", "BOOTSTRAP", "stage", "The bootstrap is in a stage of no name.")
END = _wording("end-unknown", "RUN_END", "end", "A run ends in a way that there is not.")
STOP = _wording("stop-unknown", "RUN_END", "stop", "A run stops for a reason that there is not.")
