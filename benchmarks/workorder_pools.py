"""The peers: pools of workers with a queue, which do as many orders of no work.

They have no limits to keep, no states, retries or priorities, and keep no log.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import psutil

from benchmarks.workorder_load import SLOTS


def run_asyncio(orders: int, *, looking: bool = False) -> None:
    """Two workers on an asyncio queue; with `looking` they read the memory before each order."""
    asyncio.run(_run_asyncio(orders, looking=looking))


def run_threads(orders: int) -> None:
    """A pool of two threads."""
    with ThreadPoolExecutor(SLOTS) as pool:
        futures = [pool.submit(_no_work) for _ in range(orders)]
        for future in futures:
            future.result()
    check_done(len(futures), orders)


async def _run_asyncio(orders: int, *, looking: bool) -> None:
    queue: asyncio.Queue[int] = asyncio.Queue()
    for number in range(orders):
        queue.put_nowait(number)
    done = [0]
    workers = [asyncio.ensure_future(_worker(queue, done, looking=looking)) for _ in range(SLOTS)]
    await queue.join()
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    check_done(done[0], orders)


async def _worker(queue: asyncio.Queue[int], done: list[int], *, looking: bool) -> None:
    while True:
        await queue.get()
        if not looking or psutil.virtual_memory().available:
            # A task for each order, as a pool needs that would end one without the other.
            await asyncio.ensure_future(_async_no_work())
            done[0] += 1
        queue.task_done()


async def _async_no_work() -> None:
    """Ends at once."""


def _no_work() -> None:
    """Ends at once."""


def check_done(done: int, expected: int) -> None:
    """Raises RuntimeError where work was left undone."""
    if done != expected:
        raise RuntimeError(f"the pool did {done} of {expected}")
