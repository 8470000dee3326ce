"""What a header says of a NAND device, as the judges of this folder ask for it."""

from __future__ import annotations

from typing import Any

Target = tuple[int | None, ...]
"""die, plane, block, page."""

Plane = tuple[int | None, int | None]
"""die, plane."""


def within(value: int | None, bound: int | None) -> bool:
    """Whether a number is one of the first `bound`, of any where there is no bound."""
    return bound is None or (value is not None and 0 <= value < bound)


class DeviceRules:
    """The header's device map. A rule that is not there is None or empty."""

    def __init__(self, device: dict[str, Any]) -> None:
        topology = device.get("topology") or {}
        self.dies: int | None = topology.get("dies")
        self.planes: int | None = topology.get("planes")
        self.blocks: int | None = topology.get("blocks_per_die")
        self.pages: int | None = topology.get("pages_per_block")
        self.bases: dict[str, dict[str, Any]] | None = device.get("bases")
        self.program_bases: list[str] | None = device.get("program_bases")
        self.erase_bases: list[str] = device.get("erase_bases") or ["ERASE"]
        self.device = device

    def role(self, base: str | None) -> str:
        """What an op of the base means, OTHER where the header does not say."""
        return str(self._of(base).get("role") or "OTHER")

    def scope(self, base: str | None) -> str:
        """What an op of the base holds; an instant one holds nothing."""
        if self._of(base).get("instant"):
            return "NONE"
        return str(self._of(base).get("scope") or "NONE")

    def addressed(self, base: str | None) -> bool:
        """Whether ops of the base address planes, not a die."""
        return bool(self._of(base).get("addressed", True))

    def marks(self, base: str | None, name: str) -> Any:
        """`fills`, `frees`, `enters` or `leaves` of a base."""
        return self._of(base).get(name)

    def judged_planes(self, base: str | None, targets: list[Target]) -> list[Plane]:
        """The planes that an op addresses; all planes of its dies where it addresses none."""
        return self.places(targets) if self.addressed(base) else self.all_planes(targets)

    def held_planes(self, base: str | None, targets: list[Target]) -> list[Plane]:
        """The planes that an op of the base holds while it runs."""
        scope = self.scope(base)
        if scope == "PLANE_SET":
            return self.places(targets)
        return self.all_planes(targets) if scope == "DIE_WIDE" else []

    def places(self, targets: list[Target]) -> list[Plane]:
        """The planes of targets, those that the device has."""
        return [
            (target[0], target[1])
            for target in targets
            if within(target[0], self.dies) and within(target[1], self.planes)
        ]

    def all_planes(self, targets: list[Target]) -> list[Plane]:
        """Every plane of the dies that are targeted."""
        targeted = {target[0] for target in targets}
        dies = [die for die in range(self.dies or 0) if die in targeted]
        return [(die, plane) for die in dies for plane in range(self.planes or 0)]

    def _of(self, base: str | None) -> dict[str, Any]:
        return (self.bases or {}).get(base or "", {})
