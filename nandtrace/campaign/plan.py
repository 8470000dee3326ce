"""Lay out a campaign: its matrix of profiles, options and seeds as cells, always in the same order.

Everything is checked here, before anything is written: every profile is loaded, every set of options
applied to it, and every trace's place is its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nandtrace.campaign.loading import CampaignFile, OptionSet
from nandtrace.campaign.model import Cell, Limits
from nandtrace.campaign.scheduling import scheduler_config
from nandtrace.campaign.trace_paths import check_trace_path, trace_path
from nandtrace.errors import UsageError
from nandtrace.nand.profile import Profile
from nandtrace.nand.profiles.loading import built_in_names, load_profile, standalone_text
from nandtrace.nand.recipes import recipe_with
from nandtrace.user_files import EntryError, shorten
from nandtrace.workorder.cores import usable_cores

MAX_CELLS = 1_000_000

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_SUFFIX = ".yaml"
_LABEL_LENGTH = 100


@dataclass(frozen=True, slots=True)
class PlannedProfile:
    """A profile of the campaign. `text` is what its file's copy holds, None of a built-in one."""

    label: str
    source: str
    profile: Profile
    repairs: tuple[str, ...]
    text: bytes | None = None

    @property
    def file_name(self) -> str:
        """Of the copy: the same as the file's, for the profile may have its name from it."""
        return Path(self.source).name


@dataclass(frozen=True, slots=True)
class PlannedRecipe:
    """What cells of one profile and set of options have in common.

    `identity` is a recipe's as in the header of a trace, but for the seed, and `arguments` are those of
    `nandtrace record`, but for profile, seed and output.
    """

    number: int
    profile: str
    options: str
    identity: dict[str, Any]
    compress: bool
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole campaign, about to begin."""

    file: CampaignFile
    limits: Limits
    profiles: tuple[PlannedProfile, ...]
    recipes: tuple[PlannedRecipe, ...]

    def cells(self) -> Iterator[Cell]:
        """All cells, in order: profile by profile, options by options, seed by seed."""
        ordinal = 0
        for recipe in self.recipes:
            for seed in self.file.seeds:
                names = (recipe.profile, recipe.options)
                trace = trace_path(self.file.template, *names, seed)
                yield Cell(ordinal, f"{'/'.join(names)}/{seed}", recipe.number, seed, trace)
                ordinal += 1


def make_plan(file: CampaignFile, slots: int | None = None) -> Plan:
    """Lay out a campaign, with another number of slots than the file's where one is given.

    Raises UsageError that names the file, the entry and the reason.
    """
    try:
        _check_count(file)
        limits = _limits(file, slots)
        profiles = tuple(_profiles(file))
        plan = Plan(file, limits, profiles, tuple(_recipes(file, profiles)))
        _check_traces(plan)
    except EntryError as error:
        raise UsageError(f"{file.path}: {error}") from error
    return plan


def _check_count(file: CampaignFile) -> None:
    count = len(file.profiles) * len(file.option_sets) * file.seeds.count
    if count > MAX_CELLS:
        raise EntryError(
            "seeds", f"they make {count} cells, and a campaign has at most {MAX_CELLS}"
        )


def _limits(file: CampaignFile, slots: int | None) -> Limits:
    """The limits, resolved. Raises EntryError for one that the scheduler does not take."""
    given = {"slots": usable_cores(), **file.limits}
    limits = Limits(**(given if slots is None else given | {"slots": slots}))
    try:
        scheduler_config(limits)
    except UsageError as error:
        raise EntryError("limits", str(error)) from error
    return limits


# ---- profiles


def _profiles(file: CampaignFile) -> Iterator[PlannedProfile]:
    labels: dict[str, str] = {}
    for place, source in enumerate(file.profiles):
        where = f"profiles[{place}]"
        profile = _profile(where, file.path.parent, source)
        if profile.label in labels:
            both = f"{labels[profile.label]!r} and {source!r}"
            raise EntryError(where, f"{both} would both be called {profile.label!r}")
        labels[profile.label] = source
        yield profile


def _profile(where: str, folder: Path, source: str) -> PlannedProfile:
    try:
        if source in built_in_names():
            loaded = load_profile(source)
            return PlannedProfile(source, source, loaded.profile, loaded.repairs)
        path = folder / source
        loaded = load_profile(path)
        text = standalone_text(path)
    except UsageError as error:
        raise EntryError(where, str(error)) from error
    return PlannedProfile(_label(where, path.name), source, loaded.profile, loaded.repairs, text)


def _label(where: str, file_name: str) -> str:
    """What cells of a profile's file are called: the file's name, as far as it can stand in a path."""
    label = _UNSAFE.sub("-", file_name.removesuffix(_SUFFIX)).lstrip("._-")[:_LABEL_LENGTH]
    if not label:
        raise EntryError(where, f"{shorten(file_name)} has no letter or digit to be called by")
    return label


# ---- recipes


def _recipes(file: CampaignFile, profiles: tuple[PlannedProfile, ...]) -> Iterator[PlannedRecipe]:
    pairs = [(profile, options) for profile in profiles for options in file.option_sets]
    for number, (profile, options) in enumerate(pairs):
        yield _recipe(number, profile, options)


def _recipe(number: int, profile: PlannedProfile, options: OptionSet) -> PlannedRecipe:
    try:
        recipe = recipe_with(profile.profile, options.choices)
    except (UsageError, ValueError) as error:
        raise EntryError(f"options.{options.name}", str(error)) from error
    return PlannedRecipe(
        number=number,
        profile=profile.label,
        options=options.name,
        identity=recipe.identity(),
        compress=options.compress,
        arguments=(*options.choices.option_arguments(), *(["--compress"] * options.compress)),
    )


# ---- traces


def _check_traces(plan: Plan) -> None:
    for recipe in plan.recipes:
        names = (recipe.profile, recipe.options)
        # What a seed adds are digits: the longest one shows all that can be wrong.
        check_trace_path(trace_path(plan.file.template, *names, plan.file.seeds.largest))
    path, count = Counter(cell.trace for cell in plan.cells()).most_common(1)[0]
    if count > 1:
        raise EntryError("traces", f"{shorten(path)} would be the trace of {count} cells")
