"""Of every kind of event: one column of one event says something else.

What is missing here and in the modules beside it, nobody but a replay can judge:

- what was drawn or tried: all of PROPOSE; HOOK.die and .plane of other hooks than refills; COMMIT.source
  among PROPOSAL, BOOTSTRAP and BACKLOG; COMMIT.op, as long as no other op has it; BACKLOG.op_name;
- the name of an op among those that take as long and go through the same states: the header does not tell
  the base of a name;
- RUN_END.end DROPPED or DRAINED, and .stop other than run_until: no header tells what was asked for;
- of the first snapshot of a trace what it begins with, and of the last one what nothing goes on from:
  `next`, `planes`, `bus`, `random`, `metrics`, `hook_places`, `waiting`, `segments`, `suspended`;
- a column that is empty, and a snapshot that is not there: a foreign log may tell less.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from nandtrace.check.mutation.nand_families import Say, saying
from nandtrace.check.mutation.nand_scene import Life, Scene
from nandtrace.vocab.nand import Hook, Outcome, Role, RunEnd, RunStop, Source

Fields = Mapping[str, Any] | None

_UNKNOWN = 1_000_000
"""An id or a number that no small trace has."""

_GRID_NS = 10


def _life(scene: Scene, place: int) -> Life:
    return scene.lives[scene.tape.events[place].fields["seg"]]


def _constant(name: str, value: Any) -> Say:
    """Every event says this instead of anything else."""

    def say(scene: Scene, place: int, _: Random) -> Fields:
        told = scene.tape.events[place].get(name)
        return None if told is None or told == value else {name: value}

    return say


def _more(name: str) -> Say:
    """A number is told too high."""

    def say(scene: Scene, place: int, chance: Random) -> Fields:
        told = scene.tape.events[place].get(name)
        return None if told is None else {name: told + chance.randint(1, 9)}

    return say


def _later(name: str, sign: int = 1) -> Say:
    """A time is told too late, or too early."""

    def say(scene: Scene, place: int, chance: Random) -> Fields:
        told = scene.tape.events[place].get(name)
        return None if told is None else {name: told + sign * _GRID_NS * chance.randint(1, 9)}

    return say


# ---- runs


def _until_long_ago(scene: Scene, place: int, _: Random) -> Fields:
    """A run_until after which much was proposed all the same."""
    run = scene.run_of(place)
    begin = scene.times[place]
    late = {
        scene.times[at]
        for at in run
        if scene.tape.events[at].kind == "PROPOSE" and scene.times[at] > begin
    }
    return {"run_until_ns": begin + _GRID_NS} if len(late) > 1 else None


def _until_far_away(scene: Scene, place: int, _: Random) -> Fields:
    run, period_ns = scene.run_of(place), scene.rules.queue_refill_period_ns
    stop = scene.tape.events[run.stop - 1].get("stop")
    if stop != RunStop.RUN_UNTIL or not period_ns:
        return None
    return {"run_until_ns": scene.tape.events[place].fields["run_until_ns"] + 10 * period_ns}


def _called_drained(scene: Scene, place: int, _: Random) -> Fields:
    """A run that carries something over says that it was drained."""
    event = scene.tape.events[place]
    state = event.snapshot or {}
    queued = [entry for entry in state.get("pending", ()) if entry[1] in ("OP_START", "OP_END")]
    if event.get("end") != RunEnd.CARRIED or not (queued or any(state.get("ongoing", ()))):
        return None
    return {"end": RunEnd.DRAINED.value}


def _another_hook(scene: Scene, place: int, _: Random) -> Fields:
    run = scene.run_of(place)
    refills = [at for at in scene.tape.places("HOOK", hook=Hook.QUEUE_REFILL) if at in run]
    # The last one of a run need not come where the budget of hooks is used up.
    if scene.rules.queue_refill_period_ns is None or place not in refills[:-1]:
        return None
    return {"hook": Hook.PHASE_HOOK.value}


UNTIL_EARLIER = saying(
    "run-until-earlier",
    "nothing-proposed-after-run-until",
    "RUN_BEGIN",
    "A run goes on and decides long after its run_until.",
    _until_long_ago,
)
UNTIL_LATER = saying(
    "run-until-later", "refill-reseeded", "RUN_BEGIN", "A run ends before its run_until.",
    _until_far_away,
)  # fmt: skip
END_CALLED_DRAINED = saying(
    "end-called-drained",
    "no-open-segment-at-run-end",
    "RUN_END",
    "A run that was not drained says that it was.",
    _called_drained,
)
HOOKS_MISCOUNTED = saying(
    "hooks-miscounted", "run-counts", "RUN_END", "A run counts its hooks wrongly.", _more("hooks")
)
OPS_MISCOUNTED = saying(
    "ops-miscounted", "run-counts", "RUN_END", "A run counts its ops wrongly.", _more("ops")
)
PENDING_MISCOUNTED = saying(
    "pending-miscounted",
    "run-counts",
    "DRAIN_BEGIN",
    "A drain counts wrongly what is pending.",
    _more("pending"),
)
DELIVERED_MISCOUNTED = saying(
    "delivered-miscounted",
    "run-counts",
    "DRAIN_END",
    "A drain counts wrongly what it delivered.",
    _more("delivered"),
)
HOOK_RENAMED = saying(
    "refill-renamed", "refill-reseeded", "HOOK", "A refill comes as another hook.", _another_hook
)


def _backwards(scene: Scene, place: int, _: Random) -> Fields:
    """The stage that the run began in, or an earlier one."""
    run = scene.run_of(place)
    state = (scene.tape.events[run.start].snapshot or {}).get("bootstrap") or {}
    stage = state.get("stage")
    return None if stage is None else {"stage": stage}


STAGE_BACK = saying(
    "stage-back",
    "bootstrap-preserved",
    "BOOTSTRAP",
    "The bootstrap goes back to a stage in which it was.",
    _backwards,
)

# ---- what was committed


def _earlier_op(scene: Scene, place: int, chance: Random) -> Fields:
    """The number of another op of the run."""
    run, life = scene.run_of(place), _life(scene, place)
    if life.source == Source.RESUME_CHAIN:
        return None
    others = [item.op for item in scene.lives.values() if item.commit in range(run.start, place)]
    others = [op for op in others if op != life.op]
    return {"op": chance.choice(others)} if others else None


def _unprogrammed(scene: Scene, place: int, _: Random) -> Fields:
    """Of a program, a base that programs nothing."""
    life = _life(scene, place)
    if scene.role(life) is not Role.PROGRAM or not scene.is_whole(life):
        return None
    loads = [name for name, base in scene.rules.bases.items() if base.role is Role.LOAD]
    return {"base": loads[0]} if loads and len(scene.by_op[life.op]) == 1 else None


def _targeted(place_of: int, value: int) -> Say:
    """One number of a target out of the device: of die, plane, block, page the n-th."""

    def say(scene: Scene, place: int, _: Random) -> Fields:
        life = _life(scene, place)
        if not scene.rules.has_topology or any(target[3] is None for target in life.targets):
            return None
        first = list(life.targets[0])
        first[place_of] = value
        return {"targets": [tuple(first), *life.targets[1:]]}

    return say


def _without_chains(say: Say) -> Say:
    def whole(scene: Scene, place: int, chance: Random) -> Fields:
        life = _life(scene, place)
        return say(scene, place, chance) if scene.is_whole(life) else None

    return whole


SEG_RENUMBERED = saying(
    "commit-seg-renumbered",
    "refs-resolve",
    "COMMIT",
    "A segment is committed under another number than it runs.",
    lambda scene, place, _: {"seg": _UNKNOWN} if _life(scene, place).starts else None,
)
OP_RENUMBERED = saying(
    "commit-op-renumbered",
    "segment-chain",
    "COMMIT",
    "A segment is committed for an op that is another one.",
    _earlier_op,
)
CHAIN_RENAMED = saying(
    "chain-renamed",
    "resume-same-target",
    "COMMIT",
    "An op goes on under another name.",
    lambda scene, place, _: _renamed_chain(scene, place),
)
BASE_CHANGED = saying(
    "commit-base-changed",
    "apply-pgm-matched",
    "COMMIT",
    "What programs a page was committed as a load.",
    _unprogrammed,
)
SOURCE_CHANGED = saying(
    "commit-source-changed",
    "sequence-complete",
    "COMMIT",
    "An op that is part of a sequence comes as one of its own.",
    lambda scene, place, _: (
        {"source": Source.PROPOSAL.value}
        if _life(scene, place).source == Source.SEQUENCE and _must_follow(scene, place)
        else None
    ),
)
START_MOVED = saying(
    "commit-start-moved",
    "op-on-time",
    "COMMIT",
    "An op starts at another time than was committed.",
    lambda scene, place, chance: (
        _later("start_ns")(scene, place, chance) if _life(scene, place).starts else None
    ),
)
END_MOVED = saying(
    "commit-end-moved",
    "op-on-time",
    "COMMIT",
    "An op ends at another time than was committed.",
    _without_chains(_later("end_ns")),
)
DIE_OUTSIDE = saying(
    "target-die-outside",
    "address-in-range",
    "COMMIT",
    "An op is for a die that the device lacks.",
    _targeted(0, _UNKNOWN),
)
PLANE_OUTSIDE = saying(
    "target-plane-outside",
    "address-in-range",
    "COMMIT",
    "An op is for a plane that the device lacks.",
    _targeted(1, _UNKNOWN),
)
BLOCK_OUTSIDE = saying(
    "target-block-outside",
    "address-in-range",
    "COMMIT",
    "An op is for a block that the device lacks.",
    _targeted(2, _UNKNOWN),
)
PAGE_OUTSIDE = saying(
    "target-page-outside",
    "address-in-range",
    "COMMIT",
    "An op is for a page that its block lacks.",
    _targeted(3, _UNKNOWN),
)


def _renamed_chain(scene: Scene, place: int) -> Fields:
    life = _life(scene, place)
    ours = life.source == Source.RESUME_CHAIN and _follows_in_run(scene, life)
    others = [item.event.fields["op_name"] for item in scene.lives.values()]
    others = [name for name in others if name != life.event.fields["op_name"]]
    return {"op_name": others[0]} if ours and others else None


def _follows_in_run(scene: Scene, life: Life) -> bool:
    """Whether a segment of the same op was committed before in the run."""
    run = scene.run_of(life.commit)
    return any(item.commit in range(run.start, life.commit) for item in scene.by_op[life.op])


def _must_follow(scene: Scene, place: int) -> bool:
    """Whether the op before it may not go without it."""
    events = scene.tape.events
    heads = [at for at in range(place) if events[at].kind == "COMMIT"]
    heads = [at for at in heads if events[at].get("source") != Source.SEQUENCE]
    if scene.rules.sequences is None or not heads:
        return False
    head = scene.lives[events[heads[-1]].fields["seg"]]
    kept = place - head.commit
    alternatives = scene.rules.sequences.get(head.base, ())
    return kept == 1 and () not in alternatives


# ---- what repeats it


def _named(name: str, value: Any) -> Say:
    """What an event repeats of its COMMIT, though wrongly; it repeats it even if the trace never does."""

    def say(scene: Scene, place: int, _: Random) -> Fields:
        told = scene.tape.events[place].get("seg")
        return {name: value} if told in scene.lives else None

    return say


def _others_seg(scene: Scene, place: int, _: Random) -> Fields:
    return {"seg": _UNKNOWN} if scene.tape.events[place].get("seg") is not None else None


OP_START_SEG = saying(
    "start-seg-unknown", "refs-resolve", "OP_START", "What starts was never committed.", _others_seg
)
OP_START_OP = saying(
    "start-of-another-op",
    "refs-resolve",
    "OP_START",
    "An OP_START is of another op than was committed.",
    _named("op", _UNKNOWN),
)
OP_START_BASE = saying(
    "start-of-another-base",
    "refs-resolve",
    "OP_START",
    "An OP_START is of another base than was committed.",
    _named("base", "?"),
)
OP_START_NAME = saying(
    "start-of-another-name",
    "refs-resolve",
    "OP_START",
    "An OP_START is of another name than was committed.",
    _named("op_name", "?"),
)
OP_END_SEG = saying(
    "end-seg-unknown", "refs-resolve", "OP_END", "What ends was never committed.", _others_seg
)
OP_END_OP = saying(
    "end-of-another-op",
    "refs-resolve",
    "OP_END",
    "An OP_END is of another op than was committed.",
    _named("op", _UNKNOWN),
)
OP_END_BASE = saying(
    "end-of-another-base",
    "refs-resolve",
    "OP_END",
    "An OP_END is of another base than was committed.",
    _named("base", "?"),
)
OP_END_NAME = saying(
    "end-of-another-name",
    "refs-resolve",
    "OP_END",
    "An OP_END is of another name than was committed.",
    _named("op_name", "?"),
)
OP_END_TARGETS = saying(
    "end-of-other-targets",
    "refs-resolve",
    "OP_END",
    "An OP_END is of other targets than were committed.",
    lambda scene, place, _: (
        {"targets": [(0, 0, 0, 0), *_life(scene, place).targets]}
        if _life(scene, place).commit in scene.run_of(place)
        else None
    ),
)


def _completed_too_soon(scene: Scene, place: int, _: Random) -> Fields:
    """An end by a suspend called a completion: it comes too early for that."""
    life, event = _life(scene, place), scene.tape.events[place]
    if event.get("outcome") != Outcome.SUSPENDED or event.time_ns == life.end_ns:
        return None
    return {"outcome": Outcome.COMPLETED.value}


def _suspended_by_nobody(scene: Scene, place: int, _: Random) -> Fields:
    run, life = scene.run_of(place), _life(scene, place)
    judged = scene.tape.events[run.stop - 1].get("end") != RunEnd.CARRIED
    whole = scene.is_whole(life) and len(scene.by_op[life.op]) == 1
    return {"outcome": Outcome.SUSPENDED.value} if judged and whole else None


OUTCOME_COMPLETED = saying(
    "outcome-completed",
    "op-on-time",
    "OP_END",
    "What a suspend cuts is called completed.",
    _completed_too_soon,
)
OUTCOME_SUSPENDED = saying(
    "outcome-suspended",
    "op-closed",
    "OP_END",
    "What is completed is called suspended, and nobody resumes it.",
    _suspended_by_nobody,
)
DRAINED_FLIPPED = saying(
    "drained-flipped",
    "drain-clock",
    "OP_END",
    "An OP_END says wrongly whether a drain delivered it.",
    lambda scene, place, _: _other_mark(scene, place),
)


def _other_mark(scene: Scene, place: int) -> Fields:
    event, run = scene.tape.events[place], scene.run_of(place)
    has_drain = any(begin in run for begin in scene.tape.places("DRAIN_BEGIN"))
    return {"drained": not event.get("drained")} if has_drain else None


STATE_SEG = saying(
    "state-seg-unknown",
    "refs-resolve",
    "STATE",
    "A state is of a segment that was never committed.",
    _others_seg,
)


def _timed(say: Say) -> Say:
    """Of traces whose header tells the states of ops."""

    def timed(scene: Scene, place: int, chance: Random) -> Fields:
        return say(scene, place, chance) if scene.rules.op_states else None

    return timed


STATE_RENAMED = saying(
    "state-renamed", "states-as-specified", "STATE", "An op goes through another state.",
    _timed(_constant("state", "OTHER")),
)  # fmt: skip
STATE_STRETCHED = saying(
    "state-stretched", "states-as-specified", "STATE", "A state lasts too long.",
    _timed(_later("until_ns")),
)  # fmt: skip
STATE_CUT = saying(
    "state-cut", "states-as-specified", "STATE", "A state is over too soon.",
    _timed(_later("until_ns", -1)),
)  # fmt: skip
STATE_BUS = saying(
    "state-bus-flipped",
    "states-as-specified",
    "STATE",
    "A state holds the bus that needs it not, or the other way round.",
    _timed(lambda scene, place, _: {"bus": not scene.tape.events[place].get("bus")}),
)
