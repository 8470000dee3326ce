"""Load a profile: a built-in one by name, or a YAML file by its path.

A file may extend another profile and say only what differs: maps merge deeply, lists and scalars
replace, null removes a key. `schemas/profile.schema.json` says what a profile holds once that is done.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from nandtrace.errors import UsageError
from nandtrace.nand.profile import Profile
from nandtrace.nand.profiles.build import build_profile
from nandtrace.nand.profiles.checks import check_profile
from nandtrace.nand.profiles.drain_checks import check_drain
from nandtrace.nand.profiles.entries import ProfileError, quoted
from nandtrace.nand.profiles.nandseqgen import is_nandseqgen, profile_from_nandseqgen
from nandtrace.nand.profiles.plan_checks import check_plans
from nandtrace.nand.profiles.schema import check_schema
from nandtrace.nand.profiles.yaml_text import Document, YamlError, read_yaml, yaml_bytes

MAX_BYTES = 4 << 20
MAX_EXTENDS = 8

_FOLDER = resources.files("nandtrace.nand.profiles")
_SUFFIX = ".yaml"


@dataclass(frozen=True, slots=True)
class LoadedProfile:
    """A resolved profile, and what was repaired to get it: one text each, none for a native profile."""

    profile: Profile
    repairs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a profile's text is. `label` is what messages call it."""

    label: str
    name: str
    path: Path | None = None


@cache
def built_in_names() -> tuple[str, ...]:
    """The profiles that come with nandtrace."""
    files = (item.name for item in _FOLDER.iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in files if name.endswith(_SUFFIX)))


def load_profile(source: str | Path) -> LoadedProfile:
    """Load a built-in profile by name, or a YAML file; a file of such a name needs a path: ./default.

    Raises UsageError that names the file, the entry and the reason.
    """
    found = _find(source, None)
    try:
        return _load(found)
    except ProfileError as error:
        raise UsageError(f"{found.label}: {error}") from error


def standalone_text(path: Path) -> bytes:
    """The text of a profile's file, with what it extends merged in: under the same name the same profile.

    Raises UsageError as `load_profile` does, for what is no such file.
    """
    source = _Source(str(path), path.name.removesuffix(_SUFFIX), path)
    document = _read(source)
    if is_nandseqgen(document.value) or "extends" not in document.value:
        return _bytes(source.label, path)
    try:
        plain = _resolve(document, source, (source.label,))
    except ProfileError as error:
        raise UsageError(f"{source.label}: {error}") from error
    return yaml_bytes(plain)


def _load(source: _Source) -> LoadedProfile:
    document = _read(source)
    if is_nandseqgen(document.value):
        return LoadedProfile(*profile_from_nandseqgen(document, source.name))
    plain = _resolve(document, source, (source.label,))
    check_schema(plain)
    profile = build_profile(plain, source.name)
    check_profile(profile)
    check_drain(profile)
    check_plans(profile)
    return LoadedProfile(profile)


def _find(source: str | Path, beside: _Source | None) -> _Source:
    if isinstance(source, str) and source in built_in_names():
        return _Source(f"profile {source}", source)
    path = Path(source)
    if beside is not None and beside.path is not None:
        path = beside.path.parent / path
    return _Source(str(path), path.name.removesuffix(_SUFFIX), path)


def _read(source: _Source) -> Document:
    """The YAML of a source, a map. Raises UsageError or ProfileError."""
    try:
        document = read_yaml(_text(source))
    except YamlError as error:
        raise UsageError(f"{source.label}: {error}") from error
    if document.value is None:
        raise UsageError(f"{source.label}: it is empty")
    if not isinstance(document.value, dict):
        raise UsageError(f"{source.label}: it is not a map of sections")
    return document


def _text(source: _Source) -> str:
    if source.path is None:
        return str((_FOLDER / f"{source.name}{_SUFFIX}").read_text(encoding="utf-8"))
    raw = _bytes(source.label, source.path)
    if len(raw) > MAX_BYTES:
        raise UsageError(f"{source.label}: it has more than {MAX_BYTES >> 20} MiB")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{source.label}: byte {error.start} is not UTF-8") from error


def _bytes(label: str, path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        if isinstance(error, FileNotFoundError):
            reason += f"; built-in profiles are {quoted(built_in_names())}"
        raise UsageError(f"{label}: cannot read: {reason}") from error
    except ValueError as error:  # a path that no file can have
        raise UsageError(f"{label!r}: cannot read: {error}") from error


def _resolve(document: Document, source: _Source, chain: tuple[str, ...]) -> dict[str, Any]:
    """The plain profile with all that it extends merged in."""
    if document.duplicates:
        again = document.duplicates[0]
        raise UsageError(
            f"{source.label}: {again.path}: line {again.line} gives it again, "
            f"after line {again.first_line}"
        )
    plain = dict(document.value)
    parent = plain.pop("extends", None)
    if parent is None:
        return plain
    if not isinstance(parent, str) or not parent:
        raise ProfileError("extends", f"{parent!r} is no name of a profile and no path")
    return _merged(_parent(parent, source, chain), plain, "")


def _parent(name: str, source: _Source, chain: tuple[str, ...]) -> dict[str, Any]:
    found = _find(name, source)
    if found.label in chain or len(chain) > MAX_EXTENDS:
        raise ProfileError(
            "extends", f"the profiles extend each other: {' → '.join((*chain, found.label))}"
        )
    try:
        document = _read(found)
    except UsageError as error:
        raise ProfileError("extends", str(error)) from error
    if is_nandseqgen(document.value):
        raise ProfileError("extends", f"{name!r} is a nandseqgen configuration")
    plain = _resolve(document, found, (*chain, found.label))
    plain.pop("name", None)
    return plain


def _merged(below: dict[str, Any], above: dict[str, Any], place: str) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        at = f"{place}.{key}" if place else key
        if value is None:
            if key not in result:
                raise ProfileError(at, "null removes it, but there is none")
            del result[key]
        elif isinstance(value, dict):
            under = result.get(key)
            result[key] = _merged(under if isinstance(under, dict) else {}, value, at)
        else:
            result[key] = value
    return result
