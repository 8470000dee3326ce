"""The search: what it keeps, when it is over, and how it goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from nandtrace.errors import UsageError
from nandtrace.shrinking.memory import Memory
from nandtrace.shrinking.search import Budget, BudgetSpentError, Search
from nandtrace.shrinking.sizes import Size


def _search(memory: Memory, budget: Budget | None = None) -> tuple[Search[int], list[int]]:
    """Numbers, of which the multiples of 7 do what is sought; and those that were measured."""
    measured: list[int] = []

    def measure(number: int, best: Size | None) -> Size | None:
        measured.append(number)
        return Size(number, number) if number % 7 == 0 else None

    return Search(70, measure, str, budget=budget or Budget(), memory=memory), measured


def test_what_is_smaller_and_does_it_is_the_best() -> None:
    search, _ = _search(Memory())
    assert search.begin()
    assert [search.attempt(number) for number in (84, 50, 49, 63, 7)] == [
        False,
        False,
        True,
        False,
        True,
    ]
    assert (search.best, search.size, search.tried) == (7, Size(7, 7), 5)


def test_nothing_is_measured_twice() -> None:
    search, measured = _search(Memory())
    search.begin()
    for _ in range(3):
        search.attempt(49)
    assert (measured, search.tried) == ([70, 49], 1)


def test_what_does_not_do_it_is_no_begin() -> None:
    search = Search(8, lambda number, best: None, str, budget=Budget(), memory=Memory())
    assert not search.begin()


def test_the_budget_counts_candidates() -> None:
    search, _ = _search(Memory(), Budget(2))
    search.begin()
    search.attempt(49)
    search.attempt(42)
    with pytest.raises(BudgetSpentError):
        search.attempt(7)
    assert search.best == 42


def test_the_budget_may_be_over_at_any_time() -> None:
    over = [False, False, True]
    search, _ = _search(Memory(), Budget(is_over=lambda: over.pop(0)))
    search.begin()
    search.attempt(49)
    search.attempt(42)
    with pytest.raises(BudgetSpentError):
        search.attempt(7)


def test_a_search_goes_on_with_what_it_remembers(tmp_path: Path) -> None:
    path = tmp_path / "out.shrink"
    with Memory(path, {"trace": "a"}) as memory:
        search, measured = _search(memory)
        search.begin()
        search.attempt(49)
        search.attempt(42)
    assert measured == [70, 49, 42]
    with path.open("ab") as file:
        file.write(b'["7", [7')  # killed while it wrote
    with Memory(path, {"trace": "a"}) as memory:
        assert memory.known_before == 3
        search, measured = _search(memory, Budget(3))
        search.begin()
        for number in (49, 42, 35):
            search.attempt(number)
        assert (measured, search.best, search.tried) == ([35], 35, 3)
        with pytest.raises(BudgetSpentError):
            search.attempt(7)
        memory.forget()
    assert not path.exists()


def test_the_memory_of_another_search_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "out.shrink"
    Memory(path, {"trace": "a"}).__exit__()
    with pytest.raises(UsageError, match=r"out\.shrink: of another search"):
        Memory(path, {"trace": "b"})
    path.write_text("what is this\n")
    with pytest.raises(UsageError, match=r"out\.shrink: not what a search keeps"):
        Memory(path, {"trace": "a"})
