"""Operators: each makes one change to a valid trace, and says what the checker has to say of it.

    @breaking("end-dropped", "one-op-end-per-segment", domain="nand")
    def end_dropped(tape: Tape, chance: Random) -> Tape | None:
        \"\"\"An OP_END is missing.\"\"\"

An operator returns a changed tape, or None where the trace has no place for it. Where in the trace, the
random generator chooses, among places at which the change breaks the rule for certain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from random import Random

from nandtrace.check.mutation.tape import Tape

Change = Callable[[Tape, Random], Tape | None]

_IN = "nandtrace.check.mutation"

_MODULES = {
    "": ("any_log", "equivalents"),
    "nand": (
        "nand_kinds",
        "nand_columns",
        "nand_columns_more",
        "nand_order",
        "nand_intruders",
        "nand_addressing",
        "nand_suspending",
        "nand_ending",
        "nand_words",
        "nand_untold",
        "nand_snapshots",
        "nand_equivalents",
    ),
    "graph": (
        "graph_puts",
        "graph_pending",
        "graph_takes",
        "graph_names",
        "graph_turns",
        "graph_ticks",
        "graph_life",
        "graph_errors",
        "graph_ends",
        "graph_equivalents",
    ),
    "workorder": (
        "workorder_orders",
        "workorder_queue",
        "workorder_retries",
        "workorder_slots",
        "workorder_endings",
        "workorder_claims",
        "workorder_holds",
        "workorder_life",
        "workorder_runs",
        "workorder_equivalents",
    ),
}
"""Modules with the operators of each domain; those under no name are for every one."""


@dataclass(frozen=True, slots=True)
class Operator:
    """One kind of change. `sentence` says what is then wrong, or what is only written in another way.

    `breaks` is the invariant that it must violate, among others perhaps; None where a mutant is
    equivalent, and no invariant may mind it. `domains` are those whose traces it changes, none for all.
    """

    id: str
    sentence: str
    breaks: str | None
    domains: tuple[str, ...]
    change: Change

    @property
    def is_equivalent(self) -> bool:
        return self.breaks is None

    def mutant(self, tape: Tape, seed: int) -> Tape | None:
        """A mutant of a tape; the same for the same seed. None where there is no place for it."""
        return self.change(tape, Random(f"{self.id} {seed}"))  # noqa: S311 - nothing secret


def breaking(
    operator_id: str, invariant: str, *, domain: str | None
) -> Callable[[Change], Operator]:
    """Make a change an operator whose mutants violate an invariant; its docstring is the sentence."""
    return _operator(operator_id, invariant, domain)


def equivalent(operator_id: str, *, domain: str | None) -> Callable[[Change], Operator]:
    """Make a change an operator whose mutants hold as much as the trace that they are made from."""
    return _operator(operator_id, None, domain)


def _operator(
    operator_id: str, breaks: str | None, domain: str | None
) -> Callable[[Change], Operator]:
    domains = () if domain is None else (domain,)

    def build(change: Change) -> Operator:
        assert change.__doc__, f"{operator_id} lacks its sentence"
        return Operator(operator_id, change.__doc__, breaks, domains, change)

    return build


def load_operators(domain: str) -> list[Operator]:
    """The operators for traces of a domain, in a fixed order."""
    operators = []
    for name in (*_MODULES[""], *_MODULES.get(domain, ())):
        module = import_module(f"{_IN}.{name}")
        operators += [item for item in vars(module).values() if isinstance(item, Operator)]
    assert len({item.id for item in operators}) == len(operators)
    return operators
