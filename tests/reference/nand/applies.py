"""Whether every program and erase that was completed is applied, once, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.reference.log import Entry, Log
from tests.reference.nand.device_rules import DeviceRules
from tests.reference.nand.executions import (
    Execution,
    Executions,
    cancelled_by_reset,
    completes,
)
from tests.reference.runs import Offence

Address = tuple[int | None, ...]

Chains = dict[tuple[int | None, int], int]
"""By op and run a segment."""


@dataclass
class Account:
    """How a segment ended, and what was applied for it."""

    segment: Execution
    end: Entry | None = None
    reset_ns: int | None = None
    applied: list[Entry] = field(default_factory=list)
    runs: set[int] = field(default_factory=set)
    """Those that have events of it."""


def apply_pgm_matched(log: Log) -> Iterator[Offence]:
    """Every completed op that programs has one APPLY_PGM of its targets, at its OP_END."""
    bases = DeviceRules(log.device).program_bases
    if bases is None:
        return
    per_segment = log.device.get("apply_policy") == "per_segment"
    accounts = _accounts(log, "APPLY_PGM")
    last = _chains(accounts)
    for account in accounts:
        due = _ended(account, per_segment) and account.segment.base in bases
        if not per_segment and _goes_on(account, last):
            due = False
        for seq in _offences(account, due, bases, 3):
            yield "apply-pgm-matched", seq


def apply_erase_matched(log: Log) -> Iterator[Offence]:
    """Every completed erase has one APPLY_ERASE of its targets, at its OP_END."""
    bases = DeviceRules(log.device).erase_bases
    accounts = _accounts(log, "APPLY_ERASE")
    last = _chains(accounts)
    for account in accounts:
        due = _ended(account, False) and account.segment.base in bases
        if _goes_on(account, last):
            due = False
        for seq in _offences(account, due, bases, 2):
            yield "apply-erase-matched", seq


def _accounts(log: Log, kind: str) -> list[Account]:
    executions = Executions(DeviceRules(log.device))
    accounts: dict[int, Account] = {}
    for entry in log.entries:
        executions.step(entry)
        segment = executions.of(entry)
        if segment is None:
            continue
        account = accounts.setdefault(segment.seg, Account(segment))
        account.runs.add(entry.run)
        if entry.kind == "OP_END":
            account.end = entry
        if cancelled_by_reset(entry) or entry.get("outcome") == "RESET":
            account.reset_ns = entry.time_ns
        if entry.kind == kind:
            account.applied.append(entry)
    return list(accounts.values())


def _ended(account: Account, per_segment: bool) -> bool:
    if account.end is None:
        return False
    return completes(account.end) or (per_segment and account.end.get("outcome") == "SUSPENDED")


def _chains(accounts: list[Account]) -> Chains:
    """By op, and each run that knows of it, the last segment by which it went on."""
    chained = [one for one in accounts if one.segment.source == "RESUME_CHAIN"]
    return {
        (one.segment.op, run): one.segment.seg
        for one in sorted(chained, key=lambda one: one.segment.seg)
        for run in one.runs
    }


def _goes_on(account: Account, last: Chains) -> bool:
    """Whether a later segment of the op, in the run in which this one ended, is to complete it."""
    segment, end = account.segment, account.end
    if segment.op is None or end is None:
        return False
    return last.get((segment.op, end.run), segment.seg) > segment.seg


def _offences(account: Account, due: bool, bases: list[str], width: int) -> Iterator[int]:
    """An op that a reset ended as well is not asked for what it did."""
    whole = [entry for entry in account.applied if not entry.get("aborted")]
    if len(whole) > due or (len(whole) < due and account.reset_ns is None):
        yield account.end.seq if due and account.end is not None else whole[0].seq
    aborted = len(account.applied) - len(whole)
    begun = bool(account.segment.starts) or account.segment.source == "RESUME_CHAIN"
    if aborted > 1 or (aborted and not begun):
        yield account.applied[-1].seq
    for entry in account.applied:
        at_ns = account.reset_ns if entry.get("aborted") else account.end and account.end.time_ns
        if entry.time_ns != at_ns or account.segment.base not in bases:
            yield entry.seq
        if _cells(entry, width) != _targets(account.segment, width):
            yield entry.seq


def _cells(entry: Entry, width: int) -> list[Address]:
    """die, block and, of a program, page."""
    return [tuple(cell[:width]) for cell in entry.get("cells", [])]


def _targets(segment: Execution, width: int) -> list[Address]:
    return [(die, block, page)[:width] for die, _plane, block, page in segment.targets]
