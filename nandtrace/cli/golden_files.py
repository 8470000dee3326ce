"""Goldens on the disk: where each lies, what waits beside it, and what nobody refers to."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from nandtrace.cli.golden_manifest import Golden
from nandtrace.errors import StorageError, TraceError
from nandtrace.report.companion import companion_text
from nandtrace.trace import ChunkError, TraceReader
from nandtrace.trace.writer import partial_path
from nandtrace.units import ns_to_us_text

TRACE_SUFFIX = ".mpk"
NEW_SUFFIX = ".mpk.new"
COMPANION_SUFFIX = ".txt"


@dataclass(frozen=True, slots=True)
class Places:
    """The files of one golden."""

    trace: Path
    new: Path
    companion: Path


def places_of(folder: Path, name: str) -> Places:
    """Where a golden's files lie, whether they are there or not."""
    return Places(
        folder / f"{name}{TRACE_SUFFIX}",
        folder / f"{name}{NEW_SUFFIX}",
        folder / f"{name}{COMPANION_SUFFIX}",
    )


def unreferenced(folder: Path, goldens: Iterable[Golden]) -> list[str]:
    """Traces, waiting traces and companions below a folder that belong to no golden, by name."""
    known: set[Path] = set()
    for golden in goldens:
        places = places_of(folder, golden.name)
        known |= {places.trace, places.new, places.companion}
    suffixes = (TRACE_SUFFIX, NEW_SUFFIX, COMPANION_SUFFIX)
    found = (path for path in folder.rglob("*") if path.name.endswith(suffixes))
    return sorted(
        path.relative_to(folder).as_posix()
        for path in found
        if path not in known and path.is_file()
    )


def digest_of(path: Path) -> str | None:
    """The digest of a sealed trace; None where there is no such file, or none that can be read."""
    try:
        with TraceReader(path) as reader:
            return reader.index.digest().hex() if reader.has_footer else None
    except TraceError:
        return None


def companion_of(golden: Golden, trace: Path) -> str:
    """What the companion of a golden must say when this is its trace.

    Raises TraceError where the trace can't be read.
    """
    notes = {
        "golden": golden.name,
        "about": golden.about,
        "profile": golden.profile,
        "options": _options_text(golden),
        "verdict": golden.expected,
    }
    try:
        with TraceReader(trace) as reader:
            return companion_text(reader, notes)
    except ChunkError as error:
        raise TraceError(str(trace), str(error)) from error


def _options_text(golden: Golden) -> str:
    """The options that a golden is recorded with, each where it is not the default."""
    choices = golden.choices
    blocks = ",".join(f"{die}:{block}" for die, block in choices.bad_blocks)
    switches = {"drain": choices.drain, "bootstrap": choices.bootstrap}
    parts = [
        f"--seed {choices.seed or 0}",
        f"--runs {choices.resolved_runs}",
        *(f"--run-until {ns_to_us_text(length_ns)}us" for length_ns in choices.run_for_ns),
        f"--max-hooks {choices.max_hooks}" if choices.max_hooks is not None else "",
        *(f"--{'' if on else 'no-'}{name}" for name, on in switches.items() if on is not None),
        f"--apply-policy {choices.apply_policy}" if choices.apply_policy else "",
        f"--bad-blocks {blocks}" if blocks else "",
    ]
    return " ".join(part for part in parts if part)


def companion_differs(golden: Golden, places: Places) -> bool:
    """Whether the companion is missing or says something else than the golden."""
    try:
        return places.companion.read_text(encoding="utf-8") != companion_of(golden, places.trace)
    except (OSError, UnicodeDecodeError, TraceError):
        return True


def put_file(source: Path, target: Path) -> None:
    """Copy a file to where it belongs, whole or not at all. Raises StorageError."""
    _put(target, lambda partial: shutil.copyfile(source, partial))


def put_text(text: str, target: Path) -> None:
    """Write a text where it belongs, whole or not at all. Raises StorageError."""
    _put(target, lambda partial: partial.write_text(text, encoding="utf-8", newline="\n"))


def _put(target: Path, write: Callable[[Path], object]) -> None:
    """Let `write` make a file, which has its name once it is complete."""
    partial = partial_path(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write(partial)
        partial.replace(target)
    except OSError as error:
        remove(partial)
        raise StorageError(str(target), error) from error


def remove(path: Path) -> None:
    """Remove a file that may not be there."""
    with contextlib.suppress(OSError):
        path.unlink()


def only_reads() -> bool:
    """Whether nothing may be written: in continuous integration, which sets CI=true."""
    return os.environ.get("CI", "").strip().lower() in ("true", "1")
