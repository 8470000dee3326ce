"""A session of a campaign on a Dask cluster: cells go out as tasks, what comes back is settled here."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NoReturn

from distributed import KilledWorker
from distributed.client import FutureCancelledError

from nandtrace.campaign.dask_cluster import Cluster, capacity, open_cluster
from nandtrace.campaign.dask_flights import Flight, Flights, Outcome
from nandtrace.campaign.dask_task import AttemptFailedError, Delivery
from nandtrace.campaign.model import CellResult
from nandtrace.campaign.session import Session
from nandtrace.errors import InputError, NandtraceError, StorageError, UsageError

_IN_FLIGHT_MIN = 16
"""Cells on their way to a cluster of few workers or none: enough for an adaptive one to grow."""

_IN_FLIGHT_PER_PLACE = 2
"""Cells on their way for each that can run at once: a worker finds the next one waiting."""

_SENT_MAX = 10
_LOOK_EVERY_S = 5.0
_WORKERS_WITHIN_S = 60.0


async def run_session(session: Session, scheduler: str | None) -> None:
    """Run the pending cells of a session. Raises what `DaskEngine.run` says."""
    if session.stop.is_requested:
        return
    async with open_cluster(session, scheduler) as cluster:
        await _Dispatcher(session, cluster).run()


class _Dispatcher:
    """Keeps a bounded number of cells on their way, earlier ones first, and settles what comes back.

    Whatever happens (workers begin, cells come back, a stop) is put into one queue, and `run` does it, one by
    one: so the session is used in one place, and an error ends it.
    """

    def __init__(self, session: Session, cluster: Cluster) -> None:
        self._session = session
        self._cluster = cluster
        self._cells = session.cells()
        self._happened: asyncio.Queue[Callable[[], None]] = asyncio.Queue()
        self._flights = Flights(session, cluster.client, self._tell_begun, self._tell_landed)
        self._in_flight_max = _IN_FLIGHT_MIN
        self._is_stopping = False

    async def run(self) -> None:
        """Run until no cell is pending, or until a stop has ended what ran."""
        loop = asyncio.get_running_loop()
        deafen = self._session.stop.add_listener(partial(self._tell_stop, loop))
        watch = loop.create_task(self._watch_workers())
        try:
            while self._send_more():
                (await self._happened.get())()
        finally:
            deafen()
            watch.cancel()
            self._leave_all()
            await self._flights.close()

    def _send_more(self) -> bool:
        """Fill up what is on its way; whether anything is."""
        while not self._is_stopping and len(self._flights) < self._in_flight_max:
            cell = next(self._cells, None)
            if cell is None:
                break
            self._flights.send(Flight(cell))
        return bool(self._flights)

    # What others tell: put down for `run`

    def _tell_begun(self, flight: Flight) -> None:
        self._happened.put_nowait(partial(self._begun, flight))

    def _tell_landed(self, flight: Flight, outcome: Outcome) -> None:
        self._happened.put_nowait(partial(self._landed, flight, outcome))

    def _tell_stop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Called in a signal's handler, or in another thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nothing is left to be stopped
            loop.call_soon_threadsafe(self._happened.put_nowait, self._stop)

    # What becomes of a cell

    def _begun(self, flight: Flight) -> None:
        if flight not in self._flights:
            return
        flight.begin()
        if not flight.is_running:
            flight.is_running = True
            self._session.began(flight.cell)

    def _landed(self, flight: Flight, outcome: Outcome) -> None:
        if flight not in self._flights:
            return
        match outcome:
            case Delivery(result, trace):
                path = None if trace is None else self._write(flight, trace)
                self._settle(flight, result, path)
            case AttemptFailedError(is_storage=False):
                self._settle(flight, CellResult.failure(outcome.text, flight.seconds))
            case KilledWorker():
                self._workers_died(flight, outcome.last_worker.address)
            case _:
                raise self._error_of(outcome)

    def _settle(self, flight: Flight, result: CellResult, trace: Path | None = None) -> None:
        self._flights.leave(flight)
        self._session.settle(flight.cell, result, trace, max(flight.begun, 1))

    def _leave(self, flight: Flight) -> None:
        self._flights.leave(flight)
        if flight.is_running:
            flight.is_running = False
            self._session.ended(flight.cell)

    def _workers_died(self, flight: Flight, worker: str) -> None:
        """Fail a cell that had its attempts; send again one that only waited where another did that.

        Dask gives up all cells that were assigned to a worker that died, and waits for no proof.
        """
        has_had_its_attempts = flight.begun > self._session.limits.retries
        is_suspect = self._flights.may_have_killed(flight, worker) or flight.sent >= _SENT_MAX
        if has_had_its_attempts and is_suspect:
            reason = "its worker died, again and again"
            self._settle(flight, CellResult.failure(reason, flight.seconds))
        elif flight.sent < _SENT_MAX:
            self._leave(flight)
            self._flights.send(flight)
        else:
            raise InputError(self._cluster.place, "workers die before they begin a cell")

    def _write(self, flight: Flight, trace: bytes) -> Path:
        path = self._session.scratch / f"{flight.cell.ordinal}.mpk"
        try:
            path.write_bytes(trace)
        except OSError as error:
            raise StorageError(str(path), error) from error
        return path

    def _error_of(self, outcome: str | Exception) -> NandtraceError:
        """What ends the session, as no other attempt would do better."""
        match outcome:
            case str():
                return UsageError(f"{self._cluster.place}: worker {outcome}")
            case AttemptFailedError():
                return InputError(self._cluster.place, outcome.text)
            case FutureCancelledError():
                return InputError(self._cluster.place, f"the cluster was lost: {outcome.reason}")
        return InputError(self._cluster.place, f"a task failed: {outcome!r}")

    # How it ends

    def _stop(self) -> None:
        if self._session.stop.is_urgent:
            self._leave_all()
        elif not self._is_stopping:
            self._is_stopping = True
            for flight in self._flights:
                if not flight.begun:
                    self._leave(flight)
            loop = asyncio.get_running_loop()
            grace_s = self._session.limits.stop_grace_s
            loop.call_later(grace_s, self._happened.put_nowait, self._leave_all)

    def _leave_all(self) -> None:
        self._is_stopping = True
        for flight in self._flights:
            self._leave(flight)

    async def _watch_workers(self) -> None:
        """Follow the cluster's size; end the session where no worker can take its cells."""
        lacking_s = 0.0
        while True:
            places = 0
            with contextlib.suppress(OSError):  # it may answer the next time
                places = await capacity(self._cluster.client, self._session.resources)
            self._in_flight_max = max(_IN_FLIGHT_MIN, _IN_FLIGHT_PER_PLACE * places)
            lacking_s = 0.0 if places else lacking_s + _LOOK_EVERY_S
            if lacking_s > _WORKERS_WITHIN_S:
                self._happened.put_nowait(self._raise_lacking)
            await asyncio.sleep(_LOOK_EVERY_S)

    def _raise_lacking(self) -> NoReturn:
        needed = " ".join(f"{name}={amount:g}" for name, amount in self._session.resources.items())
        raise UsageError(
            f"{self._cluster.place}: no worker"
            + (f" with the resources {needed}" if needed else "")
            + f" for {_WORKERS_WITHIN_S:g} s"
        )
