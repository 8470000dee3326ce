"""What the planes' registers hold: reads fill them, data out delivers them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.reference.log import Entry, Log
from tests.reference.nand.device_rules import DeviceRules, Plane, Target
from tests.reference.nand.executions import Execution, Executions, completes
from tests.reference.runs import Offence


@dataclass
class Page:
    """A page that was sensed: where it lies, by which event, and whether its data were fetched.

    Without a target it is a register that a reset emptied; without a page in the target, one of which
    nobody knows what it holds.
    """

    target: Target | None
    seq: int
    fetched: bool = False


class Registers:
    """Per plane: the page sensed last, and the page in the output register. Not there: unknown."""

    def __init__(self, rules: DeviceRules) -> None:
        self.rules = rules
        self.sensed: dict[Plane, Page] = {}
        self.output: dict[Plane, Page] = {}

    def reset(self, planes: list[Plane]) -> None:
        """A reset empties the registers of these planes."""
        for plane in planes:
            self.sensed[plane] = self.output[plane] = Page(None, -1, fetched=True)

    def completed(self, segment: Execution, seq: int) -> Iterator[int]:
        """A read is completed; the events whose pages are lost by it."""
        role = self.rules.role(segment.base)
        for target in segment.targets:
            plane = (target[0], target[1])
            if not self.rules.places([target]):
                continue
            new = Page(target, seq, fetched=target[3] is None)
            if role == "READ":
                yield from self._replaced(plane, new, new)
            elif role == "CACHE_READ":
                yield from self._replaced(plane, self.sensed.get(plane), new)
            elif role == "CACHE_READ_END":
                yield from self._replaced(plane, self.sensed.get(plane), self.sensed.get(plane))

    def pending(self) -> list[int]:
        """The events whose pages were not fetched."""
        pages = [*self.sensed.values(), *self.output.values()]
        return sorted({page.seq for page in pages if not page.fetched})

    def fetch(self, targets: list[Target]) -> None:
        """The pages in the output registers are delivered, or programmed elsewhere."""
        for plane in self.rules.places(targets):
            if plane in self.output:
                self.output[plane].fetched = True

    def _replaced(self, plane: Plane, output: Page | None, sensed: Page | None) -> Iterator[int]:
        for page in (self.output.get(plane), self.sensed.get(plane)):
            if page is not None and not page.fetched and page is not output and page is not sensed:
                yield page.seq
        for register, page in ((self.output, output), (self.sensed, sensed)):
            register.pop(plane, None)
            if page is not None:
                register[plane] = page


def register_offences(log: Log) -> Iterator[Offence]:
    """dout-matches-read, read-has-dout."""
    rules = DeviceRules(log.device)
    executions, registers = Executions(rules), Registers(rules)
    for entry in log.entries:
        executions.step(entry)
        if entry.kind == "RUN_END" and entry.get("end") != "CARRIED":
            for seq in registers.pending():
                yield "read-has-dout", seq
            registers = Registers(rules)
        segment = executions.of(entry)
        if segment is None:
            continue
        if entry.kind == "OP_START":
            yield from _start(entry, segment, registers)
        elif completes(entry):
            for seq in registers.completed(segment, entry.seq):
                yield "read-has-dout", seq


def _start(entry: Entry, segment: Execution, registers: Registers) -> Iterator[Offence]:
    rules = registers.rules
    role = rules.role(segment.base)
    if role == "RESET":
        registers.reset(rules.all_planes([(die,) for die in range(rules.dies or 0)]))
    elif role == "RESET_LUN":
        registers.reset(rules.all_planes(segment.targets))
    elif role == "DATA_OUT":
        for target in segment.targets:
            if target[3] is not None and not _delivers(registers, target):
                yield "dout-matches-read", entry.seq
        registers.fetch(segment.targets)
    elif role in ("PROGRAM", "LOAD") and "LATCH_ON_READ" in (
        rules.marks(segment.base, "frees") or []
    ):
        registers.fetch(segment.targets)


def _delivers(registers: Registers, target: Target) -> bool:
    held = registers.output.get((target[0], target[1]))
    if held is None:
        return True
    if held.target is None:
        return False
    pairs = zip(held.target[2:], target[2:], strict=True)
    return all(None in pair or pair[0] == pair[1] for pair in pairs)
