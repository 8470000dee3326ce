"""From what a user chose to a job: the profile is loaded, and what was chosen takes the place of its own."""

from __future__ import annotations

from dataclasses import replace

from nandtrace.errors import UsageError
from nandtrace.nand.chosen import DEFAULT_PROFILE, Choices
from nandtrace.nand.job import Job, Recipe
from nandtrace.nand.options import DEFAULT_RUN_NS, Options
from nandtrace.nand.own_scheduler import OwnScheduler
from nandtrace.nand.profile import Profile
from nandtrace.nand.profiles.entries import ProfileError
from nandtrace.nand.profiles.loading import load_profile
from nandtrace.nand.profiles.policy_checks import check_policy
from nandtrace.vocab.nand import ApplyPolicy


def new_job(choices: Choices, scheduler: OwnScheduler | None = None) -> tuple[Job, tuple[str, ...]]:
    """Resolve profile and options, and say what was repaired of the profile.

    Raises UsageError for a wrong one; nothing is written.
    """
    loaded = load_profile(choices.profile or DEFAULT_PROFILE)
    recipe = replace(recipe_with(loaded.profile, choices), scheduler=scheduler)
    return Job(recipe, range(recipe.options.runs)), loaded.repairs


def recipe_with(profile: Profile, choices: Choices) -> Recipe:
    """The recipe of a loaded profile and what else was chosen. Raises UsageError for what is wrong."""
    options = Options(
        seed=choices.seed or 0,
        runs=choices.resolved_runs,
        run_for_ns=choices.run_for_ns or (DEFAULT_RUN_NS,),
        max_hooks=choices.max_hooks,
        drain=choices.drain is not False,
        apply_policy=choices.apply_policy or ApplyPolicy.PER_OP,
    )
    return Recipe(_overridden(profile, choices), options)


def _overridden(profile: Profile, choices: Choices) -> Profile:
    """The profile with what was chosen in place of its own, checked again."""
    if choices.bootstrap is None and not choices.bad_blocks:
        return profile
    if choices.bootstrap is not None:
        profile = replace(profile, bootstrap=replace(profile.bootstrap, enabled=choices.bootstrap))
    if choices.bad_blocks:
        profile = replace(profile, bad_blocks=choices.bad_blocks)
    try:
        check_policy(profile)
    except ProfileError as error:
        raise UsageError(f"{profile.name} with the given options: {error}") from error
    return profile
