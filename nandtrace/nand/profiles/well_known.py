"""What the well-known op bases of NAND devices mean: a profile that uses these names need not say it.

A completed op `fills` a latch of its planes and `frees` others; it `enters` a cache state of its planes
and `leaves` others. Source: NAND data sheets: command set, cache operations, copy-back.
"""

from __future__ import annotations

from dataclasses import dataclass

from nandtrace.vocab.nand import Role

LATCH_ON_READ = "LATCH_ON_READ"
LATCH_ON_LSB = "LATCH_ON_LSB"
LATCH_ON_CSB = "LATCH_ON_CSB"
LATCH_ON_MSB = "LATCH_ON_MSB"

ON_CACHE_READ = "ON_CACHE_READ"
ON_PLANE_CACHE_READ = "ON_PLANE_CACHE_READ"
ON_CACHE_PROGRAM = "ON_CACHE_PROGRAM"
ON_ONESHOT_CACHE_PROGRAM = "ON_ONESHOT_CACHE_PROGRAM"

_ONESHOT = (LATCH_ON_LSB, LATCH_ON_CSB, LATCH_ON_MSB)
_COPYBACK_ONESHOT = (LATCH_ON_READ, *_ONESHOT)

ADDRESSED_ROLES = frozenset(
    {
        Role.ERASE,
        Role.PROGRAM,
        Role.LOAD,
        Role.READ,
        Role.CACHE_READ,
        Role.CACHE_READ_END,
        Role.DATA_OUT,
    }
)
"""Roles of ops whose targets are pages; all others address a die."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What ops of a base mean to the device."""

    role: Role = Role.OTHER
    fills: str | None = None
    frees: tuple[str, ...] = ()
    enters: str | None = None
    leaves: tuple[str, ...] = ()


_SENSES = Meaning(Role.READ, fills=LATCH_ON_READ)
_DELIVERS = Meaning(Role.DATA_OUT, frees=(LATCH_ON_READ,))

WELL_KNOWN: dict[str, Meaning] = {
    "ERASE": Meaning(Role.ERASE),
    "PROGRAM_SLC": Meaning(Role.PROGRAM, leaves=(ON_CACHE_PROGRAM,)),
    "CACHE_PROGRAM_SLC": Meaning(Role.PROGRAM, enters=ON_CACHE_PROGRAM),
    "ALLWL_PROGRAM": Meaning(Role.LOAD),
    "COPYBACK_PROGRAM_SLC": Meaning(Role.PROGRAM, frees=(LATCH_ON_READ,)),
    "ONESHOT_PROGRAM_LSB": Meaning(Role.LOAD, fills=LATCH_ON_LSB),
    "ONESHOT_PROGRAM_CSB": Meaning(Role.LOAD, fills=LATCH_ON_CSB),
    "ONESHOT_PROGRAM_MSB": Meaning(Role.LOAD, fills=LATCH_ON_MSB),
    "ONESHOT_PROGRAM_MSB_23H": Meaning(
        Role.PROGRAM, frees=_ONESHOT, leaves=(ON_ONESHOT_CACHE_PROGRAM,)
    ),
    "ONESHOT_PROGRAM_EXEC_MSB": Meaning(
        Role.PROGRAM, frees=_ONESHOT, leaves=(ON_ONESHOT_CACHE_PROGRAM,)
    ),
    "ONESHOT_CACHE_PROGRAM": Meaning(Role.PROGRAM, frees=_ONESHOT, enters=ON_ONESHOT_CACHE_PROGRAM),
    "ONESHOT_COPYBACK_PROGRAM_LSB": Meaning(Role.LOAD, fills=LATCH_ON_LSB, frees=(LATCH_ON_READ,)),
    "ONESHOT_COPYBACK_PROGRAM_CSB": Meaning(Role.LOAD, fills=LATCH_ON_CSB, frees=(LATCH_ON_READ,)),
    "ONESHOT_COPYBACK_PROGRAM_MSB": Meaning(Role.LOAD, fills=LATCH_ON_MSB, frees=(LATCH_ON_READ,)),
    "ONESHOT_COPYBACK_PROGRAM_EXEC_MSB": Meaning(Role.PROGRAM, frees=_COPYBACK_ONESHOT),
    "READ": _SENSES,
    "READ4K": _SENSES,
    "PLANE_READ": _SENSES,
    "PLANE_READ4K": _SENSES,
    "COPYBACK_READ": _SENSES,
    "RECOVERY_RD": _SENSES,
    "CACHE_READ": Meaning(Role.CACHE_READ, fills=LATCH_ON_READ, enters=ON_CACHE_READ),
    "CACHE_READ_END": Meaning(Role.CACHE_READ_END, fills=LATCH_ON_READ, leaves=(ON_CACHE_READ,)),
    "PLANE_CACHE_READ": Meaning(Role.CACHE_READ, fills=LATCH_ON_READ, enters=ON_PLANE_CACHE_READ),
    "PLANE_CACHE_READ_END": Meaning(
        Role.CACHE_READ_END, fills=LATCH_ON_READ, leaves=(ON_PLANE_CACHE_READ,)
    ),
    "DOUT": _DELIVERS,
    "DOUT4K": _DELIVERS,
    "ERASE_SUSPEND": Meaning(Role.ERASE_SUSPEND),
    "ERASE_RESUME": Meaning(Role.ERASE_RESUME),
    "PROGRAM_SUSPEND": Meaning(Role.PROGRAM_SUSPEND),
    "PROGRAM_RESUME": Meaning(Role.PROGRAM_RESUME),
    "RESET": Meaning(Role.RESET),
    "RESET_LUN": Meaning(Role.RESET_LUN),
    "ODTDISABLE": Meaning(Role.ODT_DISABLE),
    "ODTENABLE": Meaning(Role.ODT_ENABLE),
}


def meaning_of(base: str) -> Meaning:
    """The meaning of a well-known base; of any other, that of an op that changes no state."""
    return WELL_KNOWN.get(base, Meaning())
