"""Candidates of the NAND scheduler: recorded, judged and measured."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from nandtrace.check.mutation.tape import Tape
from nandtrace.errors import StorageError, TraceError, UsageError
from nandtrace.nand.chosen import Choices
from nandtrace.nand.job import Job, Recipe, new_recorder
from nandtrace.nand.profile import Profile
from nandtrace.nand.profiles.checks import check_profile
from nandtrace.nand.profiles.drain_checks import check_drain
from nandtrace.nand.profiles.entries import ProfileError
from nandtrace.nand.profiles.plan_checks import check_plans
from nandtrace.nand.recording import JobWork, continued_job, run_job
from nandtrace.shrinking.judging import Judge, Sight
from nandtrace.shrinking.profile_file import characters_of
from nandtrace.shrinking.sizes import Size, count_events
from nandtrace.trace import TraceReader
from nandtrace.vocab.nand import ApplyPolicy

_ROOM = 2
_LEAST_ROOM = 500
"""A candidate may have so many times the events of the best, or so many, before it is given up."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a recording came to: its events, and where what is sought shows first."""

    tape: Tape
    sight: Sight


class RecipeKeys:
    """What tells recipes from others, in any process; most of a profile is that of the one before."""

    def __init__(self) -> None:
        self._texts: dict[str, tuple[object, str]] = {}

    def key(self, recipe: Recipe) -> str:
        """The key of a recipe."""
        parts = [
            self._text(item.name, getattr(recipe.profile, item.name)) for item in fields(Profile)
        ]
        label = recipe.scheduler and recipe.scheduler.label
        text = "\n".join([*parts, repr(recipe.options), repr(label)])
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    def _text(self, section: str, value: object) -> str:
        known = self._texts.get(section)
        if known is None or known[0] is not value:
            known = self._texts[section] = value, repr(value)
        return known[1]


def arguments_of(recipe: Recipe) -> list[str]:
    """The options of `nandtrace record` that record a recipe, but for its profile and the output."""
    options, scheduler = recipe.options, recipe.scheduler
    choices = Choices(
        seed=options.seed,
        runs=options.runs,
        run_for_ns=options.run_for_ns,
        max_hooks=options.max_hooks,
        drain=None if options.drain else False,
        apply_policy=None if options.apply_policy is ApplyPolicy.PER_OP else options.apply_policy,
    )
    return [*choices.arguments(), *(("--scheduler", scheduler.label) if scheduler else ())]


class NandRecordings:
    """Records candidates into a folder, and lets a judge look for what is sought in them.

    Where the scheduler is the user's own, ours must not show it with the same recipe, unless it does so
    from the start: else a search could leave the fault for a device on which nothing holds.
    With `only_last` the last run alone is judged and measured, recorded as what goes on from there.
    """

    def __init__(
        self, judge: Judge, folder: Path, start: Recipe, *, only_last: bool = False
    ) -> None:
        self._judge = judge
        self._trace = folder / "candidate.mpk"
        self._last_run = folder / "last-run.mpk" if only_last else None
        self.asks_ours = start.scheduler is not None and not self._ours_shows_it(start)
        """Whether ours tells a fault of the scheduler from a device on which nothing holds."""

    def measure(self, recipe: Recipe, best: Size | None) -> Size | None:
        """How large a candidate is; None where it is no recipe, does not show it, or is far too large."""
        most = None if best is None else max(_ROOM * best.events, _LEAST_ROOM)
        if not _is_sound(recipe.profile) or not self._record(recipe, most):
            return None
        if self._sight(recipe) is None:
            return None
        size = self._size(recipe, best)
        if self.asks_ours and (best is None or size < best) and self._ours_shows_it(recipe):
            return None
        return size

    def see(self, recipe: Recipe) -> Seen | None:
        """Record a candidate that shows it, and look at it."""
        if not self._record(recipe, None):
            return None
        sight = self._judge.first(self._trace, recipe.scheduler)
        return None if sight is None else Seen(Tape.read(self._trace), sight)

    def _ours_shows_it(self, recipe: Recipe) -> bool:
        ours = replace(recipe, scheduler=None)
        return self._record(ours, None) and self._sight(ours) is not None

    def _sight(self, recipe: Recipe) -> Sight | None:
        """Where it shows first in what counts of what was recorded last."""
        counting = self._counting(recipe)
        return None if counting is None else self._judge.first(counting, recipe.scheduler)

    def _counting(self, recipe: Recipe) -> Path | None:
        """The trace that is judged and measured; None where nothing can go on so.

        It is recorded from the snapshot, as it will be: a faulty scheduler may remember more.
        """
        if self._last_run is None:
            return self._trace
        with TraceReader(self._trace) as reader:
            before = reader.index.chunks[-1].last_run - 1
        try:
            run_job(self._last_run, continued_job(self._trace, before, scheduler=recipe.scheduler))
        except (UsageError, TraceError):
            return None
        return self._last_run

    def _size(self, recipe: Recipe, best: Size | None) -> Size:
        with TraceReader(self._last_run or self._trace) as reader:
            counted, events = count_events(reader)
        if self._last_run is not None:
            with TraceReader(self._trace) as reader:
                events = reader.index.events
        options, topology = recipe.options, recipe.profile.topology
        cells = topology.dies * topology.blocks_per_die * topology.pages_per_block
        duration_ns = sum(options.duration_ns(run) for run in range(options.runs))
        size = Size(counted, events, cells, duration_ns)
        if best is not None and size > best:
            return size  # the rest takes time, and decides nothing
        said = characters_of(recipe.profile) + len(" ".join(arguments_of(recipe)))
        return replace(size, characters=said)

    def _record(self, recipe: Recipe, most: int | None) -> bool:
        """Record a recipe; whether it came to its end, with no more events than allowed."""
        # The identity is most of a header.
        identity: dict[str, Any] | None = None if self._judge.reads_recipe else {}
        job = Job(recipe, range(recipe.options.runs), identity=identity)
        recorder = new_recorder(self._trace, job)
        try:
            for _ in JobWork(job, recorder).steps():
                if most is not None and recorder.events > most:
                    recorder.discard()
                    return False
            recorder.close()
        except StorageError:
            recorder.discard()
            raise
        except Exception:  # a scheduler of the user's that stumbles: such a candidate is of no use
            recorder.discard()
            return False
        except BaseException:
            recorder.discard()
            raise
        return most is None or recorder.events <= most


def _is_sound(profile: Profile) -> bool:
    try:
        check_profile(profile)
        check_drain(profile)
        check_plans(profile)
    except ProfileError:
        return False
    return True
