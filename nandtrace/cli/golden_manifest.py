"""The manifest of goldens: which recordings a repository keeps, and how each is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nandtrace.cli.golden_kinds import Golden, GraphGolden, NandGolden
from nandtrace.cli.recording_options import (
    GRAPH_QUANTUM_NS,
    Choices,
    GraphChoices,
    blocks_of,
    duration_ns,
    merged_blocks,
)
from nandtrace.convert.line_schema import field_path, shorten
from nandtrace.errors import UsageError
from nandtrace.nand.profiles.yaml_text import YamlError, read_yaml
from nandtrace.schema_files import load_schema
from nandtrace.vocab.nand import ApplyPolicy

MANIFEST = "manifest.yaml"
SCHEMA = "golden-manifest"
_MAX_BYTES = 4 * 2**20


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
    make = _graph_golden if "graph" in entry else _nand_golden
    try:
        return make(folder, entry)
    except (ValueError, UsageError) as error:
        raise UsageError(f"{path}: {entry['name']}: {error}") from error


def _violated(entry: Mapping[str, Any]) -> tuple[str, ...]:
    verdict = entry["verdict"]
    return () if verdict == "OK" else tuple(sorted(verdict["violated"]))


def _graph_golden(folder: Path, entry: Mapping[str, Any]) -> GraphGolden:
    until = entry.get("until")
    choices = GraphChoices(
        # From the manifest's folder, wherever the program was called.
        target=str(folder / entry["graph"]),
        seed=entry.get("seed"),
        until_ns=None if until is None else duration_ns(str(until), GRAPH_QUANTUM_NS),
        checkpoint=entry.get("checkpoint"),
    )
    return GraphGolden(entry["name"], _violated(entry), entry["about"], choices, entry["graph"])


def _nand_golden(folder: Path, entry: Mapping[str, Any]) -> NandGolden:
    # Imported here: `golden --help` needs no profile.
    from nandtrace.nand.profiles.loading import built_in_names  # noqa: PLC0415

    profile = entry["profile"]
    own = folder / profile
    is_own = profile not in built_in_names() or own.is_file()
    choices = _choices(entry, str(own) if is_own else profile)
    _ = choices.resolved_runs
    return NandGolden(entry["name"], _violated(entry), entry["about"], choices, profile)


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
