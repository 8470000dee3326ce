"""Whether planes and dies are held by those that may share them."""

from __future__ import annotations

from collections.abc import Iterator

from tests.reference.log import Log
from tests.reference.nand.device_rules import DeviceRules
from tests.reference.nand.executions import Execution, segments_by_run
from tests.reference.runs import Offence


def plane_offences(log: Log) -> Iterator[Offence]:
    """plane-exclusive, multi-plane-exclusive: of each segment against those before it in time."""
    rules = DeviceRules(log.device)
    for segments in segments_by_run(log):
        starts = [(at, seq, segment) for segment in segments for at, seq in segment.starts]
        active: list[Execution] = []
        for at, seq, segment in sorted(starts, key=lambda start: start[:2]):
            active = [other for other in active if at < other.over_ns()]
            yield from _beside(seq, segment, active, rules)
            active.append(segment)


def _beside(
    seq: int, segment: Execution, active: list[Execution], rules: DeviceRules
) -> Iterator[Offence]:
    mine = set(rules.held_planes(segment.base, segment.targets))
    for other in active:
        if mine & set(rules.held_planes(other.base, other.targets)):
            yield "plane-exclusive", seq
        if _on_one_die(segment, other, rules) and not _may_overlap(segment, other, rules):
            yield "multi-plane-exclusive", seq


def _on_one_die(one: Execution, other: Execution, rules: DeviceRules) -> bool:
    return bool(set(rules.all_planes(one.targets)) & set(rules.all_planes(other.targets)))


def _may_overlap(one: Execution, other: Execution, rules: DeviceRules) -> bool:
    if rules.scope(one.base) != "PLANE_SET" or rules.scope(other.base) != "PLANE_SET":
        return True
    interleaving = rules.device.get("interleaving_bases") or []
    return all(
        len(rules.places(op.targets)) == 1 and op.base in interleaving for op in (one, other)
    )
