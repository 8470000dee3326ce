"""Invariants: each a stable id, one sentence, its reason, and one query over a batch of runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import entry_points

from nandtrace.check.facts import Facts
from nandtrace.check.tables import Finding
from nandtrace.errors import UsageError

ENTRY_POINT_GROUP = "nandtrace.invariants"

_MODULES = (
    "nandtrace.check.invariants.log",
    "nandtrace.check.invariants.nand_lifecycle",
    "nandtrace.check.invariants.nand_boundary",
    "nandtrace.check.invariants.nand_bootstrap",
    "nandtrace.check.invariants.nand_counts",
    "nandtrace.check.invariants.nand_address",
    "nandtrace.check.invariants.nand_blocks",
    "nandtrace.check.invariants.nand_read",
    "nandtrace.check.invariants.nand_resource",
    "nandtrace.check.invariants.nand_marks",
    "nandtrace.check.invariants.nand_suspend",
    "nandtrace.check.invariants.nand_reset",
    "nandtrace.check.invariants.nand_sequence",
)


Query = Callable[[Facts], Finding]


@dataclass(frozen=True, slots=True)
class Invariant:
    """One rule. Without events of the kinds that it `needs` there is nothing to check."""

    id: str
    group: str
    sentence: str
    rationale: str
    source: str
    query: Query = field(repr=False, compare=False)
    needs: tuple[str, ...] = ()
    domain: str = "nand"


def invariant(
    invariant_id: str,
    *,
    group: str,
    sentence: str,
    rationale: str,
    source: str,
    needs: Iterable[str] = (),
    domain: str = "nand",
) -> Callable[[Query], Invariant]:
    """Make a query an invariant: the decorated name becomes the Invariant."""

    def build(query: Query) -> Invariant:
        return Invariant(
            invariant_id, group, sentence, rationale, source, query, tuple(needs), domain
        )

    return build


def load_invariants() -> dict[str, Invariant]:
    """All invariants by id: those of nandtrace in the order of the catalogue, then those of plugins.

    An entry point of the group `nandtrace.invariants` names an Invariant or a module that holds some.
    Raises UsageError for a plugin that can't be loaded or takes an id that is taken.
    """
    found: dict[str, Invariant] = {}
    for module_name in _MODULES:
        _add(found, _invariants_of(import_module(module_name)), module_name)
    for entry in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda item: item.name):
        try:
            loaded = entry.load()
        except Exception as error:
            raise UsageError(f"the plugin {entry.name!r} ({entry.value}): {error!r}") from error
        items = [loaded] if isinstance(loaded, Invariant) else _invariants_of(loaded)
        _add(found, items, f"the plugin {entry.name!r}")
    return found


def _invariants_of(module: object) -> list[Invariant]:
    return [value for value in vars(module).values() if isinstance(value, Invariant)]


def _add(found: dict[str, Invariant], items: Iterable[Invariant], where: str) -> None:
    for item in items:
        if item.id in found:
            raise UsageError(f"{where}: the invariant id {item.id!r} is taken")
        found[item.id] = item
