"""Of every kind of event: one is missing, or one comes twice.

A PROPOSE is missing here: which attempts there were, nobody but a replay can know. So is a second LATCH,
CACHE or ODT, which leaves on what is on.
"""

from __future__ import annotations

from nandtrace.check.mutation.nand_families import doubling, dropping
from nandtrace.check.mutation.nand_scene import Life, Scene
from nandtrace.vocab.nand import CancelReason


def _life(scene: Scene, place: int) -> Life:
    return scene.lives[scene.tape.events[place].fields["seg"]]


def _starts_in_its_run(scene: Scene, place: int) -> bool:
    """Whether the segment of a COMMIT starts in its run: the next one takes over what a snapshot names."""
    run = scene.run_of(place)
    return any(start in run for start in _life(scene, place).starts)


def _was_withdrawn(scene: Scene, place: int) -> bool:
    """Whether the segment of an OP_END has a CANCEL of its OP_END too."""
    return bool(_life(scene, place).cancels)


def _is_resumed_in_its_run(scene: Scene, place: int) -> bool:
    event = scene.tape.events[place]
    run = scene.run_of(place)
    for later in range(place + 1, run.stop):
        other = scene.tape.events[later]
        if other.kind == "RESUME" and other.get("op") == event.get("op"):
            return True
        if other.kind == "SUSPEND" and other.get("op") == event.get("op"):
            return False
    return False


def _by_a_suspend(scene: Scene, place: int) -> bool:
    return bool(scene.tape.events[place].get("reason") == CancelReason.SUSPEND)


def _of_what_waited(scene: Scene, place: int) -> bool:
    """A CANCEL by a reset, of a segment that had not started."""
    event = scene.tape.events[place]
    return event.get("reason") == CancelReason.RESET and not _life(scene, place).starts


def _is_whole(scene: Scene, place: int) -> bool:
    return not scene.tape.events[place].get("aborted")


def _is_aborted(scene: Scene, place: int) -> bool:
    return not _is_whole(scene, place)


def _comes_on(scene: Scene, place: int) -> bool:
    return bool(scene.tape.events[place].get("on"))


def _leaves(scene: Scene, place: int) -> bool:
    return not _comes_on(scene, place)


def _leaves_for_a_commit(scene: Scene, place: int) -> bool:
    event = scene.tape.events[place + 1]
    return _leaves(scene, place) and event.kind == "COMMIT" and event.get("source") == "BACKLOG"


def _is_last_of_its_run(scene: Scene, place: int) -> bool:
    """What follows in the run is no event of the kind: a stage may be left out."""
    run = scene.run_of(place)
    kind = scene.tape.events[place].kind
    return all(event.kind != kind for event in scene.tape.events[place + 1 : run.stop])


def _is_last_state(scene: Scene, place: int) -> bool:
    """Whether it is the last of several, and was entered in its run before anything ended its segment."""
    life, run = _life(scene, place), scene.run_of(place)
    if len(life.states) < 2 or life.states[-1] != place:
        return False
    entry_ns = scene.tape.events[life.states[-2]].fields["until_ns"]
    over = [at for at in life.ends if at in run] or [run.stop - 1]
    return bool(entry_ns < scene.times[over[0]])


