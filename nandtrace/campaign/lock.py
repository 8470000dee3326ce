"""One campaign a folder: a lock on a file, held as long as the process lives."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from nandtrace.errors import StorageError, UsageError

_TRIES = 50
_BETWEEN_S = 0.02
"""Who only looks whether a campaign runs holds the lock for an instant, and so does a process that one which
was killed had just begun to start."""


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock in the block. Raises UsageError with the pid of who holds it, or StorageError."""
    descriptor = _hold(path)
    try:
        _write_pid(path, descriptor)
        yield
    finally:
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, 0)
        os.close(descriptor)


def holder_of(path: Path) -> int | None:
    """The pid of the process that holds the lock: None where none does, 0 where it can't be told."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_pid(descriptor)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return None


def process_text(pid: int) -> str:
    """What a holder is called."""
    return f"process {pid}" if pid else "another process"


def _hold(path: Path) -> int:
    """The descriptor of the file, locked. A campaign that can't begin removes it: then it is another."""
    while True:
        descriptor = _open(path)
        try:
            _acquire(path, descriptor)
            if _is_there(path, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _is_there(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    except OSError as error:
        raise StorageError(str(path), error) from error


def _acquire(path: Path, descriptor: int) -> None:
    for left in reversed(range(_TRIES)):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if not left:
                by = process_text(_read_pid(descriptor))
                raise UsageError(f"{path.parent}: {by} runs a campaign there") from error
            time.sleep(_BETWEEN_S)
        except OSError as error:
            raise StorageError(str(path), error) from error
        else:
            return


def _write_pid(path: Path, descriptor: int) -> None:
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    except OSError as error:
        raise StorageError(str(path), error) from error


def _read_pid(descriptor: int) -> int:
    text = os.pread(descriptor, 20, 0)
    return int(text) if text.isdigit() else 0
