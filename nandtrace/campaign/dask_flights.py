"""Cells on their way to the workers of a Dask cluster and back."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from distributed import Client, Future

from nandtrace.campaign.dask_task import (
    Delivery,
    call_off,
    portable_task,
    ticket_text,
    topic_of,
)
from nandtrace.campaign.model import Cell
from nandtrace.campaign.session import Session

_CALL_OFF_WITHIN_S = 5.0

Outcome = Delivery | str | Exception
"""Of a task: a delivery, why its worker can't do it, or what it raised."""


@dataclass(eq=False, slots=True)
class Flight:
    """A cell on its way: how often it was sent, how often a worker began it, and when it last did."""

    cell: Cell
    sent: int = 0
    begun: int = 0
    is_running: bool = False
    begun_s: float | None = None

    def begin(self) -> None:
        """A worker has begun it."""
        self.begun += 1
        self.begun_s = time.monotonic()

    @property
    def seconds(self) -> float | None:
        """How long ago that was the last time."""
        return None if self.begun_s is None else time.monotonic() - self.begun_s


@dataclass(frozen=True, slots=True)
class _Task:
    future: Future[Delivery | str]
    waiter: asyncio.Task[None]


class Flights:
    """Sends cells as tasks of one session, and tells which have begun and which are back.

    `began` and `landed` are called in callbacks, where nothing may be raised: they put it down for later. A
    flight stays in the air until it is left, also when it has landed.
    """

    def __init__(
        self,
        session: Session,
        client: Client,
        began: Callable[[Flight], None],
        landed: Callable[[Flight, Outcome], None],
    ) -> None:
        self._session = session
        self._client = client
        self._began = began
        self._landed = landed
        self._token = uuid.uuid4().hex  # a name, so that two sessions on one cluster do not meet
        self._task = portable_task()
        self._in_air: dict[int, tuple[Flight, _Task]] = {}
        self._begun_last: dict[str, deque[int]] = {}
        client.subscribe_topic(topic_of(self._token), self._on_event)

    def __len__(self) -> int:
        return len(self._in_air)

    def __contains__(self, flight: Flight) -> bool:
        here = self._in_air.get(flight.cell.ordinal)
        return here is not None and here[0] is flight

    def __iter__(self) -> Iterator[Flight]:
        """Those in the air; they may be left meanwhile."""
        return iter([flight for flight, _ in self._in_air.values()])

    def send(self, flight: Flight) -> None:
        """Submit a cell: earlier ones have the higher priority, retries and resources are Dask's."""
        cell, limits = flight.cell, self._session.limits
        flight.sent += 1
        future = self._client.submit(
            self._task,
            ticket_text(self._token, cell.ordinal, self._session.spec(cell), limits.timeout_s),
            key=f"nandtrace-cell-{self._token}-{cell.ordinal}-{flight.sent}",
            priority=-cell.ordinal,
            retries=limits.retries,
            resources=dict(self._session.resources) or None,
            pure=False,
        )
        waiter = asyncio.create_task(self._wait_for(flight, future))
        self._in_air[cell.ordinal] = flight, _Task(future, waiter)

    def leave(self, flight: Flight) -> None:
        """Be done with a flight: the cluster forgets it, and where it has not begun it never will."""
        _, task = self._in_air.pop(flight.cell.ordinal)
        task.waiter.cancel()
        task.future.release()

    def may_have_killed(self, flight: Flight, worker: str) -> bool:
        """Whether a cell can have been running on a worker that died: no newer ones had its threads."""
        return flight.cell.ordinal in self._begun_last.get(worker, ())

    async def close(self) -> None:
        """Leave all flights, and have the workers end those of their cells that run."""
        for flight in self:
            self.leave(flight)
        if self._client.status != "running":
            return  # a cluster that is lost can be told nothing
        with contextlib.suppress(Exception):  # or is lost just now
            self._client.unsubscribe_topic(topic_of(self._token))
            ended = self._client.run(call_off, self._token, on_error="ignore")
            await asyncio.wait_for(ended, _CALL_OFF_WITHIN_S)

    def _on_event(self, event: tuple[float, tuple[int, str, int]]) -> None:
        _, (ordinal, worker, threads) = event
        self._begun_last.setdefault(worker, deque(maxlen=threads)).append(ordinal)
        if ordinal in self._in_air:
            self._began(self._in_air[ordinal][0])

    async def _wait_for(self, flight: Flight, future: Future[Delivery | str]) -> None:
        outcome: Outcome
        try:
            outcome = await future
        except Exception as error:
            outcome = error
        self._landed(flight, outcome)