HOOK_DROPPED = dropping("hook-dropped", "run-counts", "HOOK", "A hook is missing.")
HOOK_DOUBLED = doubling("hook-doubled", "run-counts", "HOOK", "A hook is dispatched twice.")
COMMIT_DROPPED = dropping(
    "commit-dropped", "refs-resolve", "COMMIT", "A segment was never committed.", _starts_in_its_run
)
COMMIT_DOUBLED = doubling(
    "commit-doubled", "refs-resolve", "COMMIT", "A segment is committed twice."
)
OP_START_DROPPED = dropping(
    "op-start-dropped", "one-op-start-per-segment", "OP_START", "An OP_START is missing."
)
OP_START_DOUBLED = doubling(
    "op-start-doubled", "one-op-start-per-segment", "OP_START", "An OP_START comes twice."
)
OP_END_DROPPED = dropping(
    "op-end-dropped",
    "one-op-end-per-segment",
    "OP_END",
    "An OP_END is missing.",
    lambda scene, place: not _was_withdrawn(scene, place),
)
OP_END_DOUBLED = doubling(
    "op-end-doubled", "one-op-end-per-segment", "OP_END", "An OP_END comes twice."
)
STATE_DROPPED = dropping(
    "state-dropped", "states-as-specified", "STATE", "The last state of an op is missing.",
    _is_last_state,
)  # fmt: skip
STATE_DOUBLED = doubling(
    "state-doubled", "states-as-specified", "STATE", "A state of an op comes twice."
)
SUSPEND_DROPPED = dropping(
    "suspend-dropped",
    "resume-has-target",
    "SUSPEND",
    "A SUSPEND is missing, and its RESUME is not.",
    _is_resumed_in_its_run,
)
SUSPEND_DOUBLED = doubling(
    "suspend-doubled", "suspend-has-target", "SUSPEND", "An op is suspended twice at once."
)
RESUME_DROPPED = dropping(
    "resume-dropped", "segment-chain", "RESUME", "An op goes on without a RESUME."
)
RESUME_DOUBLED = doubling(
    "resume-doubled", "resume-has-target", "RESUME", "An op is resumed twice at once."
)
CANCEL_DROPPED = dropping(
    "cancel-dropped",
    "one-op-end-per-segment",
    "CANCEL",
    "A suspend leaves the OP_END of what it cuts in the queue.",
    _by_a_suspend,
)
CANCEL_BY_RESET_DROPPED = dropping(
    "cancel-by-reset-dropped",
    "reset-ends-all",
    "CANCEL",
    "A reset leaves in the queue what waited.",
    _of_what_waited,
)
CANCEL_DOUBLED = doubling(
    "cancel-doubled", "one-op-end-per-segment", "CANCEL", "A queued event is withdrawn twice.",
    lambda scene, place: scene.tape.events[place].get("event") == "OP_END",
)  # fmt: skip
APPLY_PGM_DROPPED = dropping(
    "apply-pgm-dropped", "apply-pgm-matched", "APPLY_PGM", "A program does not count.", _is_whole
)
APPLY_PGM_DOUBLED = doubling(
    "apply-pgm-doubled", "apply-pgm-matched", "APPLY_PGM", "A program counts twice."
)
APPLY_ERASE_DROPPED = dropping(
    "apply-erase-dropped", "apply-erase-matched", "APPLY_ERASE", "An erase does not count.",
    _is_whole,
)  # fmt: skip
APPLY_ERASE_DOUBLED = doubling(
    "apply-erase-doubled", "apply-erase-matched", "APPLY_ERASE", "An erase counts twice."
)
ABORTED_PGM_DROPPED = dropping(
    "aborted-pgm-dropped",
    "reset-ends-all",
    "APPLY_PGM",
    "A reset does not count the page that it spoils.",
    _is_aborted,
)
ABORTED_ERASE_DROPPED = dropping(
    "aborted-erase-dropped",
    "reset-ends-all",
    "APPLY_ERASE",
    "A reset does not count the block that it spoils.",
    _is_aborted,
)
LATCH_DROPPED = dropping(
    "latch-dropped", "marks-follow-ops", "LATCH", "A latch is not filled or not freed."
)
CACHE_DROPPED = dropping(
    "cache-dropped", "marks-follow-ops", "CACHE", "A cache state is not entered or not left."
)
ODT_DROPPED = dropping(
    "odt-dropped", "marks-follow-ops", "ODT", "The termination is not set as an op sets it."
)
BACKLOG_ENTRY_DROPPED = dropping(
    "backlog-entry-dropped",
    "run-counts",
    "BACKLOG",
    "An op comes into the backlog untold.",
    _comes_on,
)
BACKLOG_ENTRY_DOUBLED = doubling(
    "backlog-entry-doubled",
    "run-counts",
    "BACKLOG",
    "An op comes into the backlog twice.",
    _comes_on,
)
BACKLOG_EXIT_DROPPED = dropping(
    "backlog-exit-dropped",
    "backlog-fifo",
    "BACKLOG",
    "An op from the backlog is committed while it waits there.",
    _leaves_for_a_commit,
)
BACKLOG_EXIT_DOUBLED = doubling(
    "backlog-exit-doubled", "backlog-fifo", "BACKLOG", "An op leaves the backlog twice.", _leaves
)
BOOTSTRAP_DROPPED = dropping(
    "bootstrap-dropped",
    "bootstrap-preserved",
    "BOOTSTRAP",
    "The bootstrap is in another stage untold.",
    _is_last_of_its_run,
)
BOOTSTRAP_DOUBLED = doubling(
    "bootstrap-doubled",
    "bootstrap-preserved",
    "BOOTSTRAP",
    "The bootstrap enters a stage in which it is.",
)
DRAIN_BEGIN_DROPPED = dropping(
    "drain-begin-dropped", "drain-clock", "DRAIN_BEGIN", "A drain ends that never began."
)
DRAIN_BEGIN_DOUBLED = doubling(
    "drain-begin-doubled", "drain-clock", "DRAIN_BEGIN", "A run is drained twice."
)
DRAIN_END_DROPPED = dropping("drain-end-dropped", "drain-clock", "DRAIN_END", "A drain never ends.")
DRAIN_END_DOUBLED = doubling("drain-end-doubled", "drain-clock", "DRAIN_END", "A drain ends twice.")
