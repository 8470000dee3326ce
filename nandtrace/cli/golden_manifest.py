"""The manifest of goldens: which recordings a repository keeps, and how each is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nandtrace.cli.golden_kinds import Golden, GraphGolden, NandGolden, WorkOrderGolden
from nandtrace.cli.recording_options import GRAPH_QUANTUM_NS, GraphChoices, WorkOrderChoices
from nandtrace.errors import UsageError
from nandtrace.nand.chosen import Choices, blocks_of, merged_blocks
from nandtrace.nand.profiles.yaml_text import YamlError, read_yaml
from nandtrace.units import duration_ns
from nandtrace.user_files import EntryError, check_entries, read_text
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
    try:
        check_entries(SCHEMA, plain)
    except EntryError as error:
        raise UsageError(f"{path}: {error}") from error
    goldens = [_golden(path, folder, entry) for entry in plain["goldens"]]
    for name, count in Counter(golden.name for golden in goldens).items():
        if count > 1:
            raise UsageError(f"{path}: {name} is there {count} times")
    return goldens


def _read(path: Path) -> Any:
    text = read_text(path, _MAX_BYTES)
    try:
        document = read_yaml(text)
    except YamlError as error:
        raise UsageError(f"{path}: {error}") from error
    for duplicate in document.duplicates:
        raise UsageError(f"{path}: line {duplicate.line}: {duplicate.path} is there twice")
    return document.value


def _golden(path: Path, folder: Path, entry: Mapping[str, Any]) -> Golden:
    makers = {"graph": _graph_golden, "workorder": _workorder_golden}
    make = next((makers[key] for key in makers if key in entry), _nand_golden)
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


def _workorder_golden(folder: Path, entry: Mapping[str, Any]) -> WorkOrderGolden:
    choices = WorkOrderChoices(
        scenario=folder / entry["workorder"],
        seed=entry.get("seed"),
        checkpoint=entry.get("checkpoint"),
    )
    return WorkOrderGolden(
        entry["name"], _violated(entry), entry["about"], choices, entry["workorder"]
    )


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
