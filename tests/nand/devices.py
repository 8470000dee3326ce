"""Devices and recordings for the scheduler's tests: scripts whose every event is foreseeable."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from inspect import cleandoc
from pathlib import Path
from typing import Any

from nandtrace.check import TraceVerdict, Verdict, verify_trace
from nandtrace.nand.options import Options
from nandtrace.nand.profile import Bootstrap, Continuation, Profile, Proposals, ScriptStep, Step
from nandtrace.nand.profiles.loading import load_profile
from nandtrace.nand.recording import boundary_state, record
from nandtrace.trace import TraceReader
from nandtrace.trace.event import Event, events_of
from nandtrace.trace.recorder import Topology
from nandtrace.units import us_to_ns

NANDSEQGEN = Path(__file__).parents[3] / "shared" / "real" / "nandseqgen" / "config.yaml"

SMALL = Topology(dies=2, planes=4, blocks_per_die=8, pages_per_block=8)

QUIET = ("HOOK", "STATE", "RUN_BEGIN", "RUN_END")
"""Kinds that most tests of a script do not look at."""


@cache
def built_in(name: str) -> Profile:
    """A built-in profile, loaded once."""
    return load_profile(name).profile


def step(
    at_us: float,
    op_name: str,
    block: int | None = None,
    page: int | None = None,
    *,
    die: int = 0,
    plane: int | None = None,
    planes: tuple[int, ...] = (),
) -> ScriptStep:
    """A step of a script; the plane follows from the block or the planes."""
    if plane is None:
        plane = planes[0] if planes else (block or 0) % SMALL.planes
    return ScriptStep(us_to_ns(at_us), op_name, die, plane, block, page, planes)


def follows(**bases: tuple[str, ...]) -> dict[str, tuple[Continuation, ...]]:
    """Sequences with one continuation for each base; a step is its base, a blank, and its rules."""
    return {
        base: (
            Continuation(
                1.0,
                tuple(Step(words[0], tuple(words[1:])) for words in map(str.split, steps)),
            ),
        )
        for base, steps in bases.items()
    }


READ_THEN_DOUT = follows(READ=("DOUT same_page multi same_celltype",))


def scripted(*steps: ScriptStep, **changes: Any) -> Profile:
    """The default device, small, with a script, and nothing after an op but a DOUT after a READ."""
    base = built_in("default")
    policies = {"proposals": Proposals.SCRIPT, **changes.pop("policies", {})}
    settings: dict[str, Any] = {
        "name": "script",
        "topology": SMALL,
        "sequences": READ_THEN_DOUT,
        "policies": replace(base.policies, **policies),
        "bootstrap": Bootstrap(),
        "script": steps,
    }
    return replace(base, **(settings | changes))


@dataclass(frozen=True)
class Recording:
    """What was recorded: the trace's path and its events."""

    path: Path
    events: list[Event]

    def lines(self, *without: str, only: tuple[str, ...] = ()) -> list[str]:
        """Events as text: time in µs, kind, what it says. Kinds `without` are left out."""
        return [
            line_of(event)
            for event in self.events
            if event.kind not in without and (not only or event.kind in only)
        ]

    def quiet(self, since_us: float = 0) -> list[str]:
        """Events as text, without hooks, states, the bounds of runs and proposals that were committed."""
        return [
            line_of(event)
            for event in self.events
            if event.time_ns >= us_to_ns(since_us)
            and event.kind not in QUIET
            and (event.kind != "PROPOSE" or "reason" in event.fields)
        ]

    def reasons(self) -> list[str]:
        """Why nothing came of proposals, in their order."""
        return [
            event.fields["reason"]
            for event in self.events
            if event.kind == "PROPOSE" and "reason" in event.fields
        ]

    def state(self, run: int = 0, boundary: str = "RUN_END") -> dict[str, Any]:
        """The snapshot at a boundary of a run."""
        with TraceReader(self.path) as reader:
            return boundary_state(reader, run, boundary)

    def verdict(self) -> TraceVerdict:
        return verify_trace(self.path)


def run_script(
    path: Path, profile: Profile, run_for_us: float = 20_000, **options: Any
) -> Recording:
    """Record one run of a script and prove that it was right."""
    settings = {"runs": 1, "run_for_ns": (us_to_ns(run_for_us),), **options}
    record(path, profile, Options(**settings))
    recording = Recording(path, events_in(path))
    verdict = recording.verdict()
    violated = [(item.id, item.violations[0]) for item in verdict.invariants if item.violated]
    assert verdict.verdict is Verdict.OK, violated
    return recording


def events_in(path: Path) -> list[Event]:
    """All events of a trace that is whole."""
    found: list[Event] = []
    with TraceReader(path) as reader:
        for chunk in reader.walk():
            found += events_of(chunk, reader.header.vocabulary)  # type: ignore[arg-type]
    return found


def rows_of(path: Path) -> list[tuple[int, int, str, dict[str, Any]]]:
    """All events of a trace but for their numbers: run, time, kind, fields."""
    return [(event.run, event.time_ns, event.kind, event.fields) for event in events_in(path)]


def line_of(event: Event) -> str:
    """`time_us KIND words`, ids as `segN` and `opN`, addresses as die.plane.block.page."""
    words = [_word(name, value) for name, value in event.fields.items()]
    if event.kind == "COMMIT":
        words = _commit_words(event.fields)
    return " ".join([_us(event.time_ns), event.kind, *(word for word in words if word)])


def block(text: str) -> list[str]:
    """The lines of an indented text."""
    return cleandoc(text).splitlines()


def _commit_words(fields: dict[str, Any]) -> list[str]:
    return [
        f"seg{fields['seg']}",
        f"op{fields['op']}",
        fields["op_name"],
        fields["source"],
        f"{_us(fields['start_ns'])}..{_us(fields['end_ns'])}",
        _places(fields["targets"]),
    ]


def _word(name: str, value: Any) -> str:
    if name in ("seg", "op"):
        return f"{name}{value}"
    if name in ("targets", "cells"):
        return _places(value)
    if isinstance(value, bool):
        return _flag(name, value)
    if name.endswith("_ns"):
        return f"{name[:-3]}={_us(value)}"
    return value if isinstance(value, str) else f"{name}={value}"


def _flag(name: str, value: bool) -> str:
    if name == "on":
        return "on" if value else "off"
    return name if value else ""


def _places(rows: list[tuple[int | None, ...]]) -> str:
    return ",".join(".".join("-" if item is None else str(item) for item in row) for row in rows)


def _us(time_ns: int) -> str:
    return f"{time_ns / 1000:.10g}"
