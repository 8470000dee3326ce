"""The Dask engine: the cells of a campaign on the workers of a cluster.

It needs the extra: `pip install 'nandtrace[dask]'`. Everything of Dask is imported when it runs, so that the
rest of the campaign knows nothing of it.
"""

from __future__ import annotations

import asyncio
import importlib
from typing import ClassVar

from nandtrace.campaign.engine import Engine
from nandtrace.campaign.session import Session
from nandtrace.errors import UsageError


class DaskEngine(Engine):
    """Sends the cells to the scheduler at an address, or to a local cluster of `limits.slots` workers."""

    name: ClassVar[str] = "dask"

    def __init__(self, scheduler: str | None = None) -> None:
        """Raise UsageError where the extra is not installed; connect to nothing yet."""
        _require_distributed()
        self.scheduler = scheduler

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
