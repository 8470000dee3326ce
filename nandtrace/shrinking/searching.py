"""A search from its begin to what is written of it, whatever ends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from nandtrace.shrinking.search import BudgetSpentError, Search
from nandtrace.shrinking.sizes import Size
from nandtrace.shrinking.task import End, Shrunk, Task, Way, Written

TrialT = TypeVar("TrialT")


def search_smallest(
    task: Task,
    way: Way,
    start: TrialT,
    measure: Callable[[TrialT, Size | None], Size | None],
    *,
    key_of: Callable[[TrialT], str],
    reduce: Callable[[Search[TrialT]], None],
    write: Callable[[TrialT], Written],
) -> Shrunk | None:
    """Search from `start` and write the best; None where `start` does not do what is sought.

    What was tried is forgotten once nothing gets smaller, and kept where anything else ended the search.
    """
    with task.memory(way) as memory:
        search = Search(start, measure, key_of, budget=task.budget, memory=memory, told=task.told)
        if not search.begin():
            memory.forget()
            return None
        before = search.size
        end = run_to_end(lambda: reduce(search))
        written = write(search.best)
        if end is End.COMPLETE:
            memory.forget()
        return Shrunk(
            way=way,
            invariant=task.invariant,
            trace=task.outputs.trace,
            before=before,
            after=search.size,
            tried=search.tried,
            known_before=memory.known_before,
            end=end,
            source=written.source,
            commands=written.commands,
        )


def run_to_end(reduce: Callable[[], None]) -> End:
    """Reduce until nothing gets smaller, the budget is used up, or somebody interrupts."""
    try:
        reduce()
    except BudgetSpentError:
        return End.BUDGET
    except KeyboardInterrupt:
        return End.INTERRUPTED
    return End.COMPLETE
