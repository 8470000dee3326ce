"""A shrunk profile as a file: as short as it can be said."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import yaml

from nandtrace.errors import InternalError, StorageError, UsageError
from nandtrace.nand.profile import Profile
from nandtrace.nand.profiles.loading import load_profile
from nandtrace.nand.profiles.plain_map import profile_to_map
from nandtrace.shrinking.profile_plain import Ground, Plain, extending, grounds, plain_profile

_LINE_CHARS = 100


@cache
def built_in_profiles() -> tuple[Profile, ...]:
    """The profiles that a shrunk one may extend."""
    return tuple(load_profile(ground.name).profile for ground in _grounds())


def characters_of(profile: Profile) -> int:
    """How long the profile is, said in the shortest way: a measure to compare profiles by."""
    return len(json.dumps(_ways(profile)[0]))


def write_profile(path: Path, profile: Profile, comment: Sequence[str]) -> Profile:
    """Write a profile in the shortest way that reads back the same; returns it as the file names it.

    Raises StorageError where the file can't be written.
    """
    head = "".join(f"# {line}\n" for line in comment)
    for plain in _ways(profile):
        try:
            path.write_text(head + _text(plain), encoding="utf-8")
        except OSError as error:
            raise StorageError(str(path), error) from error
        read = _read_back(path)
        if read is not None and _content(read) == _content(profile):
            return read
    raise InternalError(f"{path}: the profile does not read back as it was written")


def _ways(profile: Profile) -> list[Plain]:
    """What a file may say, the shortest first; extending a built-in profile, or whole."""
    whole = plain_profile(profile)
    ways = [whole, *(extending(ground, whole) for ground in _grounds())]
    return sorted(ways, key=lambda plain: len(json.dumps(plain)))


@cache
def _grounds() -> tuple[Ground, ...]:
    return tuple(grounds())


def _text(plain: Plain) -> str:
    """YAML: a section a line or a paragraph, a step of the script a line."""
    return "".join(_sections(plain))


def _sections(plain: Plain) -> Iterator[str]:
    for key, value in plain.items():
        # A collection that holds only scalars goes on one line, but never the section itself.
        flow = None if isinstance(value, dict | list) else False
        text: str = yaml.safe_dump(
            {key: value},
            sort_keys=False,
            allow_unicode=True,
            width=_LINE_CHARS,
            default_flow_style=flow,
        )
        yield text


def _read_back(path: Path) -> Profile | None:
    try:
        return load_profile(path).profile
    except UsageError:
        return None


def _content(profile: Profile) -> dict[str, object]:
    """All that decides: everything but the name, the order of ops too."""
    return {**profile_to_map(profile), "name": ""}
