"""Goldens on the disk: where each lies, what waits beside it, and what nobody refers to."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from nandtrace.cli.golden_kinds import Golden
from nandtrace.errors import StorageError, TraceError
from nandtrace.report.companion import companion_text
from nandtrace.trace import ChunkError, TraceReader
from nandtrace.trace.chunk_file import partial_path

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
    source, text = golden.source
    notes = {
        "golden": golden.name,
        "about": golden.about,
        source: text,
        "options": golden.options_text,
        "verdict": golden.expected,
    }
    try:
        with TraceReader(trace) as reader:
            return companion_text(reader, notes)
    except ChunkError as error:
        raise TraceError(str(trace), str(error)) from error


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
