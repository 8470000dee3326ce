"""Is a profile what `schemas/profile.schema.json` says? Says which entry is not, and why."""

from __future__ import annotations

from typing import Any

from nandtrace.nand.profiles.entries import ProfileError
from nandtrace.user_files import EntryError, check_entries


def check_schema(plain: dict[str, Any]) -> None:
    """Raise ProfileError for the first entry, in the order of the schema, that is not as it says."""
    try:
        check_entries("profile", plain)
    except EntryError as error:
        raise ProfileError(error.place, error.reason) from error
