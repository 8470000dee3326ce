"""Loading: a function in a module of the user's builds the graph that is to run.

Whatever goes wrong in the user's code is a UsageError that says where: no traceback reaches a user.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from nandtrace.errors import UsageError
from nandtrace.graph.blame import blaming
from nandtrace.graph.scheduler import Scheduler

_FILE_SUFFIX = ".py"
_NAME = re.compile(r"[^\W\d]\w*")
_DOTTED = re.compile(rf"{_NAME.pattern}(\.{_NAME.pattern})*")


@dataclass(frozen=True, slots=True)
class Target:
    """A function that builds a graph: in a module by its dotted name, or in a file."""

    module: str
    function: str

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
        return f"{module}:{self.function}"

    def __str__(self) -> str:
        return f"{self.module}:{self.function}"


def parse_target(text: str) -> Target:
    """The target of `module:function` or `path/to/file.py:function`. Raises UsageError."""
    module, colon, function = text.rpartition(":")
    target = Target(module, function)
    if not colon or _NAME.fullmatch(function) is None:
        raise UsageError(f"{text!r} is no MODULE:FUNCTION or FILE{_FILE_SUFFIX}:FUNCTION")
    if not target.is_file and _DOTTED.fullmatch(module) is None:
        raise UsageError(f"{text}: {module!r} is no module, and no file ending in {_FILE_SUFFIX}")
    return target


@dataclass(frozen=True, slots=True)
class LoadedGraph:
    """A graph that a function built. `seed` is what the function got, None where it takes none."""

    scheduler: Scheduler
    seed: int | None
    file: Path | None
    """Where the function's module lies, where it lies in a file."""


@contextmanager
def loaded_graph(
    target: Target, *, seed: int | None = None, folders: Sequence[Path] = ()
) -> Iterator[LoadedGraph]:
    """Call the function; inside the block the graph may run, for its nodes may import more.

    Modules are looked for in `folders` first; a file's own folder comes even before them. Once the block is
    left the Python path is as before, and modules from these folders are forgotten: another graph may have
    modules of the same names. Not for several threads at once. Raises UsageError for a function that can't
    be imported or called, or returns no scheduler.
    """
    path = _file_path(target)
    first = () if path is None else (path.parent,)
    with _imports_from([*first, *(folder.resolve() for folder in folders)]):
        with blaming(target):
            module = _module(target, path)
        function = _function(target, module)
        arguments = _arguments(target, function, seed)
        with blaming(target):
            scheduler = function(**arguments)
        if not isinstance(scheduler, Scheduler):
            kind = type(scheduler).__name__
            raise UsageError(f"{target}: it returned no Scheduler but a value of type {kind}")
        yield LoadedGraph(scheduler, arguments.get("seed"), _file_of(module))


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
    name = f"_graph_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Before it is executed, as by an import: what a module defines may look its module up.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _file_of(module: ModuleType) -> Path | None:
    file = getattr(module, "__file__", None)
    return None if file is None else Path(file)


def _function(target: Target, module: ModuleType) -> Callable[..., Any]:
    function = getattr(module, target.function, None)
    if function is None:
        raise UsageError(f"{target}: the module has no function {target.function!r}")
    if not callable(function):
        raise UsageError(f"{target}: it is no function but of type {type(function).__name__}")
    called: Callable[..., Any] = function
    return called


def _arguments(target: Target, function: Callable[..., Any], seed: int | None) -> dict[str, int]:
    """What the function is called with: a seed where it takes one, given or 0 or its own default."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError) as error:
        raise UsageError(f"{target}: {error}") from error
    takes = parameters.get("seed")
    if takes is None and seed is not None:
        raise UsageError(f"{target}: a seed is given, and the function has no parameter 'seed'")
    for parameter in parameters.values():
        if parameter is not takes and _needs_value(parameter):
            raise UsageError(f"{target}: only 'seed' is given, and it needs {parameter.name!r} too")
    return {} if takes is None else _seed_argument(takes, seed)


def _needs_value(parameter: inspect.Parameter) -> bool:
    collects = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    return parameter.default is parameter.empty and not collects


def _seed_argument(takes: inspect.Parameter, seed: int | None) -> dict[str, int]:
    if seed is not None:
        return {"seed": seed}
    if takes.default is takes.empty:
        return {"seed": 0}
    is_number = isinstance(takes.default, int) and not isinstance(takes.default, bool)
    return {"seed": takes.default} if is_number else {}


@contextmanager
def _imports_from(folders: Sequence[Path]) -> Iterator[None]:
    """Let modules be imported from these folders first, and forget them afterwards.

    No bytecode is written beside them: loading a graph changes no folder.
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
