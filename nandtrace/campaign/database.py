"""SQLite for the journal: opened as what it is or refused; what SQLite raises becomes errors of nandtrace."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from nandtrace.campaign.journal_schema import APPLICATION_ID, TABLES, VERSION
from nandtrace.errors import InputError, StorageError

_BUSY_S = 10.0
_NO_DATABASE = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR)
_PRIMARY = 0xFF
"""An extended error code has the primary one in its lowest byte."""


@contextlib.contextmanager
def database_errors(path: Path) -> Iterator[None]:
    """In the block, errors of SQLite become InputError (it can't be read) or StorageError."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise  # a defect of ours: the tables' own rules are broken
    except UnicodeDecodeError as error:
        raise InputError(str(path), f"the journal is damaged: {error}") from error
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY
        if code in _NO_DATABASE:
            raise InputError(str(path), f"the journal can't be read: {error}") from error
        raise StorageError(str(path), OSError(0, str(error))) from error


def create_database(path: Path) -> sqlite3.Connection:
    """A new journal, without rows. Raises StorageError."""
    with database_errors(path):
        connection = _connect(path)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        for table in TABLES:
            connection.execute(table)
        return connection


def open_database(path: Path) -> sqlite3.Connection:
    """Open a journal to go on writing it. Raises InputError for what is none, or damaged; StorageError."""
    with database_errors(path):
        connection = _connect(path)
        with _closed_on_error(connection):
            _check_kind(path, connection)
            _check_whole(path, connection)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
    return connection


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open a journal that another process may be writing. Raises as `open_database` does."""
    with database_errors(path):
        try:
            connection = _connect(path, "?mode=ro")
            with _closed_on_error(connection):
                _check_kind(path, connection)
        except sqlite3.OperationalError:
            # In a folder that takes no files SQLite can't share it; with nothing outstanding it needn't.
            if path.with_name(f"{path.name}-wal").exists():
                raise
            connection = _connect(path, "?mode=ro&immutable=1")
            with _closed_on_error(connection):
                _check_kind(path, connection)
    return connection


def close_database(connection: sqlite3.Connection) -> None:
    """Close a journal; unless others have it open, it is one file then, which can be copied."""
    with contextlib.suppress(sqlite3.DatabaseError):
        connection.execute("PRAGMA busy_timeout = 0")
        connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()


def _check_kind(path: Path, connection: sqlite3.Connection) -> None:
    """Raise InputError for a database that is no journal, or one of another version."""
    (kind,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if kind != APPLICATION_ID:
        raise InputError(str(path), "a database, but no journal of a campaign")
    if version != VERSION:
        reason = f"the journal has version {version}, and this nandtrace reads version {VERSION}"
        raise InputError(str(path), reason)


def _check_whole(path: Path, connection: sqlite3.Connection) -> None:
    (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise InputError(str(path), f"the journal is damaged: {found}")


def _connect(path: Path, query: str = "") -> sqlite3.Connection:
    """Transactions are begun and ended by who writes; a path with any character in it works."""
    address = f"{path.absolute().as_uri()}{query}"
    return sqlite3.connect(address, uri=True, isolation_level=None, timeout=_BUSY_S)


@contextlib.contextmanager
def _closed_on_error(connection: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.close()
        raise
