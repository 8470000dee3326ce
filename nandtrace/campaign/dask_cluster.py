"""The cluster of a campaign: the one at an address, or a local one; and what its workers can take."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from distributed import Client, LocalCluster
from distributed.utils import silence_logging_cmgr

from nandtrace.campaign.session import Session
from nandtrace.errors import UsageError

_CONNECT_WITHIN_S = 10
_LOCAL = "the local Dask cluster"
_ANY_PORT = "127.0.0.1:0"
"""Without a dashboard too a scheduler listens for HTTP, and without an address at Dask's usual one."""

_IGNORE_INTERRUPTS = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
"""Ctrl-C reaches the whole process group, but it is the campaign's to handle: it calls its cells off."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A connected client, and what errors call the cluster."""

    client: Client
    place: str


@contextlib.asynccontextmanager
async def open_cluster(session: Session, scheduler: str | None) -> AsyncIterator[Cluster]:
    """Connect to the scheduler at an address, or start a local cluster; close what was opened.

    What Dask would log about workers that die and connections that break is left to the campaign to tell.
    Raises UsageError where the cluster can't be reached or started.
    """
    with silence_logging_cmgr(logging.CRITICAL):
        if scheduler is None:
            async with _local_cluster(session) as local, _client(local, _LOCAL) as cluster:
                yield cluster
        else:
            async with _client(scheduler, scheduler) as cluster:
                yield cluster


@contextlib.asynccontextmanager
async def _local_cluster(session: Session) -> AsyncIterator[LocalCluster]:
    """One single-threaded worker process a slot, each with the resources of one cell."""
    limits = session.limits
    try:
        cluster = await LocalCluster(
            n_workers=limits.slots,
            threads_per_worker=1,
            processes=True,
            dashboard_address=_ANY_PORT,
            silence_logs=logging.CRITICAL,
            asynchronous=True,
            local_directory=str(session.scratch / "dask"),
            resources=dict(session.resources),
            preload=_IGNORE_INTERRUPTS,
            scheduler_kwargs={"allowed_failures": limits.retries, "dashboard": False},
        )
    except (OSError, RuntimeError) as error:
        raise UsageError(f"cannot start a local Dask cluster: {error}") from error
    async with cluster:
        yield cluster


@contextlib.asynccontextmanager
async def _client(target: str | LocalCluster, place: str) -> AsyncIterator[Cluster]:
    with _addresses_checked(place):
        client = Client(target, asynchronous=True, set_as_default=False, timeout=_CONNECT_WITHIN_S)
    try:
        # Dask's own limit does not hold where something accepts the connection and does not speak Dask.
        with _addresses_checked(place):
            async with asyncio.timeout(2 * _CONNECT_WITHIN_S):
                await client
        yield Cluster(client, place)
    finally:
        await client.close()


@contextlib.contextmanager
def _addresses_checked(place: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ImportError) as error:
        raise UsageError(f"{place}: cannot reach a Dask scheduler: {_reason(error)}") from error
    except (ValueError, TypeError) as error:
        raise UsageError(f"{place}: not the address of a Dask scheduler: {error}") from error


def _reason(error: BaseException) -> str:
    """What the system said, where Dask's errors go back to that; theirs name objects in memory."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, OSError) and found.strerror:
            return found.strerror
        found = found.__cause__ or found.__context__
    return str(error) or "it does not answer"


async def capacity(client: Client, needed: Mapping[str, float]) -> int:
    """How many cells the workers can run at once, each taking the `needed` resources; 0: none ever.

    Raises OSError where the scheduler does not answer.
    """
    assert client.scheduler is not None
    identity: dict[str, Any] = await client.scheduler.identity()
    return sum(_capacity_of(worker, needed) for worker in identity["workers"].values())


def _capacity_of(worker: Mapping[str, Any], needed: Mapping[str, float]) -> int:
    has: dict[str, float] = worker["resources"]
    shares = [math.floor(has.get(name, 0) / amount) for name, amount in needed.items() if amount]
    return min([int(worker["nthreads"]), *shares])
