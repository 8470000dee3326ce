"""Write the journal of a new campaign."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from dataclasses import asdict
from pathlib import Path

from nandtrace import __version__
from nandtrace.campaign.database import create_database, database_errors
from nandtrace.campaign.journal import SCHEDULER
from nandtrace.campaign.plan import Plan
from nandtrace.campaign.syncing import sync
from nandtrace.errors import StorageError


def create_journal(path: Path, plan: Plan, profile_folder: str) -> None:
    """Write the journal of a new campaign: whole, or not at all. Raises StorageError.

    `profile_folder` is where the copies of the profiles lie, relative to the output folder.
    """
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with contextlib.closing(create_database(new)) as connection, database_errors(new):
        connection.execute("BEGIN")
        _write_plan(connection, plan, profile_folder)
        connection.execute("COMMIT")
    try:
        new.replace(path)
        sync(path.parent)
    except OSError as error:
        raise StorageError(str(path), error) from error


def _write_plan(connection: sqlite3.Connection, plan: Plan, profile_folder: str) -> None:
    facts = {
        "name": plan.file.name,
        "nandtrace": __version__,
        "scheduler": SCHEDULER,
        "limits": json.dumps(asdict(plan.limits)),
        "resources": json.dumps(dict(plan.file.resources)),
    }
    connection.executemany("INSERT INTO facts VALUES (?, ?)", facts.items())
    connection.executemany(
        "INSERT INTO profiles VALUES (?, ?, ?, ?)",
        (
            (
                each.label,
                each.source,
                None if each.text is None else f"{profile_folder}/{each.file_name}",
                json.dumps(each.repairs),
            )
            for each in plan.profiles
        ),
    )
    connection.executemany(
        "INSERT INTO recipes VALUES (?, ?, ?, ?, ?, ?)",
        (
            (
                each.number,
                each.profile,
                each.options,
                json.dumps(each.identity),
                each.compress,
                json.dumps(each.arguments),
            )
            for each in plan.recipes
        ),
    )
    connection.executemany(
        "INSERT INTO cells (ordinal, id, recipe, seed, trace) VALUES (?, ?, ?, ?, ?)",
        ((each.ordinal, each.id, each.recipe, each.seed, each.trace) for each in plan.cells()),
    )
