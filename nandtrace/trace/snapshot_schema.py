"""Is a snapshot what its domain's JSON Schema says? Compiled once, when first asked."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from nandtrace.schema_files import load_schema


def check_snapshot(domain: str, state: dict[str, Any]) -> None:
    """Raise ValueError, which names the field, where a snapshot is not of its domain."""
    _validator(domain)(state)


@cache
def _validator(domain: str) -> Callable[[dict[str, Any]], object]:
    # Compiling takes longer than `nandtrace --help` may: only who writes snapshots pays for it.
    import fastjsonschema  # noqa: PLC0415 - see above

    compiled: Callable[[dict[str, Any]], object] = fastjsonschema.compile(
        load_schema(f"snapshot-{domain}")
    )

    def validate(state: dict[str, Any]) -> None:
        try:
            compiled(state)
        except fastjsonschema.JsonSchemaValueException as error:
            field = ".".join(str(part) for part in error.path[1:]) or "the snapshot"
            raise ValueError(f"snapshot: {field} {error.message.split(' ', 1)[-1]}") from error

    return validate
