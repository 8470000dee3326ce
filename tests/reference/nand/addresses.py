"""Whether addresses are of the device, and of one multi-plane command."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from tests.reference.log import Entry, Log
from tests.reference.nand.device_rules import DeviceRules, Target, within
from tests.reference.runs import Offence


def address_offences(log: Log) -> Iterator[Offence]:
    """bad-block-untouched, address-in-range, multi-plane-address."""
    rules = DeviceRules(log.device)
    bad = {tuple(block) for block in log.device.get("bad_blocks") or []}
    for entry in log.entries:
        targets = entry.get("targets", [])
        cells = entry.get("cells", []) if entry.kind in ("APPLY_PGM", "APPLY_ERASE") else []
        if not all(_target_in_range(rules, target) for target in targets):
            yield "address-in-range", entry.seq
        if not all(_cell_in_range(rules, cell, entry) for cell in cells):
            yield "address-in-range", entry.seq
        if entry.kind == "COMMIT":
            if any((t[0], t[2]) in bad for t in targets if t[3] is not None):
                yield "bad-block-untouched", entry.seq
            paged = [target for target in targets if target[3] is not None]
            if len(paged) > 1 and not _one_command(rules, paged):
                yield "multi-plane-address", entry.seq
        if any((cell[0], cell[1]) in bad for cell in cells):
            yield "bad-block-untouched", entry.seq


def _target_in_range(rules: DeviceRules, target: Target) -> bool:
    die, plane, block, page = target
    if page is None:
        return within(die, rules.dies)
    return (
        within(die, rules.dies)
        and (plane is None or within(plane, rules.planes))
        and within(block, rules.blocks)
        and within(page, rules.pages)
        and _lies_in(rules, block, plane)
    )


def _lies_in(rules: DeviceRules, block: int | None, plane: int | None) -> bool:
    if rules.planes is None or block is None or plane is None:
        return True
    return block % rules.planes == plane


def _cell_in_range(rules: DeviceRules, cell: Target, entry: Entry) -> bool:
    die, block, page = cell
    paged = entry.kind == "APPLY_PGM"
    return (
        within(die, rules.dies)
        and within(block, rules.blocks)
        and (not paged or page is None or within(page, rules.pages))
    )


def _one_command(rules: DeviceRules, targets: list[Target]) -> bool:
    planes = [-1 if plane is None else plane for _die, plane, _block, _page in targets]
    rows = {
        block if block is None else block // (rules.planes or 1)
        for _die, _plane, block, _page in targets
    }
    return (
        len({target[0] for target in targets}) == 1
        and len({target[3] for target in targets}) == 1
        and len(rows) == 1
        and all(low < high for low, high in pairwise(planes))
    )
