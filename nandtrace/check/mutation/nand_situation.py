"""What holds on a die at a time of a NAND tape: what runs, what is on, and what may not start then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nandtrace.check.mutation.nand_scene import Life, Scene, scene_of
from nandtrace.check.mutation.tape import Tape
from nandtrace.vocab.nand import END, Axis, Outcome, Role, Scope

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Window:
    """A state of a segment, from when to when it was in it."""

    life: Life
    state: str
    bus: bool
    begin_ns: int
    end_ns: int

    def holds_at(self, time_ns: int) -> bool:
        return self.begin_ns <= time_ns < self.end_ns


def windows_of(tape: Tape) -> list[Window]:
    """The states of all segments that started and ended, as far as they got."""
    scene = tape.view(scene_of)
    found = []
    for life in scene.lives.values():
        if not life.starts or not life.ends:
            continue
        begin_ns, over_ns = scene.times[life.starts[0]], scene.times[life.ends[0]]
        for place in life.states:
            event = tape.events[place]
            end_ns = min(event.fields["until_ns"], over_ns)
            if end_ns > begin_ns:
                bus = bool(event.get("bus"))
                found.append(Window(life, event.fields["state"], bus, begin_ns, end_ns))
            begin_ns = end_ns
    return found


def bus_is_free(tape: Tape, begin_ns: int, end_ns: int) -> bool:
    """Whether no state holds the bus between two times."""
    windows = tape.view(windows_of)
    return not any(
        window.bus and window.begin_ns < end_ns and window.end_ns > begin_ns for window in windows
    )


def keeps_out(tape: Tape, die: int, time_ns: int, base: str) -> set[str]:
    """By what an op of a base, on all planes of a die, would be kept out: op, latch, cache, suspend, odt."""
    scene = tape.view(scene_of)
    rules = scene.rules.exclusions
    by_op = [*_states(tape, die, time_ns), *_ended(scene, die, time_ns)]
    tables = {
        "op": (rules.by_op_state, by_op),
        "latch": (rules.by_latch_state, _on(scene, "LATCH", "latches", die, time_ns)),
        "cache": (rules.by_cache_state, _on(scene, "CACHE", "caches", die, time_ns)),
        "suspend": (rules.by_suspend_state, _suspended(scene, die, time_ns)),
        "odt": (rules.by_odt_state, ["ODT_DISABLE"] if is_odt_off(scene, die, time_ns) else []),
    }
    return {
        name
        for name, (table, holding) in tables.items()
        if any(base in table.get(state, ()) for state in holding)  # type: ignore[attr-defined]
    }


def holders_at(tape: Tape, die: int, time_ns: int) -> list[Life]:
    """What holds planes of a die."""
    scene = tape.view(scene_of)
    return [
        life
        for life in scene.lives.values()
        if life.starts
        and life.die == die
        and _holds(scene, life)
        and scene.times[life.starts[0]] <= time_ns
        and (not life.ends or scene.times[life.ends[0]] > time_ns)
    ]


def _holds(scene: Scene, life: Life) -> bool:
    base = scene.rules.bases[life.base]
    return base.scope is not Scope.NONE and not base.instant


def _states(tape: Tape, die: int, time_ns: int) -> list[tuple[str, str]]:
    return [
        (window.life.base, window.state)
        for window in tape.view(windows_of)
        if window.life.die == die and window.holds_at(time_ns)
    ]


def _ended(scene: Scene, die: int, time_ns: int) -> Iterator[tuple[str, str]]:
    """Of each plane the base of its last holder, where that has completed."""
    lives = [
        life
        for life in scene.lives.values()
        if life.starts and life.die == die and scene.times[life.starts[0]] <= time_ns
    ]
    lives.sort(key=lambda life: life.starts[0])
    everywhere = range(scene.rules.planes or 0)
    planes: dict[int, Life | None] = {}
    for life in lives:
        wide = scene.rules.bases[life.base].scope is Scope.DIE_WIDE
        if scene.role(life) in (Role.RESET, Role.RESET_LUN):
            planes = {}
        elif _holds(scene, life):
            planes |= dict.fromkeys(
                everywhere if wide else [item[1] for item in life.targets], life
            )
    for last in planes.values():
        if last is not None and _has_completed(scene, last, time_ns):
            yield last.base, END


def _has_completed(scene: Scene, life: Life, time_ns: int) -> bool:
    if not life.ends or scene.times[life.ends[0]] > time_ns:
        return False
    return bool(scene.tape.events[life.ends[0]].get("outcome") == Outcome.COMPLETED)


def _begin_of(scene: Scene, time_ns: int) -> int:
    """The place of the RUN_BEGIN of the run that a time lies in."""
    return scene.run_of(min(scene.place_at(time_ns), len(scene.times)) - 1).start


def _on(scene: Scene, kind: str, field: str, die: int, time_ns: int) -> list[str]:
    begin = _begin_of(scene, time_ns)
    state = scene.tape.events[begin].snapshot or {}
    held = {(at, plane, word) for at, plane, word in state.get(field, ())}
    for place in scene.tape.places(kind):
        if not begin < place or scene.times[place] > time_ns:
            continue
        fields = scene.tape.events[place].fields
        entry = (fields["die"], fields["plane"], fields[kind.lower()])
        (held.add if fields["on"] else held.discard)(entry)
    return [word for at, _, word in sorted(held) if at == die]


def is_odt_off(scene: Scene, die: int, time_ns: int) -> bool:
    """Whether the termination of a die is off."""
    begin = _begin_of(scene, time_ns)
    off = die in (scene.tape.events[begin].snapshot or {}).get("odt_disabled", ())
    for place in scene.tape.places("ODT", die=die):
        if begin < place and scene.times[place] <= time_ns:
            off = not scene.tape.events[place].get("on")
    return off


def _suspended(scene: Scene, die: int, time_ns: int) -> list[str]:
    begin = _begin_of(scene, time_ns)
    state = scene.tape.events[begin].snapshot or {}
    found = []
    for axis in Axis:
        lists = state.get(f"suspended_{axis.lower()}", ())
        depth = len(lists[die]) if die < len(lists) else 0
        for place in range(begin, scene.place_at(time_ns)):
            depth = _depth_after(scene, place, die, axis, depth)
        found.append(f"{axis}_SUSPENDED" if depth > 0 else f"NOT_{axis}_SUSPENDED")
    return found


def _depth_after(scene: Scene, place: int, die: int, axis: Axis, depth: int) -> int:
    event = scene.tape.events[place]
    if event.kind in ("SUSPEND", "RESUME") and event.get("die") == die:
        if event.get("axis") == axis:
            return depth + (1 if event.kind == "SUSPEND" else -1)
    elif event.kind == "OP_START":
        life = scene.lives.get(event.fields["seg"])
        role = None if life is None else scene.role(life)
        if role is Role.RESET or (role is Role.RESET_LUN and life is not None and life.die == die):
            return 0
    return depth
