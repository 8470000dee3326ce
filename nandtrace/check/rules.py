"""The rules of a device, as the trace's own header tells them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nandtrace.vocab.nand import DEFAULT_ERASE_BASES, ApplyPolicy, SuspendCloses


@dataclass(frozen=True, slots=True)
class DeviceRules:
    """What the checker must know of a NAND device.

    A rule that the header does not tell is None or empty, and what needs it is not evaluated.
    """

    dies: int | None = None
    planes: int | None = None
    blocks_per_die: int | None = None
    pages_per_block: int | None = None
    program_bases: tuple[str, ...] | None = None
    erase_bases: tuple[str, ...] = DEFAULT_ERASE_BASES
    celltype_compatible: dict[str, tuple[str, ...]] | None = None
    chain_op_start: bool = True
    suspend_closes: SuspendCloses = SuspendCloses.OP_END
    apply_policy: ApplyPolicy = ApplyPolicy.PER_OP
    bad_blocks: tuple[tuple[int, int], ...] = ()
    may_change_between_runs: frozenset[str] = field(default_factory=lambda: frozenset({"pending"}))

    @property
    def has_topology(self) -> bool:
        return None not in (self.dies, self.planes, self.blocks_per_die, self.pages_per_block)


def rules_from_device(device: dict[str, Any]) -> DeviceRules:
    """Read the header's `device` map. Raises ValueError that names the entry that makes no sense."""
    topology = _typed(device, "topology", dict, {})
    compatible = _typed(device, "celltype_compatible", dict, None)
    defaults = DeviceRules()
    return DeviceRules(
        **{name: _natural(topology, name) for name in _TOPOLOGY},
        program_bases=_names(device, "program_bases", None),
        erase_bases=_names(device, "erase_bases", defaults.erase_bases) or (),
        celltype_compatible=None
        if compatible is None
        else {str(mode): _names(compatible, mode, ()) or () for mode in compatible},
        chain_op_start=bool(device.get("chain_op_start", True)),
        suspend_closes=SuspendCloses(device.get("suspend_closes", defaults.suspend_closes)),
        apply_policy=ApplyPolicy(device.get("apply_policy", defaults.apply_policy)),
        bad_blocks=tuple(_pair(item) for item in _typed(device, "bad_blocks", list, [])),
        may_change_between_runs=frozenset(
            _names(device, "may_change_between_runs", tuple(defaults.may_change_between_runs)) or ()
        ),
    )


_TOPOLOGY = ("dies", "planes", "blocks_per_die", "pages_per_block")


def _typed(plain: dict[str, Any], name: str, expected: type, default: Any) -> Any:
    value = plain.get(name)
    if value is None:
        return default
    if isinstance(value, expected):
        return value
    raise ValueError(f"device.{name} is {value!r}, not a {expected.__name__}")


def _natural(plain: dict[str, Any], name: str) -> int | None:
    value = plain.get(name)
    if value is not None and (not isinstance(value, int) or not 0 < value < 2**31):
        raise ValueError(f"device.topology.{name} is {value!r}, not a positive number")
    return value


def _names(
    plain: dict[str, Any], name: str, default: tuple[str, ...] | None
) -> tuple[str, ...] | None:
    value = plain.get(name)
    if value is None:
        return default
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"device.{name} is {value!r}, not a list of names")
    return tuple(value)


def _pair(value: Any) -> tuple[int, int]:
    if isinstance(value, list) and len(value) == 2 and all(type(item) is int for item in value):
        return value[0], value[1]
    raise ValueError(f"device.bad_blocks holds {value!r}, not a pair of die and block")
