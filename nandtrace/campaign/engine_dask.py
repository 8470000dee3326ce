"""The Dask engine: the cells of a campaign on the workers of a cluster.

It needs the extra: `pip install 'nandtrace[dask]'`. Everything of Dask is imported when it runs, so that the
rest of the campaign knows nothing of it.
"""

from __future__ import annotations

import asyncio
import importlib
from typing import ClassVar

from nandtrace.campaign.engine import Engine
from nandtrace.campaign.model import Limits
from nandtrace.campaign.session import Session
from nandtrace.errors import UsageError


class DaskEngine(Engine):
    """Sends the cells to the scheduler at an address, or to a local cluster of `limits.slots` workers."""

    name: ClassVar[str] = "dask"

    def __init__(self, scheduler: str | None = None) -> None:
        """Raise UsageError where the extra is not installed, or for what is no address.

        Nothing is connected to yet.
        """
        _require_distributed()
        if scheduler is not None:
            _check_address(scheduler)
        self.scheduler = scheduler

    def check(self, limits: Limits) -> None:
        """Any limits will do: the workers' memory is Dask's to look after."""

    def run(self, session: Session) -> None:
        """Run all pending cells, as `Engine.run` says.

        Raises UsageError where no cluster can be reached, where its workers have another nandtrace or none,
        or where none of them has the resources; InputError when the cluster is lost.
        """
        from nandtrace.campaign.dask_session import run_session  # noqa: PLC0415 - see above

        asyncio.run(run_session(session, self.scheduler))


def _require_distributed() -> None:
    try:
        importlib.import_module("distributed")
    except ImportError as error:
        raise UsageError(
            f"the dask engine needs an extra ({error}): pip install 'nandtrace[dask]'"
        ) from error


def _check_address(scheduler: str) -> None:
    from distributed.comm.addressing import get_address_host  # noqa: PLC0415 - see above

    try:
        get_address_host(scheduler)
    except (ValueError, FutureWarning) as error:
        # Of a protocol that it no longer has Dask raises a warning, with a page of advice.
        reason = str(error).partition("\n")[0]
        raise UsageError(f"{scheduler}: not the address of a Dask scheduler: {reason}") from error
