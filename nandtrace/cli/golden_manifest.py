"""The manifest of goldens: which recordings a repository keeps, and how each is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nandtrace.cli.recording_options import Choices, blocks_of, duration_ns, merged_blocks
from nandtrace.convert.line_schema import field_path, shorten
from nandtrace.errors import UsageError
from nandtrace.nand.profiles.yaml_text import YamlError, read_yaml
from nandtrace.schema_files import load_schema
from nandtrace.vocab.nand import ApplyPolicy

MANIFEST = "manifest.yaml"
SCHEMA = "golden-manifest"
_MAX_BYTES = 4 * 2**20


@dataclass(frozen=True, slots=True)
class Golden:
    """One entry: what is recorded, and which invariants its trace must violate (none: it is OK)."""

    name: str
    choices: Choices
    profile: str
    """The profile as the manifest names it."""

    violated: tuple[str, ...]
    about: str

    @property
    def expected(self) -> str:
        """The verdict it must get, in words."""
        return f"VIOLATED {', '.join(self.violated)}" if self.violated else "OK"


def load_manifest(folder: Path) -> list[Golden]:
    """The goldens of a folder, in the order of its manifest.

    Raises UsageError, which names file, place and reason, for a manifest that is missing or wrong.
    """
    path = folder / MANIFEST
    plain = _read(path)
    _check_schema(path, plain)
    goldens = [_golden(path, folder, entry) for entry in plain["goldens"]]
    for name, count in Counter(golden.name for golden in goldens).items():
        if count > 1:
            raise UsageError(f"{path}: {name} is there {count} times")
    return goldens


def _read(path: Path) -> Any:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise UsageError(f"{path}: larger than {_MAX_BYTES} bytes")
        document = read_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot read: {error.strerror}") from error
    except (UnicodeDecodeError, YamlError) as error:
        raise UsageError(f"{path}: {error}") from error
    for duplicate in document.duplicates:
        raise UsageError(f"{path}: line {duplicate.line}: {duplicate.path} is there twice")
    return document.value


def _check_schema(path: Path, plain: Any) -> None:
    # Imported here: `golden --help` needs none of it.
    from jsonschema import Draft7Validator  # noqa: PLC0415
    from jsonschema.exceptions import best_match  # noqa: PLC0415

    error = best_match(Draft7Validator(load_schema(SCHEMA)).iter_errors(plain))
    if error is None:
        return
    place, reason = field_path(error.absolute_path), error.message
    if error.validator in ("anyOf", "pattern") and "description" in error.schema:
        reason = f"{shorten(error.instance)} does not fit: {error.schema['description']}"
    raise UsageError(f"{path}: {place}: {reason}" if place else f"{path}: {reason}")


def _golden(path: Path, folder: Path, entry: Mapping[str, Any]) -> Golden:
    # Imported here: `golden --help` needs no profile.
    from nandtrace.nand.profiles.loading import built_in_names  # noqa: PLC0415

    name, profile, verdict = entry["name"], entry["profile"], entry["verdict"]
    own = folder / profile
    try:
        choices = _choices(
            entry, profile if profile in built_in_names() and not own.is_file() else str(own)
        )
        _ = choices.resolved_runs
    except (ValueError, UsageError) as error:
        raise UsageError(f"{path}: {name}: {error}") from error
    violated = () if verdict == "OK" else tuple(sorted(verdict["violated"]))
    return Golden(name, choices, profile, violated, entry["about"])


def _choices(entry: Mapping[str, Any], profile: str) -> Choices:
    run_until = entry.get("run_until", [])
    durations = run_until if isinstance(run_until, list) else [run_until]
    policy = entry.get("apply_policy")
    return Choices(
        profile=profile,
        seed=entry.get("seed"),
        runs=entry.get("runs"),
        run_for_ns=tuple(duration_ns(str(item)) for item in durations),
        max_hooks=entry.get("max_hooks"),
        drain=entry.get("drain"),
        bootstrap=entry.get("bootstrap"),
        apply_policy=None if policy is None else ApplyPolicy(policy),
        bad_blocks=merged_blocks(map(blocks_of, entry.get("bad_blocks", []))),
    )
