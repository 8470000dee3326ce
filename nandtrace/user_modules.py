"""Modules of the user's: an object in one, by its name, and what it needs to be imported and to run.

Whatever goes wrong in the user's code is a UsageError that says where: no traceback reaches a user.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from nandtrace.errors import UsageError
from nandtrace.user_errors import blaming

_FILE_SUFFIX = ".py"
_NAME = re.compile(r"[^\W\d]\w*")
_DOTTED = re.compile(rf"{_NAME.pattern}(\.{_NAME.pattern})*")


@dataclass(frozen=True, slots=True)
class Target:
    """A function or class of a module: by the module's dotted name, or in a file."""

    module: str
    name: str

    @property
    def is_file(self) -> bool:
        return self.module.endswith(_FILE_SUFFIX)

    @property
    def stem(self) -> str:
        """The module's own name, without packages, folders and suffix."""
        return Path(self.module).stem if self.is_file else self.module.rpartition(".")[2]

    @property
    def label(self) -> str:
        """The target by a name that is the same on every machine: of a file its name alone."""
        module = Path(self.module).name if self.is_file else self.module
        return f"{module}:{self.name}"

    def __str__(self) -> str:
        return f"{self.module}:{self.name}"


def parse_target(text: str, kind: str = "FUNCTION") -> Target:
    """The target of `module:name` or `path/to/file.py:name`; `kind` is what it names. Raises UsageError."""
    module, colon, name = text.rpartition(":")
    target = Target(module, name)
    if not colon or _NAME.fullmatch(name) is None:
        raise UsageError(f"{text!r} is no MODULE:{kind} or FILE{_FILE_SUFFIX}:{kind}")
    if not target.is_file and _DOTTED.fullmatch(module) is None:
        raise UsageError(f"{text}: {module!r} is no module, and no file ending in {_FILE_SUFFIX}")
    return target


@contextmanager
def imported(target: Target, folders: Sequence[Path] = ()) -> Iterator[ModuleType]:
    """The module of a target; inside the block its code may run, for it may import more.

    Modules are looked for in `folders` first; a file's own folder comes even before them. Once the block is
    left the Python path is as before, and modules from these folders are forgotten: another target may have
    modules of the same names. Not for several threads at once. Raises UsageError for a module that can't be
    imported.
    """
    path = _file_path(target)
    first = () if path is None else (path.parent,)
    with _imports_from([*first, *(folder.resolve() for folder in folders)]):
        with blaming(target):
            module = _module(target, path)
        yield module


def file_of(module: ModuleType) -> Path | None:
    """Where a module lies, where it lies in a file."""
    file = getattr(module, "__file__", None)
    return None if file is None else Path(file)


def _file_path(target: Target) -> Path | None:
    if not target.is_file:
        return None
    path = Path(target.module).resolve()
    if not path.is_file():
        raise UsageError(f"{target}: there is no file {target.module}")
    return path


def _module(target: Target, path: Path | None) -> ModuleType:
    if path is None:
        return importlib.import_module(target.module)
    # Under a name that is no other module's, whatever the file is called.
    name = f"_nandtrace_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Before it is executed, as by an import: what a module defines may look its module up.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@contextmanager
def _imports_from(folders: Sequence[Path]) -> Iterator[None]:
    """Let modules be imported from these folders first, and forget them afterwards.

    No bytecode is written beside them: loading changes no folder.
    """
    known, path, writes_no_bytecode = set(sys.modules), list(sys.path), sys.dont_write_bytecode
    sys.path[:0] = map(str, folders)
    sys.dont_write_bytecode = True
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:], sys.dont_write_bytecode = path, writes_no_bytecode
        new = {name.partition(".")[0] for name in sys.modules} - known
        ours = {top for top in new if _lies_in(top, folders)}
        for name in [name for name in sys.modules if name.partition(".")[0] in ours]:
            del sys.modules[name]


def _lies_in(top: str, folders: Sequence[Path]) -> bool:
    """Whether a module without a package, or a package, was found in one of the folders."""
    spec = getattr(sys.modules.get(top), "__spec__", None)
    if spec is None:
        return False
    places = spec.submodule_search_locations or ([spec.origin] if spec.origin else [])
    return any(Path(place).parent in folders for place in places)
