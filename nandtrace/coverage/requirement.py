"""What `--fail-under` asks for, and where coverage falls short of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from nandtrace.coverage.collector import KINDS
from nandtrace.coverage.domains import DOMAINS, points_of
from nandtrace.coverage.measuring import Coverage, DomainCoverage
from nandtrace.coverage.table import percent_text
from nandtrace.errors import UsageError

INVARIANTS = "invariants"


@dataclass(frozen=True, slots=True)
class Requirement:
    """At least this percentage of a point's bins, or of the invariants, in every domain that has it."""

    name: str
    percent: Fraction


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A requirement that a domain does not meet, and the words for it."""

    domain: str
    name: str
    text: str


def requirement_of(text: str) -> Requirement:
    """Read PERCENT, which is of the invariants, or NAME=PERCENT. Raises UsageError."""
    name, equals, number = text.rpartition("=")
    name = name if equals else INVARIANTS
    known = [INVARIANTS, *table_names()]
    if name not in known:
        raise UsageError(f"--fail-under {text}: there is no {name!r}; there are {', '.join(known)}")
    try:
        percent = Fraction(number)
    except (ValueError, ZeroDivisionError):
        percent = Fraction(-1)
    if not 0 <= percent <= 100:
        raise UsageError(f"--fail-under {text}: {number!r} is not a percentage from 0 to 100")
    return Requirement(name, percent)


def table_names() -> list[str]:
    """The names of all tables, in the order of the report."""
    points = [KINDS, *(point for domain in DOMAINS for point in points_of(domain))]
    return list(dict.fromkeys(point.id for point in points))


def shortfalls(coverage: Coverage, requirements: Iterable[Requirement]) -> list[Shortfall]:
    """Where coverage falls short, in the order of the requirements and of the domains."""
    found: list[Shortfall] = []
    for wanted in requirements:
        have = [item for item in coverage.domains.values() if _has(item, wanted.name)]
        for domain in have:
            found += _shortfall(domain, wanted)
        if not have:
            found.append(Shortfall(NO_DOMAIN, wanted.name, "no trace could be read that has it"))
    return found


NO_DOMAIN = "-"


def _has(domain: DomainCoverage, name: str) -> bool:
    return name == INVARIANTS or name in domain.tables


def _shortfall(domain: DomainCoverage, wanted: Requirement) -> Iterator[Shortfall]:
    hit, possible = domain.exercised, len(domain.invariants)
    if wanted.name != INVARIANTS:
        table = domain.tables[wanted.name]
        if table.possible is None:
            yield Shortfall(domain.domain, wanted.name, "nothing tells what is possible")
            return
        hit, possible = table.hit, len(table.possible)
    # Where nothing is possible, nothing is missing.
    if hit * 100 < wanted.percent * possible:
        least = f"{float(wanted.percent):g} %"
        text = f"{hit} of {possible}, {percent_text(hit, possible)}, is below {least}"
        yield Shortfall(domain.domain, wanted.name, text)
