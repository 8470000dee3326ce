"""Load a campaign file: TOML, checked as a whole before anything is written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nandtrace.campaign.seeds import Seeds, seeds_of
from nandtrace.campaign.trace_paths import DEFAULT_TEMPLATE, check_template
from nandtrace.errors import UsageError
from nandtrace.nand.chosen import Choices, blocks_of, merged_blocks
from nandtrace.units import duration_ns
from nandtrace.user_files import (
    EntryError,
    check_entries,
    made_of,
    parse_toml,
    read_text,
    shorten,
)
from nandtrace.vocab.nand import ApplyPolicy

MAX_BYTES = 16 << 20
DEFAULT_OPTIONS = "default"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_NAME_LENGTH = 100
_NAME_REASON = "it takes letters, digits, dots, underscores and dashes, a letter or digit first"


@dataclass(frozen=True, slots=True)
class OptionSet:
    """Options of recordings, under the name that the campaign file gives them."""

    name: str
    choices: Choices
    compress: bool


@dataclass(frozen=True, slots=True)
class CampaignFile:
    """What a campaign file says. `limits` has only what is in the file; the rest has defaults."""

    path: Path
    raw: bytes
    name: str
    profiles: tuple[str, ...]
    seeds: Seeds
    template: str
    option_sets: tuple[OptionSet, ...]
    limits: Mapping[str, Any]
    resources: Mapping[str, float]


def load_campaign(path: Path) -> CampaignFile:
    """Load a campaign file. Raises UsageError that names the file, the entry and the reason."""
    text = read_text(path, MAX_BYTES)
    plain = parse_toml(path, text)
    try:
        check_entries("campaign", plain)
        return _campaign(path, text.encode(), plain)
    except EntryError as error:
        raise UsageError(f"{path}: {error}") from error


def _campaign(path: Path, raw: bytes, plain: Mapping[str, Any]) -> CampaignFile:
    template = plain.get("traces", DEFAULT_TEMPLATE)
    check_template(template)
    sets = plain.get("options", {DEFAULT_OPTIONS: {}})
    return CampaignFile(
        path=path,
        raw=raw,
        name=_name(plain.get("name", path.stem), is_given="name" in plain),
        profiles=tuple(plain["profiles"]),
        seeds=seeds_of(plain["seeds"]),
        template=template,
        option_sets=tuple(_option_set(name, entry) for name, entry in sets.items()),
        limits=_finite("limits", plain.get("limits", {})),
        resources=_finite("dask.resources", plain.get("dask", {}).get("resources", {})),
    )


def _name(text: str, *, is_given: bool) -> str:
    if not _is_name(text):
        missing = "" if is_given else "is missing, and the file's "
        raise EntryError("name", f"{missing}{shorten(text)} is none: {_NAME_REASON}")
    return text


def _is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None and len(text) <= _NAME_LENGTH


def _option_set(name: str, entry: Mapping[str, Any]) -> OptionSet:
    place = f"options.{name}"
    if not _is_name(name):
        raise EntryError("options", f"{shorten(name)} is no name: {_NAME_REASON}")
    run_until = entry.get("run_until", [])
    durations = run_until if isinstance(run_until, list) else [run_until]
    policy = entry.get("apply_policy")
    choices = Choices(
        runs=entry.get("runs"),
        run_for_ns=made_of(
            f"{place}.run_until", lambda: tuple(duration_ns(str(item)) for item in durations)
        ),
        max_hooks=entry.get("max_hooks"),
        drain=entry.get("drain"),
        bootstrap=entry.get("bootstrap"),
        apply_policy=None if policy is None else ApplyPolicy(policy),
        bad_blocks=made_of(
            f"{place}.bad_blocks",
            lambda: merged_blocks(map(blocks_of, entry.get("bad_blocks", []))),
        ),
    )
    made_of(place, lambda: choices.resolved_runs)
    return OptionSet(name, choices, entry.get("compress", False))


def _finite(place: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values as they are. Raises EntryError for nan, which is neither less nor more than a bound."""
    for key, value in values.items():
        if value != value:  # noqa: PLR0124 - only nan is not itself
            raise EntryError(f"{place}.{key}", "nan is no number to count with")
    return values
