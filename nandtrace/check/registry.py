"""Invariants: each a stable id, one sentence, its reason, and one query over a batch of runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from nandtrace.check.tables import Finding
from nandtrace.errors import UsageError

ENTRY_POINT_GROUP = "nandtrace.invariants"

_IN = "nandtrace.check.invariants"

_MODULES = {
    "nand": (
        "nand_log",
        "nand_words",
        "nand_lifecycle",
        "nand_states",
        "nand_timing",
        "nand_boundary",
        "nand_bootstrap",
        "nand_counts",
        "nand_run_end",
        "nand_address",
        "nand_blocks",
        "nand_read",
        "nand_resource",
        "nand_marks",
        "nand_suspend",
        "nand_reset",
        "nand_sequence",
    ),
    "graph": ("graph_edges", "graph_turns", "graph_life", "graph_shutdown", "checkpoints"),
    "workorder": (
        "checkpoints",
        "workorder_orders",
        "workorder_slots",
        "workorder_claims",
        "workorder_life",
    ),
}
"""By domain, in the order of the catalogue; `log` holds in every one and comes first."""

Query = Callable[..., Finding]
"""Called with the facts of its domain: `Facts`, `GraphFacts` or `WorkOrderFacts`, else `EventFacts`."""


@dataclass(frozen=True, slots=True)
class Invariant:
    """One rule of some domains, or of all where it names none.

    Without events of the kinds that it `needs` there is nothing to check. What violates it also violates
    one of those that it `implies`, if there are any, and `stays` says why it is judged all the same.
    """

    id: str
    group: str
    sentence: str
    rationale: str
    source: str
    query: Query = field(repr=False, compare=False)
    needs: tuple[str, ...] = ()
    domains: tuple[str, ...] = ("nand",)
    implies: tuple[str, ...] = ()
    stays: str = ""

    def is_for(self, domain: str) -> bool:
        """Whether it holds in a domain."""
        return not self.domains or domain in self.domains


def invariant(
    invariant_id: str,
    *,
    group: str,
    sentence: str,
    rationale: str,
    source: str,
    needs: Iterable[str] = (),
    domain: str | Iterable[str] | None = "nand",
    implies: Iterable[str] = (),
    stays: str = "",
) -> Callable[[Query], Invariant]:
    """Make a query an invariant: the decorated name becomes the Invariant.

    `domain` names the domain that it holds in, or several; None stands for every domain. With `implies`
    goes `stays`.
    """
    domains = (domain,) if isinstance(domain, str) else tuple(domain or ())

    def build(query: Query) -> Invariant:
        return Invariant(
            invariant_id,
            group,
            sentence,
            rationale,
            source,
            query,
            tuple(needs),
            domains,
            tuple(implies),
            stays,
        )

    return build


def load_invariants(domain: str | None = None) -> dict[str, Invariant]:
    """Invariants by id: those of nandtrace in the order of the catalogue, then those of plugins.

    With a domain those that hold in it; modules that are for other domains alone are not imported.

    An entry point of the group `nandtrace.invariants` names an Invariant or a module that holds some.
    Raises UsageError for a plugin that can't be loaded or takes an id that is taken.
    """
    found = own_invariants(domain)
    for entry in plugins():
        try:
            loaded = entry.load()
        except Exception as error:
            raise UsageError(f"the plugin {entry.name!r} ({entry.value}): {error!r}") from error
        items = [loaded] if isinstance(loaded, Invariant) else _invariants_of(loaded)
        _add(found, items, f"the plugin {entry.name!r}")
    return _for_domain(found, domain)


@cache
def plugins() -> tuple[EntryPoint, ...]:
    """The entry points of the group, by name. Looked up once: reading the metadata of all that is installed
    takes longer than judging a small trace."""
    return tuple(sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda item: item.name))


def own_invariants(domain: str | None = None) -> dict[str, Invariant]:
    """The invariants of nandtrace itself: as `load_invariants`, without plugins."""
    found: dict[str, Invariant] = {}
    for name in _modules(domain):
        _add(found, _invariants_of(import_module(f"{_IN}.{name}")), f"{_IN}.{name}")
    return _for_domain(found, domain)


def _for_domain(found: dict[str, Invariant], domain: str | None) -> dict[str, Invariant]:
    if domain is None:
        return found
    return {name: item for name, item in found.items() if item.is_for(domain)}


def _modules(domain: str | None) -> list[str]:
    of_domains = [_MODULES.get(domain, ())] if domain is not None else _MODULES.values()
    # A module may serve several domains.
    return list(dict.fromkeys(["log", *(name for names in of_domains for name in names)]))


def _invariants_of(module: object) -> list[Invariant]:
    return [value for value in vars(module).values() if isinstance(value, Invariant)]


def _add(found: dict[str, Invariant], items: Iterable[Invariant], where: str) -> None:
    for item in items:
        if item.id in found:
            raise UsageError(f"{where}: the invariant id {item.id!r} is taken")
        found[item.id] = item
