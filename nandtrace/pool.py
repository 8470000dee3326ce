"""Worker processes, for traces large enough to pay for their start. Light to import."""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.process import BaseProcess

_WORKER_ENVIRONMENT = {
    # One thread each: the processes are the parallelism.
    "POLARS_MAX_THREADS": "1",
    # glibc returns every large array to the system when it is freed, and the page faults of the next
    # one cost more than filling it.
    "MALLOC_MMAP_THRESHOLD_": str(2**30),
    "MALLOC_TRIM_THRESHOLD_": str(2**32),
}


def start_pool(workers: int, warm_up: str = "nandtrace.check.judge") -> ProcessPoolExecutor:
    """A pool of fresh processes that import the module `warm_up` at once.

    It sets variables in this process's environment for them; Polars too reads its own, where it is not
    imported yet. A script that calls this needs the usual `if __name__ == "__main__"` guard.
    """
    _set_worker_environment()
    pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
    with _interrupts_ignored():
        for _ in range(workers):
            pool.submit(_warm_up, warm_up)
    return pool


def _set_worker_environment() -> None:
    for name, value in _WORKER_ENVIRONMENT.items():
        os.environ.setdefault(name, value)


def start_process(target: Callable[..., None], *arguments: object) -> BaseProcess:
    """One fresh process, with the environment of a pool's, that calls `target`; it ends with this one."""
    _set_worker_environment()
    process = multiprocessing.get_context("spawn").Process(
        target=target, args=arguments, daemon=True
    )
    with _interrupts_ignored():
        process.start()
    return process


@contextlib.contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Processes started in here inherit it: Ctrl-C is the caller's to handle, they print no traceback."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _warm_up(module_name: str) -> None:
    """Import what the work needs while the caller is still preparing it."""
    importlib.import_module(module_name)
