"""Can a run's end always be reached? Its drain must be able to resume whatever is suspended.

Latches, cache states, what the last op on a plane left and the termination stay as they are while a die
is idle: none of them may keep a resume out. A program is resumed before an erase.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nandtrace.nand.profile import Exclusions, OpBase, Profile
from nandtrace.nand.profiles.entries import ProfileError
from nandtrace.vocab.nand import END, Role

_RESUME_OF = {
    Role.ERASE_SUSPEND: Role.ERASE_RESUME,
    Role.PROGRAM_SUSPEND: Role.PROGRAM_RESUME,
}
_HARMLESS = (
    ("NOT_ERASE_SUSPENDED", Role.ERASE_RESUME),
    ("NOT_PROGRAM_SUSPENDED", Role.PROGRAM_RESUME),
    ("PROGRAM_SUSPENDED", Role.ERASE_RESUME),
)
"""Suspend states in which no drain begins with that resume."""

TABLES = ("by_op_state", "by_latch_state", "by_suspend_state", "by_odt_state", "by_cache_state")
"""The tables of Exclusions."""


@dataclass(frozen=True, slots=True)
class KeptOut:
    """A row of an exclusion table that keeps resumes out of a drain."""

    table: str
    key: str
    resumes: tuple[str, ...]


def resumes_kept_out(exclusions: Exclusions, bases: Mapping[str, OpBase]) -> Iterator[KeptOut]:
    """The rows that keep a resume out for as long as nothing happens on the die."""
    resumes = {base.name: base.role for base in bases.values() if base.role in _RESUME_OF.values()}
    for table in TABLES:
        for key, groups in getattr(exclusions, table).items():
            if table == "by_op_state" and key.partition(".")[2] != END:
                continue
            excluded = {base for group in groups for base in exclusions.groups.get(group, ())}
            kept = tuple(
                name
                for name, role in resumes.items()
                if name in excluded and (key, role) not in _HARMLESS
            )
            if kept:
                yield KeptOut(table, key, kept)


def check_resumes(profile: Profile) -> None:
    """Raise ProfileError where an op suspends and none resumes."""
    roles = [profile.op_bases[op.base].role for op in profile.op_names.values()]
    for op in profile.op_names.values():
        wanted = _RESUME_OF.get(profile.op_bases[op.base].role)
        if wanted is not None and wanted not in roles:
            raise ProfileError(
                f"op_names.{op.name}",
                f"it suspends, but there is no op of role {wanted}, which the end of a run needs",
            )


def check_drain(profile: Profile) -> None:
    """Raise ProfileError where an exclusion could keep a resume out of a drain.

    For profiles that are still to be recorded: what was recorded once can be replayed as it was.
    """
    for row in resumes_kept_out(profile.exclusions, profile.op_bases):
        raise ProfileError(
            f"exclusions.{row.table}.{row.key}",
            f"it keeps out {' and '.join(row.resumes)}, which the end of a run needs",
        )
