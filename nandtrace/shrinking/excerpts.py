"""Excerpts: the shortest prefix and the fewest ops of a trace that violate the same invariant."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from nandtrace.check.mutation.tape import Tape
from nandtrace.check.mutation.tape_event import TapeEvent
from nandtrace.check.verify import Options, verify_trace
from nandtrace.errors import NandtraceError, StorageError
from nandtrace.shrinking import graph_excerpt, nand_excerpt, order_excerpt
from nandtrace.shrinking.cut import Cut, Groups, Material
from nandtrace.shrinking.ddmin import ddmin
from nandtrace.shrinking.search import Search
from nandtrace.shrinking.searching import search_smallest
from nandtrace.shrinking.sizes import Size, count_events
from nandtrace.shrinking.task import Shrunk, Task, Way, Written
from nandtrace.trace import TraceReader


def shrink_excerpt(task: Task, allowed: Collection[str]) -> Shrunk:
    """Cut the smallest excerpt that violates the invariant, and none that is not `allowed`.

    Raises TraceError where the trace can't be read, StorageError where something can't be written.
    """
    material = material_of(Tape.read(task.trace))
    runs = [event.run for event in material.tape.events]
    with tempfile.TemporaryDirectory(prefix="nandtrace-") as folder:
        cutting = _Cutting(material, task.invariant, allowed, Path(folder))

        def write(cut: Cut) -> Written:
            excerpt = material.made(cut)
            assert excerpt is not None, "what was measured can be made"
            excerpt.write(task.outputs.trace)
            return Written()

        shrunk = search_smallest(
            task,
            Way.EXCERPT,
            Cut(min(runs), max(runs)),
            cutting.measure,
            key_of=lambda cut: cut.key,
            reduce=cutting.reduce,
            write=write,
        )
        assert shrunk is not None, "what was verified is what was read"
        return shrunk


def material_of(tape: Tape) -> Material:
    """A tape with what its domain knows of it; of an unknown one only that it has runs."""
    header, events = tape.header, tape.events
    if header.domain == "nand":
        return Material(
            tape,
            nand_excerpt.op_groups(events),
            opened=partial(nand_excerpt.opened_run, header),
            closed=nand_excerpt.closed_run,
            mended=partial(nand_excerpt.mended_counts, header),
        )
    if header.domain == "graph":
        return Material(
            tape,
            graph_excerpt.message_groups(events),
            opened=_never_opened,
            closed=graph_excerpt.closed_run,
            mended=partial(graph_excerpt.mended_messages, header),
        )
    if header.domain == "workorder":
        return Material(
            tape,
            order_excerpt.order_groups(events),
            opened=_never_opened,
            closed=order_excerpt.closed_run,
            mended=order_excerpt.mended_orders,
        )
    return Material(
        tape,
        _single_events(events),
        opened=_never_opened,
        closed=_bare_end,
        mended=lambda _, kept, __: kept,
    )


def _never_opened(_: Sequence[TapeEvent]) -> None:
    return None


def _single_events(events: Sequence[TapeEvent]) -> Groups:
    return {
        f"event {place}": [place]
        for place, event in enumerate(events)
        if event.kind not in ("RUN_BEGIN", "RUN_END")
    }


def _bare_end(_: Sequence[TapeEvent], kept: Sequence[TapeEvent]) -> TapeEvent:
    last = kept[-1]
    return TapeEvent("RUN_END", last.time_ns, last.run, {})


_KEPT = 10_000
"""So many violations of an invariant are told apart."""


class _Cutting:
    """Makes cuts and judges them, by all invariants: nothing else may become wrong."""

    def __init__(
        self, material: Material, invariant: str, allowed: Collection[str], folder: Path
    ) -> None:
        self._material = material
        self._invariant = invariant
        self._allowed = frozenset(allowed)
        self._trace = folder / "excerpt.mpk"
        self._wrong: frozenset[int] | None = None

    def measure(self, cut: Cut, best: Size | None) -> Size | None:  # noqa: ARG002 - the seam has it
        """How large an excerpt is.

        None where no event violates the invariant that did so in the whole trace, or others are violated.
        """
        violations = self._violations(cut)
        if not violations:
            return None
        with TraceReader(self._trace) as reader:
            return Size(*count_events(reader))

    def _violations(self, cut: Cut) -> list[int]:
        """The places on the tape of what violates the invariant, in their order."""
        if not self._write(cut):
            return []
        # By itself it is judged soon, and without it nothing else matters.
        mine = verify_trace(self._trace, Options(only=(self._invariant,), kept=_KEPT))
        found = [violation for item in mine.invariants for violation in item.violations]
        made = 0 if cut.start is None else 1  # a begin that is not on the tape
        places = dict(enumerate(self._material.places(cut), made))
        wrong = [places[item.seq] for item in found if item.seq in places]
        if self._wrong is None:
            self._wrong = frozenset(wrong)
        kept = [place for place in wrong if place in self._wrong]
        return kept if kept and self._is_well_formed() else []

    def _is_well_formed(self) -> bool:
        """Whether nothing else is violated that was not before."""
        verdict = verify_trace(self._trace, Options(kept=1))
        violated = {item.id for item in verdict.invariants if item.violated}
        return not (verdict.damages or verdict.error) and violated <= self._allowed

    def _write(self, cut: Cut) -> bool:
        try:
            excerpt = self._material.made(cut)
            if excerpt is not None:
                excerpt.write(self._trace)
        except StorageError:
            raise
        except (NandtraceError, ValueError, KeyError, IndexError, TypeError, AttributeError):
            return False  # what is left of the events makes no sense to whoever mends them
        return excerpt is not None

    def reduce(self, search: Search[Cut]) -> None:
        """Fewer runs, a shorter prefix, fewer groups, until nothing gets smaller."""
        while True:
            before = search.size
            for step in (self._fewer_runs, self._shorter, self._later, self._fewer_groups):
                step(search)
            if search.size == before:
                return

    def _fewer_runs(self, search: Search[Cut]) -> None:
        run = self._material.tape.events[self._violations(search.best)[0]].run
        for first in range(run, search.best.first - 1, -1):
            for restated in (search.best.restated, True):
                changed = Cut(first, run, without=search.best.without, restated=restated)
                if search.attempt(changed):
                    return

    def _shorter(self, search: Search[Cut]) -> None:
        """End with the event that violates, or some later one."""
        wrong = self._violations(search.best)[0]
        for place in _after(self._material.places(search.best), wrong):
            run = self._material.tape.events[place].run
            if search.attempt(replace(search.best, last=run, stop=place + 1)):
                return

    def _later(self, search: Search[Cut]) -> None:
        """Begin later, as late as can be: at a time when nothing goes on."""
        wrong = self._violations(search.best)[0]
        before = [at for at in self._material.places(search.best) if at <= wrong]
        for place in reversed(before[1:]):
            if self._begins_something(place) and search.attempt(
                replace(search.best, first=self._material.tape.events[place].run, start=place)
            ):
                return

    def _begins_something(self, place: int) -> bool:
        return self._material.tape.events[place].kind in ("PROPOSE", "COMMIT")

    def _fewer_groups(self, search: Search[Cut]) -> None:
        places = set(self._material.places(search.best))
        names = [name for name, items in self._material.groups.items() if places & set(items)]
        gone = tuple(name for name in search.best.without if name not in names)

        def holds(kept: tuple[str, ...]) -> bool:
            rest = frozenset(kept)
            without = (*gone, *(name for name in names if name not in rest))
            return any(
                search.attempt(replace(search.best, without=without, restated=restated))
                for restated in (search.best.restated, True)
            )

        ddmin(names, holds)


def _after(places: Sequence[int], first: int) -> Iterator[int]:
    """A place and those after it, further and further apart; not the last, which is an end already."""
    at, ahead = places.index(first), 0
    while at + ahead < len(places) - 1:
        yield places[at + ahead]
        ahead = ahead * 2 if ahead >= 8 else ahead + 1
