"""The second opinion on addresses and resources of a NAND trace."""

from __future__ import annotations

from itertools import chain

from tests.reference.log import Log
from tests.reference.nand.addresses import address_offences
from tests.reference.nand.applies import apply_erase_matched, apply_pgm_matched
from tests.reference.nand.blocks import block_offences
from tests.reference.nand.bus import bus_exclusive
from tests.reference.nand.exclusions import exclusion_offences
from tests.reference.nand.marks import marks_follow_ops
from tests.reference.nand.planes import plane_offences
from tests.reference.nand.registers import register_offences
from tests.reference.nand.untouched import suspended_block_untouched
from tests.reference.runs import count

JUDGES = (
    apply_pgm_matched,
    apply_erase_matched,
    block_offences,
    address_offences,
    suspended_block_untouched,
    register_offences,
    bus_exclusive,
    plane_offences,
    exclusion_offences,
    marks_follow_ops,
)


def judge_device(log: Log) -> dict[str, int]:
    """Offences by invariant, of the groups nand address and nand resources; only those above 0."""
    return count(chain.from_iterable(judge(log) for judge in JUDGES))
