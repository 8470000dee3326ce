"""What the blocks hold: programs and reads against the pages that were programmed."""

from __future__ import annotations

from collections.abc import Iterator

from tests.reference.log import Entry, Log
from tests.reference.nand.device_rules import DeviceRules, within
from tests.reference.nand.executions import Executions
from tests.reference.nand.segments import runs_of
from tests.reference.nand.sequences import batches_of, match
from tests.reference.runs import Offence

NEVER_ERASED = -2
ERASED = -1

Block = tuple[int | None, int | None]


class Blocks:
    """Per die and block: the last programmed page (or -1, -2), the pages programmed, the mode."""

    def __init__(self, rules: DeviceRules) -> None:
        self.rules = rules
        self.last: dict[Block, int | None] = {}
        self.pages: dict[Block, set[int]] = {}
        self.modes: dict[Block, str | None] = {}

    def load(self, snapshot: dict[str, list[object]]) -> None:
        """Take over what a RUN_BEGIN says."""
        blocks = self.rules.blocks or 1
        for place, last in enumerate(snapshot.get("addr_state", [])):
            block = (place // blocks, place % blocks)
            assert isinstance(last, int)
            self.last[block] = last
            self.pages[block] = set(range(last + 1))
        for place, mode in enumerate(snapshot.get("cell_modes", [])):
            known = str(mode) if mode else None
            self.modes.setdefault((place // blocks, place % blocks), known)

    def erase(self, block: Block, celltype: str | None, aborted: bool) -> None:
        """An erase counts."""
        self.last[block] = NEVER_ERASED if aborted else ERASED
        self.pages[block] = set()
        self.modes[block] = None if aborted else celltype

    def program(self, block: Block, page: int | None, celltype: str | None) -> Iterator[str]:
        """A program counts; the ids of what it offends."""
        if not self._takes(self.modes.get(block), celltype):
            yield "celltype-match"
        last = self.last.get(block, NEVER_ERASED)
        if last is None or page is None:
            self.last[block] = page
            return
        if last == NEVER_ERASED:
            yield "program-after-erase"
        if page != max(last, ERASED) + 1:
            yield "page-ascending"
        if page in self.pages.setdefault(block, set()):
            yield "page-programmed-once"
        self.last[block] = page
        self.pages[block].add(page)

    def _takes(self, mode: str | None, celltype: str | None) -> bool:
        if mode is None or celltype is None or mode == celltype:
            return True
        return celltype in (self.rules.device.get("celltype_compatible") or {}).get(mode, [])


def block_offences(log: Log) -> Iterator[Offence]:
    """program-after-erase, page-ascending, page-programmed-once, celltype-match, read-programmed-page."""
    rules = DeviceRules(log.device)
    blocks, executions = Blocks(rules), Executions(rules)
    recoveries = recovery_reads(log)
    for entry in log.entries:
        executions.step(entry)
        if entry.kind == "RUN_BEGIN" and entry.snapshot:
            blocks.load(entry.snapshot)
        elif entry.kind == "APPLY_ERASE":
            for die, block, _page in entry.get("cells", []):
                blocks.erase((die, block), entry.get("celltype"), bool(entry.get("aborted")))
        elif entry.kind == "APPLY_PGM":
            for die, block, page in entry.get("cells", []):
                if not (within(die, rules.dies) and within(block, rules.blocks)):
                    continue
                for name in blocks.program((die, block), page, entry.get("celltype")):
                    yield name, entry.seq
        elif entry.kind == "OP_START":
            yield from _read(entry, blocks, executions, recoveries)


def _read(
    entry: Entry, blocks: Blocks, executions: Executions, recoveries: set[int]
) -> Iterator[Offence]:
    reading = executions.of(entry)
    if reading is None or blocks.rules.role(reading.base) not in ("READ", "CACHE_READ"):
        return
    guard = blocks.rules.device.get("read_offset_guard") or 0
    for die, _plane, block, page in reading.targets:
        if page is None or not within(die, blocks.rules.dies):
            continue
        if not within(block, blocks.rules.blocks):
            continue
        last = blocks.last.get((die, block), NEVER_ERASED)
        if last is None or page <= last - guard:
            continue
        if reading.seg in recoveries and _suspended_there(executions, die, block, page):
            continue
        yield "read-programmed-page", entry.seq


def recovery_reads(log: Log) -> set[int]:
    """The segments whose step of a whole sequence has the page of the suspended program."""
    sequences = log.device.get("sequences") or {}
    return {
        op.seg
        for run in runs_of(log)
        for batch in batches_of(run)
        for steps in sequences.get(batch.head.base, [])
        for step, ops in match(batch, steps) or []
        for op in ops
        if "same_page_from_program_suspend" in step.get("rules", [])
    }


def _suspended_there(
    executions: Executions, die: int | None, block: int | None, page: int | None
) -> bool:
    for op in executions.suspended().get((die, "PROGRAM"), []):
        for segment in executions.segments_of(op):
            if (die, block, page) in [(t[0], t[2], t[3]) for t in segment.targets]:
                return True
    return False
