"""The HEADER line of a log as the header of a trace."""

from __future__ import annotations

from typing import Any

from nandtrace.convert.line_schema import LineError, explain, kind_of, validator_of
from nandtrace.convert.plain_values import plain_value
from nandtrace.trace import Header
from nandtrace.vocab import NAND, Vocabulary
from nandtrace.vocab.model import SnapshotField
from nandtrace.vocab.nand import DEFAULT_ERASE_BASES, ApplyPolicy, SuspendCloses

_TOPOLOGY = ("dies", "planes", "blocks_per_die", "pages_per_block")
_DEVICE_FIELDS = (
    "topology",
    "program_bases",
    "erase_bases",
    "celltype_compatible",
    "chain_op_start",
    "apply_policy",
    "bad_blocks",
)
_VOCABULARY = Vocabulary(
    NAND.domain,
    NAND.kinds,
    tuple(SnapshotField(item.name, item.name == "addr_state") for item in NAND.snapshot),
)
"""A log's events determine the state of its blocks, and nothing else that its snapshots hold."""
_NOT_IDENTITY = {"kind", "domain", "time_unit", *_DEVICE_FIELDS}


def read_header(line: dict[str, Any]) -> Header:
    """Turn the first line into a header. Raises LineError when it is no HEADER of this format."""
    kind = kind_of(line)
    if kind != "HEADER":
        raise LineError("kind", f"the log begins with {kind}, not with a HEADER")
    try:
        validator_of(kind)(line)
    except ValueError:
        raise explain(kind, line) from None
    given = {name: value for name, value in plain_value(line, ()).items() if value is not None}
    identity = {name: value for name, value in given.items() if name not in _NOT_IDENTITY}
    return Header(_VOCABULARY, identity, _device(given))


def _device(given: dict[str, Any]) -> dict[str, Any]:
    """What the checker needs to know. A log closes a cut segment by the CANCEL alone."""
    return {
        "topology": {name: given["topology"][name] for name in _TOPOLOGY},
        "program_bases": given["program_bases"],
        "erase_bases": given.get("erase_bases", list(DEFAULT_ERASE_BASES)),
        "celltype_compatible": given.get("celltype_compatible", {}),
        "apply_policy": given.get("apply_policy", ApplyPolicy.PER_OP.value),
        "suspend_closes": SuspendCloses.CANCEL.value,
        "chain_op_start": given.get("chain_op_start", True),
        "bad_blocks": given.get("bad_blocks", []),
    }
