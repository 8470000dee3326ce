"""The address manager: legal addresses in every state of a block, and how plans come and go."""

from __future__ import annotations

from nandtrace.nand.addresses import AddressManager, AddressSlot, Use
from nandtrace.nand.streams import Stream
from nandtrace.trace.recorder import Topology
from tests.nand.devices import scripted

TOPOLOGY = Topology(dies=1, planes=2, blocks_per_die=4, pages_per_block=4)
PROGRAM = AddressSlot(Use.PROGRAM, "SLC")


def _manager(guard: int = 0, bad: tuple[tuple[int, int], ...] = ()) -> AddressManager:
    profile = scripted(
        topology=TOPOLOGY, bad_blocks=bad, policies={"read_offset_guard": guard, "max_planes": 2}
    )
    return AddressManager(profile, Stream(1, "address"))


def _erase(manager: AddressManager, *blocks: int, mode: str = "SLC") -> None:
    for block in blocks:
        manager.plan_erase(0, block)
        manager.apply_erase(0, block, mode)


def _program(manager: AddressManager, block: int, pages: int) -> None:
    for page in range(pages):
        manager.plan_program(0, block, page)
        manager.apply_program(0, block, page)


def _sampled(
    manager: AddressManager, use: Use, plane: int = 0, celltype: str = "SLC", span: int = 0
) -> set[tuple[int, int] | None]:
    """Whatever fifty draws find."""
    slot = AddressSlot(use, celltype, span)
    return {manager.sample(slot, 0, plane) for _ in range(50)}


def test_a_new_device_can_only_be_erased() -> None:
    manager = _manager()
    assert _sampled(manager, Use.ERASE) == {(0, 0), (2, 0)}
    assert _sampled(manager, Use.ERASE, plane=1) == {(1, 0), (3, 0)}
    assert _sampled(manager, Use.PROGRAM) == {None}
    assert _sampled(manager, Use.READ) == {None}


def test_an_erased_block_takes_its_first_page_and_is_not_erased_again() -> None:
    manager = _manager()
    _erase(manager, 0)
    assert _sampled(manager, Use.PROGRAM) == {(0, 0)}
    assert _sampled(manager, Use.ERASE) == {(2, 0)}
    assert _sampled(manager, Use.READ) == {None}


def test_pages_are_taken_in_order_until_the_block_is_full() -> None:
    manager = _manager()
    _erase(manager, 0)
    for pages in range(4):
        assert _sampled(manager, Use.PROGRAM) == {(0, pages)}
        manager.plan_program(0, 0, pages)
        manager.apply_program(0, 0, pages)
        assert _sampled(manager, Use.READ) == {(0, page) for page in range(pages + 1)}
    assert _sampled(manager, Use.PROGRAM) == {None}
    assert _sampled(manager, Use.ERASE) == {(0, 0), (2, 0)}


def test_a_planned_page_is_neither_read_nor_planned_again() -> None:
    manager = _manager()
    _erase(manager, 0)
    manager.plan_program(0, 0, 0)
    assert _sampled(manager, Use.PROGRAM) == {None}
    assert _sampled(manager, Use.READ) == {None}
    assert _sampled(manager, Use.ERASE) == {(2, 0)}
    manager.withdraw_program(0, 0)
    assert _sampled(manager, Use.PROGRAM) == {(0, 0)}


def test_a_block_to_be_erased_is_used_for_nothing() -> None:
    manager = _manager()
    _erase(manager, 0)
    _program(manager, 0, 2)
    manager.plan_erase(0, 0)
    assert _sampled(manager, Use.READ) == {None}
    assert _sampled(manager, Use.PROGRAM) == {None}
    assert _sampled(manager, Use.ERASE) == {(2, 0)}
    manager.withdraw_erase(0, 0)
    assert _sampled(manager, Use.READ) == {(0, 0), (0, 1)}


def test_an_aborted_erase_leaves_nothing() -> None:
    manager = _manager()
    _erase(manager, 0)
    _program(manager, 0, 2)
    manager.plan_erase(0, 0)
    manager.abort_erase(0, 0)
    assert (manager.applied[0][0], manager.mode[0][0]) == (-2, None)
    assert _sampled(manager, Use.READ) == {None}
    assert _sampled(manager, Use.ERASE) == {(0, 0), (2, 0)}


def test_cell_types_keep_apart_but_for_the_compatible() -> None:
    manager = _manager()
    _erase(manager, 0, mode="SLC")
    _erase(manager, 2, mode="TLC")
    assert _sampled(manager, Use.PROGRAM, celltype="SLC") == {(0, 0)}
    assert _sampled(manager, Use.PROGRAM, celltype="A0SLC") == {(0, 0)}
    assert _sampled(manager, Use.PROGRAM, celltype="TLC") == {(2, 0)}
    assert _sampled(manager, Use.PROGRAM, celltype="NONE") == {(0, 0), (2, 0)}


def test_bad_blocks_are_never_found() -> None:
    manager = _manager(bad=((0, 0),))
    assert _sampled(manager, Use.ERASE) == {(2, 0)}
    assert not manager.is_legal(AddressSlot(Use.ERASE, "SLC"), 0, 0, 0)


def test_a_span_must_be_legal_to_its_end() -> None:
    manager = _manager()
    _erase(manager, 0)
    _program(manager, 0, 2)
    assert _sampled(manager, Use.READ, span=1) == {(0, 0)}
    assert _sampled(manager, Use.READ, span=2) == {None}
    assert _sampled(manager, Use.PROGRAM, span=1) == {(0, 2)}
    assert _sampled(manager, Use.PROGRAM, span=2) == {None}


def test_a_guard_hides_the_last_pages() -> None:
    manager = _manager(guard=1)
    _erase(manager, 0)
    _program(manager, 0, 1)
    assert _sampled(manager, Use.READ) == {None}
    _program(manager, 0, 3)
    assert _sampled(manager, Use.READ) == {(0, 0), (0, 1)}


def test_a_row_needs_the_same_page_on_every_plane() -> None:
    manager = _manager()
    _erase(manager, 0, 1)
    assert manager.sample_row(PROGRAM, 0, 0, (0, 1)) == ((0, 1), (0, 0))
    _program(manager, 1, 1)
    assert manager.sample_row(PROGRAM, 0, 0, (0, 1)) is None
    assert manager.sample_on(PROGRAM, 0, (0, 1)) is None
    _program(manager, 0, 1)
    assert manager.sample_on(PROGRAM, 0, (0, 1)) == (0, 1)


def test_a_row_of_reads_ends_at_the_shortest_block() -> None:
    manager = _manager()
    _erase(manager, 0, 1)
    _program(manager, 0, 3)
    _program(manager, 1, 1)
    assert manager.sample_row(AddressSlot(Use.READ, "SLC"), 0, 0, (0, 1)) == ((0, 1), (0, 0))


def test_plans_are_forgotten_with_a_dropped_run() -> None:
    manager = _manager()
    _erase(manager, 0)
    manager.plan_program(0, 0, 0)
    manager.plan_erase(0, 2)
    manager.forget_plans()
    assert manager.planned == manager.applied == [[-1, -2, -2, -2]]
    assert _sampled(manager, Use.PROGRAM) == {(0, 0)}
    assert _sampled(manager, Use.ERASE) == {(2, 0)}
