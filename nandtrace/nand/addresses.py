"""The address manager: what is erased and programmed, what is promised, and legal addresses by chance.

Applied state changes when an erase or a program is done; the planned state already counts what is
reserved. `-2` is never erased, `-1` erased, from 0 on the last programmed page. Pools of blocks are kept
in order, so that they depend on the state alone and not on how it came about.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from nandtrace.nand.profile import ANY_CELLTYPE, Profile
from nandtrace.nand.streams import Stream
from nandtrace.vocab.nand import ERASED, NEVER_ERASED

Address = tuple[int, int]
"""block, page."""

_ANY_MODE = (None,)
"""Blocks to erase are in one pool, whatever mode they are in."""


class Use(IntEnum):
    """What an address is wanted for: each use has a pool of blocks per plane."""

    ERASE = 0
    PROGRAM = 1
    READ = 2


@dataclass(slots=True)
class AddressSlot:
    """An address wanted: for what, of which cell type, and how many pages after it must be legal too."""

    use: Use
    celltype: str
    span: int = 0


class AddressManager:
    """The blocks of all dies, bad ones aside.

    A block erased in a mode takes programs and reads of that cell type and of those that `compatible`
    lists for it; an op of cell type NONE takes any block.
    """

    def __init__(self, profile: Profile, stream: Stream) -> None:
        topology, celltypes = profile.topology, profile.celltypes
        compatible = profile.celltype_compatible
        self.topology = topology
        self._stream = stream
        self._guard = profile.policies.read_offset_guard
        self._modes: dict[str, tuple[str | None, ...]] = {
            celltype: tuple(
                mode
                for mode in celltypes
                if celltype in (mode, ANY_CELLTYPE) or celltype in compatible.get(mode, ())
            )
            for celltype in dict.fromkeys((*celltypes, ANY_CELLTYPE))
        }
        count = topology.blocks_per_die
        self._bad = frozenset(profile.bad_blocks)
        self.good_blocks = topology.dies * count - len(self._bad)
        self.erased_blocks = self.programmed_blocks = 0
        """Blocks that were erased, and those of them in which something was programmed since."""

        self.applied = [[NEVER_ERASED] * count for _ in range(topology.dies)]
        self.planned = [[NEVER_ERASED] * count for _ in range(topology.dies)]
        self.mode: list[list[str | None]] = [[None] * count for _ in range(topology.dies)]
        self._writers = [[0] * count for _ in range(topology.dies)]
        self._erasers = [[0] * count for _ in range(topology.dies)]
        self._pools: dict[tuple[int, int, int, str | None], list[int]] = {}
        self._filed: list[list[tuple[str | None, bool, bool, bool]]] = [
            [(None, False, False, False)] * count for _ in range(topology.dies)
        ]
        for die in range(topology.dies):
            for block in range(count):
                self._file(die, block)

    # ---- what happens to blocks

    def plan_erase(self, die: int, block: int) -> None:
        """An erase of the block is reserved."""
        self._erasers[die][block] += 1
        self._file(die, block)

    def plan_program(self, die: int, block: int, page: int) -> None:
        """A program of the page is reserved."""
        self._writers[die][block] += 1
        self.planned[die][block] = page
        self._file(die, block)

    def apply_erase(self, die: int, block: int, mode: str) -> None:
        """The erase is done."""
        self._erasers[die][block] -= 1
        self._apply(die, block, ERASED)
        self.planned[die][block] = ERASED
        self.mode[die][block] = mode
        self._file(die, block)

    def apply_program(self, die: int, block: int, page: int) -> None:
        """The program is done."""
        self._writers[die][block] -= 1
        self._apply(die, block, page)
        self._file(die, block)

    def abort_erase(self, die: int, block: int) -> None:
        """A reset cut the erase: the block can be used for nothing before its next one."""
        self._erasers[die][block] -= 1
        self._apply(die, block, NEVER_ERASED)
        self.planned[die][block] = NEVER_ERASED
        self.mode[die][block] = None
        self._file(die, block)

    def _apply(self, die: int, block: int, state: int) -> None:
        before = self.applied[die][block]
        self.applied[die][block] = state
        self.erased_blocks += (state >= ERASED) - (before >= ERASED)
        self.programmed_blocks += (state > ERASED) - (before > ERASED)

    def withdraw_erase(self, die: int, block: int) -> None:
        """The erase never began."""
        self._erasers[die][block] -= 1
        self._file(die, block)

    def withdraw_program(self, die: int, block: int) -> None:
        """The program never began."""
        self._writers[die][block] -= 1
        if not self._writers[die][block]:
            self.planned[die][block] = self.applied[die][block]
        self._file(die, block)

    def forget_plans(self) -> None:
        """Nothing is reserved any more: a run ended without its drain."""
        for die, states in enumerate(self.applied):
            self.planned[die] = list(states)
            self._writers[die] = [0] * len(states)
            self._erasers[die] = [0] * len(states)
            for block in range(len(states)):
                self._file(die, block)

    def restore(self, applied: Sequence[int], modes: Sequence[str | None], stream: Stream) -> None:
        """Take over a state, die-major over blocks, in which nothing is planned."""
        count = self.topology.blocks_per_die
        if len(applied) != count * self.topology.dies or len(modes) != len(applied):
            raise ValueError(f"{len(applied)} blocks, where the device has {count} a die")
        self._stream = stream
        for die in range(self.topology.dies):
            self.applied[die] = list(applied[die * count : (die + 1) * count])
            self.mode[die] = list(modes[die * count : (die + 1) * count])
        self.erased_blocks = sum(state >= ERASED for state in applied)
        self.programmed_blocks = sum(state > ERASED for state in applied)
        self.forget_plans()

    # ---- legal addresses

    def sample(self, slot: AddressSlot, die: int, plane: int) -> Address | None:
        """A legal block and page of the plane, by chance."""
        block = self._sample_block(slot, die, plane)
        return None if block is None else self._with_page(slot, die, (block,))

    def sample_row(
        self, slot: AddressSlot, die: int, plane: int, wanted: Sequence[int]
    ) -> tuple[tuple[int, ...], Address] | None:
        """Planes that share a block row and page with a block of `plane`, two at least.

        `wanted` are the planes to take, ascending and with `plane` among them; those that do not fit
        are left out. The address is that of the first plane taken.
        """
        block = self._sample_block(slot, die, plane)
        if block is None:
            return None
        first = block - plane
        fitting = [
            first + other
            for other in wanted
            if other == plane or self._fits(slot, die, first + other, block)
        ]
        address = self._with_page(slot, die, fitting) if len(fitting) > 1 else None
        return None if address is None else (tuple(each - first for each in fitting), address)

    def sample_on(self, slot: AddressSlot, die: int, planes: Sequence[int]) -> Address | None:
        """An address that is legal on exactly these planes."""
        block = self._sample_block(slot, die, planes[0])
        if block is None:
            return None
        blocks = [block - planes[0] + plane for plane in planes]
        if all(self._fits(slot, die, other, block) for other in blocks[1:]):
            return self._with_page(slot, die, blocks)
        return None

    def next_page(self, use: Use, die: int, block: int) -> int:
        """The page that an op would have in a block: the next to program, the last to read."""
        if use is Use.ERASE:
            return 0
        return self.planned[die][block] + 1 if use is Use.PROGRAM else self.applied[die][block]

    def is_legal(self, slot: AddressSlot, die: int, block: int, page: int) -> bool:
        """Whether an op may have this address."""
        if not self._fits(slot, die, block, block):
            return False
        if slot.use is Use.PROGRAM:
            next_page = self.planned[die][block] + 1
            return page == next_page and page + slot.span < self.topology.pages_per_block
        if slot.use is Use.READ:
            return 0 <= page <= self.applied[die][block] - self._guard - slot.span
        return page == 0

    def _sample_block(self, slot: AddressSlot, die: int, plane: int) -> int | None:
        use = slot.use
        modes = _ANY_MODE if use is Use.ERASE else self._modes[slot.celltype]
        if len(modes) == 1:
            pool = self._pools.get((use, die, plane, modes[0]))
            return pool[self._stream.below(len(pool))] if pool else None
        pools = [pool for mode in modes if (pool := self._pools.get((use, die, plane, mode)))]
        if not pools:
            return None
        at = self._stream.below(sum(map(len, pools)))
        for pool in pools:
            if at < len(pool):
                return pool[at]
            at -= len(pool)
        raise AssertionError("the place is within the pools together")

    def _fits(self, slot: AddressSlot, die: int, block: int, like: int) -> bool:
        """Whether a block can be used, and stands at the same page as another where that matters."""
        mode, *filed = self._filed[die][block]
        if not filed[slot.use]:
            return False
        if slot.use is Use.ERASE:
            return True
        if mode not in self._modes[slot.celltype]:
            return False
        return slot.use is Use.READ or self.planned[die][block] == self.planned[die][like]

    def _with_page(self, slot: AddressSlot, die: int, blocks: Sequence[int]) -> Address | None:
        """A legal page of blocks that fit; None where they have too few pages for the slot's span."""
        if slot.use is Use.ERASE:
            return blocks[0], 0
        if slot.use is Use.PROGRAM:
            page = self.planned[die][blocks[0]] + 1
            return (blocks[0], page) if page + slot.span < self.topology.pages_per_block else None
        states = self.applied[die]
        last = min(states[block] for block in blocks) - self._guard - slot.span
        return (blocks[0], self._stream.below(last + 1)) if last >= 0 else None

    # ---- pools

    def _file(self, die: int, block: int) -> None:
        """Put a block into the pools of what it can be used for now."""
        mode, planned = self.mode[die][block], self.planned[die][block]
        usable = (die, block) not in self._bad and not self._erasers[die][block]
        last = self.topology.pages_per_block - 1
        idle = usable and not self._writers[die][block]
        filed = (
            mode,
            idle and planned != ERASED,
            idle and ERASED <= planned < last,
            usable and self.applied[die][block] >= self._guard,
        )
        before = self._filed[die][block]
        if filed == before:
            return
        self._filed[die][block] = filed
        plane = block % self.topology.planes
        for use in Use:
            old = before[0] if use else None
            new = mode if use else None
            if before[1 + use] and not (filed[1 + use] and old == new):
                pool = self._pools[use, die, plane, old]
                del pool[bisect_left(pool, block)]
            if filed[1 + use] and not (before[1 + use] and old == new):
                insort(self._pools.setdefault((use, die, plane, new), []), block)
