"""Engines by name."""

from __future__ import annotations

from nandtrace.campaign.engine import Engine
from nandtrace.campaign.engine_local import LocalEngine
from nandtrace.errors import UsageError

LOCAL = LocalEngine.name
DASK = "dask"


def make_engine(name: str, scheduler: str | None = None) -> Engine:
    """The engine of a name; `scheduler` is the address of a Dask cluster's. Raises UsageError."""
    if name == LOCAL:
        if scheduler is not None:
            raise UsageError(f"a scheduler's address is for the engine {DASK}, not {LOCAL}")
        return LocalEngine()
    if name == DASK:
        # An extra: imported only where it is wanted.
        from nandtrace.campaign.engine_dask import DaskEngine  # noqa: PLC0415

        return DaskEngine(scheduler)
    raise UsageError(f"there is no engine {name!r}, only {LOCAL} and {DASK}")
