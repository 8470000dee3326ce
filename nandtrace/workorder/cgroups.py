"""Control groups: the kernel's groups that this process is in, and what their files say.

Both versions are understood, also side by side. What is missing or looks odd limits nothing.
"""

from __future__ import annotations

import os
import re
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

PROC = Path("/proc/self")
"""Where the kernel tells a process about itself."""

_MAX_BYTES = 65_536
_ESCAPED = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class ControlGroup:
    """A group: its folder, and whether its files are those of version 2."""

    folder: Path
    is_unified: bool


class KernelFile:
    """A small file of the kernel's, opened once and read again and again.

    Raises OSError, as its readings do.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, self._descriptor)

    def read(self) -> bytes:
        """All that it says now."""
        return os.pread(self._descriptor, _MAX_BYTES, 0)


def control_groups(controller: str, proc: Path = PROC) -> list[ControlGroup]:
    """The groups whose limits of a controller (memory, cpu) hold for this process.

    For each version the process's own group comes first, then every group around it.
    """
    paths = _paths_by_version(controller, proc)
    found: list[ControlGroup] = []
    for mount in _mounts(controller, proc):
        if mount.is_unified in paths:
            found += _up_to_mount(mount, paths[mount.is_unified])
    return found


@dataclass(frozen=True, slots=True)
class _Mount:
    """Where a hierarchy of groups is seen; its top folder is the group `root`."""

    point: Path
    root: PurePosixPath
    is_unified: bool


def _paths_by_version(controller: str, proc: Path) -> dict[bool, PurePosixPath]:
    """The path of the process's group, by whether the hierarchy is the unified one."""
    found = {}
    for line in _lines(proc / "cgroup"):
        hierarchy, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if hierarchy == "0" and not controllers:
            found[True] = PurePosixPath(path)
        elif controller in controllers.split(","):
            found[False] = PurePosixPath(path)
    return found


def _mounts(controller: str, proc: Path) -> Iterator[_Mount]:
    for line in _lines(proc / "mountinfo"):
        place, _, kind = line.partition(" - ")
        places, kinds = place.split(" "), kind.split(" ")
        if len(places) < 5 or len(kinds) < 3:
            continue
        is_unified = kinds[0] == "cgroup2"
        if is_unified or (kinds[0] == "cgroup" and controller in kinds[2].split(",")):
            yield _Mount(
                Path(_unescaped(places[4])), PurePosixPath(_unescaped(places[3])), is_unified
            )


def _up_to_mount(mount: _Mount, path: PurePosixPath) -> Iterator[ControlGroup]:
    # In a container the path may lie outside of what is mounted; the mount is then its own group.
    is_below = path.is_relative_to(mount.root) and ".." not in path.parts
    inner = path.relative_to(mount.root) if is_below else PurePosixPath()
    for part in (inner, *inner.parents) if inner.parts else (inner,):
        yield ControlGroup(mount.point / part, mount.is_unified)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return []


def _unescaped(text: str) -> str:
    """A path of mountinfo, in which a space is written \\040."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 8)), text)
