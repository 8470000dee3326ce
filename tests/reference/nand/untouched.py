"""Whether blocks in the middle of an erase or a suspended program are left alone."""

from __future__ import annotations

from collections.abc import Iterator

from tests.reference.log import Entry, Log
from tests.reference.nand.device_rules import DeviceRules
from tests.reference.nand.executions import Execution, Executions, cancelled_by_reset
from tests.reference.runs import Offence

ALTERING = ("PROGRAM", "ERASE")
TOUCHING = ("READ", "CACHE_READ", "LOAD", "PROGRAM", "ERASE")


class Unfinished:
    """The ops that erase, and those that are suspended, each with its last segment."""

    def __init__(self, rules: DeviceRules) -> None:
        self.rules = rules
        self.erasing: dict[int, Execution] = {}
        """By segment; what is suspended by op."""

        self.suspended: dict[int | None, Execution] = {}

    def step(self, entry: Entry, segment: Execution) -> None:
        """Take in an event of a segment."""
        if entry.kind == "OP_START":
            if segment.source == "RESUME_CHAIN":
                self.suspended.pop(segment.op, None)
            if self.rules.role(segment.base) == "ERASE" and not segment.ended:
                self.erasing[segment.seg] = segment
        elif entry.kind == "OP_END":
            self.erasing.pop(segment.seg, None)
            if self.suspended.get(segment.op) is segment:
                self.suspended.pop(segment.op)
            if entry.get("outcome") == "SUSPENDED":
                self.suspended[segment.op] = segment
        elif cancelled_by_reset(entry):
            self.suspended.pop(segment.op, None)

    def taken_over(self, executions: Executions) -> None:
        """A run begins: it knows what is pending or suspended."""
        known = {segment.op for segment in executions.known.values()}
        known = known.union(*executions.suspended().values())
        self.erasing = {seg: last for seg, last in self.erasing.items() if seg in executions.known}
        self.suspended = {op: last for op, last in self.suspended.items() if op in known}

    def kept_out(self, starting: Execution) -> bool:
        """Whether a segment may not start because of its blocks."""
        if starting.source == "RESUME_CHAIN":
            return False
        role = self.rules.role(starting.base)
        erasing = [last for last in self.erasing.values() if last is not starting]
        return (role in TOUCHING and _meets(starting, [*erasing, *self._suspended("ERASE")])) or (
            role in ALTERING and _meets(starting, self._suspended("PROGRAM"))
        )

    def _suspended(self, role: str) -> list[Execution]:
        return [last for last in self.suspended.values() if self.rules.role(last.base) == role]


def suspended_block_untouched(log: Log) -> Iterator[Offence]:
    """No op starts on a block that is being erased, or of a program that is suspended."""
    rules = DeviceRules(log.device)
    executions, unfinished = Executions(rules), Unfinished(rules)
    for entry in log.entries:
        executions.step(entry)
        if entry.kind == "RUN_BEGIN":
            unfinished.taken_over(executions)
        segment = executions.of(entry)
        if segment is None:
            continue
        if entry.kind == "OP_START" and unfinished.kept_out(segment):
            yield "suspended-block-untouched", entry.seq
        unfinished.step(entry, segment)


def _meets(segment: Execution, others: list[Execution]) -> bool:
    mine = {(target[0], target[2]) for target in segment.targets}
    return any(mine & {(target[0], target[2]) for target in other.targets} for other in others)
