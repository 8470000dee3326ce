"""What the reductions of NAND recordings share: the search, and the best recording as it looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from nandtrace.nand.job import Recipe
from nandtrace.nand.options import Options
from nandtrace.nand.profile import Policies, Profile, Proposals
from nandtrace.shrinking.nand_recording import NandRecordings, Seen
from nandtrace.shrinking.search import Search

READABLE = 30
"""So many events can be read at a glance: only to get there, a recording is made less like a real one."""


class Context:
    """A search among recipes."""

    def __init__(self, search: Search[Recipe], recordings: NandRecordings) -> None:
        self.search = search
        self.recordings = recordings
        self._seen: tuple[Recipe, Seen] | None = None

    @property
    def recipe(self) -> Recipe:
        """The best."""
        return self.search.best

    @property
    def profile(self) -> Profile:
        return self.search.best.profile

    @property
    def options(self) -> Options:
        return self.search.best.options

    @property
    def is_scripted(self) -> bool:
        """Whether nothing is proposed by chance."""
        return self.profile.policies.proposals is Proposals.SCRIPT

    def seen(self) -> Seen:
        """The best, recorded and looked at."""
        if self._seen is None or self._seen[0] is not self.recipe:
            seen = self.recordings.see(self.recipe)
            assert seen is not None, "what violated once does so again"
            self._seen = self.recipe, seen
        return self._seen[1]

    def with_profile(self, **changes: Any) -> bool:
        """Try the best with other entries of its profile."""
        return self.search.attempt(changed_profile(self.recipe, **changes))

    def with_policies(self, **changes: Any) -> bool:
        """Try the best with other policies."""
        policies: Policies = replace(self.profile.policies, **changes)
        return self.with_profile(policies=policies)

    def with_options(self, **changes: Any) -> bool:
        """Try the best with other options."""
        return self.search.attempt(changed_options(self.recipe, **changes))


Reduction = Callable[[Context], None]
"""Tries what is smaller in one way."""


def changed_profile(recipe: Recipe, **changes: Any) -> Recipe:
    """A recipe with other entries in its profile."""
    return replace(recipe, profile=replace(recipe.profile, **changes))


def changed_options(recipe: Recipe, **changes: Any) -> Recipe:
    """A recipe with other options."""
    return replace(recipe, options=replace(recipe.options, **changes))


def durations_of(options: Options) -> list[int]:
    """How long each run lasts."""
    return [options.duration_ns(run) for run in range(options.runs)]


def said_durations(durations: list[int]) -> tuple[int, ...]:
    """The same as options say them: the last holds for all after it."""
    said = list(durations)
    while len(said) > 1 and said[-1] == said[-2]:
        said.pop()
    return tuple(said)
