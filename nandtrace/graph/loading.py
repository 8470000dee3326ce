"""Loading: a function in a module of the user's builds the graph that is to run.

Whatever goes wrong in the user's code is a UsageError that says where: no traceback reaches a user.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from nandtrace.errors import UsageError
from nandtrace.graph.scheduler import Scheduler
from nandtrace.user_errors import blaming
from nandtrace.user_modules import Target, file_of, imported


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

    Where its module is looked for, `user_modules.imported` says. Raises UsageError for a function that
    can't be imported or called, or returns no scheduler.
    """
    with imported(target, folders) as module:
        function = _function(target, module)
        arguments = _arguments(target, function, seed)
        with blaming(target):
            scheduler = function(**arguments)
        if not isinstance(scheduler, Scheduler):
            kind = type(scheduler).__name__
            raise UsageError(f"{target}: it returned no Scheduler but a value of type {kind}")
        yield LoadedGraph(scheduler, arguments.get("seed"), file_of(module))


def _function(target: Target, module: ModuleType) -> Callable[..., Any]:
    function = getattr(module, target.name, None)
    if function is None:
        raise UsageError(f"{target}: the module has no function {target.name!r}")
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
