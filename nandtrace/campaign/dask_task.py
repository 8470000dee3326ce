"""What a Dask worker does for a campaign: one attempt at a cell, in a subprocess of its own."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

from distributed import Worker, get_worker

from nandtrace import __version__
from nandtrace.campaign.cell_process import TRACE_NAME, CellCancelled, CellCrashError, run_cell
from nandtrace.campaign.model import CellResult
from nandtrace.errors import StorageError, UsageError
from nandtrace.nand.job import VERSION

_called_off: set[str] = set()
"""Sessions, by their token, whose cells are no longer wanted by anybody."""


class Ticket(TypedDict):
    """One cell as a worker is told of it. It travels as JSON: a worker without nandtrace can read that."""

    session: str
    cell: int
    spec: dict[str, Any]
    timeout_s: float
    version: str
    generator: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """What an attempt came to: its result and the bytes of its trace, None where there is none."""

    result: CellResult
    trace: bytes | None


class AttemptFailedError(Exception):
    """An attempt that another one may mend; Dask retries what raises.

    `text` says why, `is_storage` that the worker could not write. It must survive pickling.
    """

    def __init__(self, text: str, is_storage: bool = False) -> None:
        super().__init__(text, is_storage)
        self.text = text
        self.is_storage = is_storage


def ticket_text(session: str, cell: int, spec: dict[str, Any], timeout_s: float) -> str:
    """The ticket of a cell, with the versions that its worker must have."""
    ticket = Ticket(
        session=session,
        cell=cell,
        spec=spec,
        timeout_s=timeout_s,
        version=__version__,
        generator=VERSION,
    )
    return json.dumps(ticket)


def portable_task() -> Callable[[str], Delivery | str]:
    """The function of a task: from a ticket to what came of it, or to why this worker can't do it.

    Being a closure it is sent as code: a worker that can't import what is sent by name loses its connection,
    and its cells would go on to kill the next one.
    """

    def record_cell(ticket: str) -> Delivery | str:
        from distributed import get_worker  # noqa: PLC0415 - it takes nothing along from here

        try:
            from nandtrace.campaign.dask_task import attempt  # noqa: PLC0415
        except ImportError as error:
            return f"{get_worker().address} has no nandtrace that can run campaigns: {error}"
        return attempt(ticket)

    return record_cell


def topic_of(session: str) -> str:
    """Where the workers say that a cell begins, as `[cell, address of the worker, its threads]`."""
    return f"nandtrace-{session}"


def attempt(text: str) -> Delivery | str:
    """Record and verify a cell in the worker's own folder. Raises AttemptFailedError, and nothing else.

    An exception that does not survive pickling is never heard of at the other end. So this one is raised
    where no other is being handled, which would travel along.
    """
    ticket: Ticket = json.loads(text)
    worker = get_worker()
    if (problem := _version_problem(ticket)) is not None:
        return f"{worker.address} {problem}"
    begun = [ticket["cell"], worker.address, worker.state.nthreads]
    worker.log_event(topic_of(ticket["session"]), begun)
    outcome = _outcome(ticket, worker)
    if isinstance(outcome, AttemptFailedError):
        raise outcome
    return outcome


def call_off(session: str) -> None:
    """End the cells of a session that run on this worker, and those that would still begin."""
    _called_off.add(session)


def _version_problem(ticket: Ticket) -> str | None:
    here = (__version__, VERSION)
    wanted = (ticket["version"], ticket["generator"])
    if here == wanted:
        return None
    return (
        f"has nandtrace {here[0]} (generator {here[1]}), "
        f"the campaign has {wanted[0]} (generator {wanted[1]})"
    )


def _outcome(ticket: Ticket, worker: Worker) -> Delivery | str | AttemptFailedError:
    try:
        with tempfile.TemporaryDirectory(prefix="cell-", dir=worker.local_directory) as folder:
            return _delivery(ticket, Path(folder))
    except UsageError as error:
        return f"{worker.address}: {error}"
    except (CellCrashError, CellCancelled) as error:
        return AttemptFailedError(str(error))
    except (StorageError, OSError) as error:
        return AttemptFailedError(f"worker {worker.address}: {error}", is_storage=True)
    except Exception as error:
        return AttemptFailedError(f"a defect of nandtrace itself, please report it: {error!r}")


def _delivery(ticket: Ticket, folder: Path) -> Delivery:
    def is_wanted() -> bool:
        return ticket["session"] not in _called_off

    result = run_cell(ticket["spec"], folder, ticket["timeout_s"], is_wanted)
    trace = folder / TRACE_NAME
    return Delivery(result, trace.read_bytes() if trace.exists() else None)
