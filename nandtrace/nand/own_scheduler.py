"""A scheduler of the user's own: a subclass of ours that records in its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nandtrace.errors import NandtraceError, UsageError
from nandtrace.nand.scheduler import Scheduler
from nandtrace.user_errors import blaming
from nandtrace.user_modules import Target, imported


@dataclass(frozen=True, slots=True)
class OwnScheduler:
    """A class, and the name that a trace's header gives it: MODULE:CLASS."""

    kind: type[Scheduler]
    label: str

    @contextmanager
    def blamed(self) -> Iterator[None]:
        """Turn an exception that is not ours into a UsageError that names the class and the line."""
        try:
            yield
        except NandtraceError:
            raise
        except Exception:
            with blaming(self.label):
                raise


def own_scheduler(kind: type[Scheduler]) -> OwnScheduler:
    """A class of a program's own, by the name that its module gives it."""
    return OwnScheduler(kind, f"{kind.__module__}:{kind.__qualname__}")


@contextmanager
def loaded_scheduler(target: Target, folders: Sequence[Path] = ()) -> Iterator[OwnScheduler]:
    """The class that a target names; inside the block it may run, for it may import more.

    Where its module is looked for, `user_modules.imported` says. Raises UsageError for a module that can't
    be imported, and for anything in it but a subclass of Scheduler.
    """
    with imported(target, folders) as module:
        found = getattr(module, target.name, None)
        if found is None:
            raise UsageError(f"{target}: the module has no class {target.name!r}")
        if not (isinstance(found, type) and issubclass(found, Scheduler)):
            raise UsageError(f"{target}: it is no subclass of nandtrace.nand.scheduler.Scheduler")
        yield OwnScheduler(found, target.label)
