"""Work orders, and who works on them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from nandtrace.vocab.workorder import OrderState
from nandtrace.workorder.values import text_of, whole_of


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """Something to be done. The id is unique among the live orders; the payload is the handler's.

    With `max_retries` n it is attempted n + 1 times at most; without, as often as the scheduler's
    configuration says. Raises WorkOrderError for a value that makes no sense.
    """

    id: str
    payload: object = None
    priority: int = 0
    max_retries: int | None = None

    def __post_init__(self) -> None:
        text_of(self.id, "an order's id")
        whole_of(self.priority, f"order {self.id!r}: priority", -(2**31))
        if self.max_retries is not None:
            whole_of(self.max_retries, f"order {self.id!r}: max_retries", 0)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One execution of an order: the order's number in the trace, which attempt it is, and its slot."""

    order: WorkOrder = field(compare=False)
    number: int
    attempt: int
    slot: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an order ended: what the handler returned, or the text of what it raised last."""

    state: OrderState
    attempts: int
    result: object = None
    error: str | None = None


class Handler(ABC):
    """Works on orders. Calls are cancelled when the order is, and may raise: then the attempt failed."""

    async def prepare(self, attempt: Attempt) -> None:  # noqa: B027 - most have nothing to prepare
        """Get ready; the order is PREPARING."""

    async def close(self, attempt: Attempt) -> None:  # noqa: B027 - likewise
        """Leave nothing behind: the attempt is over, however it ended, in whatever call."""

    @abstractmethod
    async def run(self, attempt: Attempt) -> object:
        """Do it; the order is RUNNING. What is returned is its result."""


HandlerFunction = Callable[[Attempt], Awaitable[object]]


class FunctionHandler(Handler):
    """A coroutine function as a handler."""

    def __init__(self, function: HandlerFunction) -> None:
        self._function = function

    async def run(self, attempt: Attempt) -> object:
        return await self._function(attempt)
