"""Is a line of a log what the JSON Schema says? Fast for good lines, precise for a bad one.

Compiled validators, one per kind, pass every line; only a line that fails is given to jsonschema,
which knows what is wrong and where.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import fastjsonschema

from nandtrace.schema_files import load_schema
from nandtrace.user_files import field_path, schema_reason, shorten

SCHEMA = "import-jsonl"


class LineError(ValueError):
    """A line is not what its schema says: which field, and why."""

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        self.reason = reason
        super().__init__(f"{field}: {reason}")


@cache
def kinds() -> tuple[str, ...]:
    """The kinds that a line may have."""
    return tuple(load_schema(SCHEMA)["properties"]["kind"]["enum"])


@cache
def fields_of(kind: str) -> frozenset[str]:
    """The fields that the schema names for a kind."""
    return frozenset(load_schema(SCHEMA)["definitions"][kind]["properties"])


@cache
def validator_of(kind: str) -> Callable[[dict[str, Any]], object]:
    """A function that raises ValueError for a line that is no such kind; see `explain`."""
    validate: Callable[[dict[str, Any]], object] = fastjsonschema.compile(
        _schema_of(kind), use_default=False
    )
    return validate


def kind_of(line: dict[str, Any]) -> str:
    """The kind of a line. Raises LineError when it has none that is known."""
    kind = line.get("kind")
    if kind is None:
        raise LineError("kind", "is missing")
    if kind not in kinds():
        raise LineError("kind", f"unknown kind {shorten(kind)}")
    assert isinstance(kind, str)
    return kind


def explain(kind: str, line: dict[str, Any]) -> LineError:
    """Say what is wrong with a line that its validator refused."""
    # Slow to import, and a good log never needs it.
    from jsonschema import Draft7Validator  # noqa: PLC0415
    from jsonschema.exceptions import best_match  # noqa: PLC0415

    error = best_match(Draft7Validator(_schema_of(kind)).iter_errors(line))
    assert error is not None, "the compiled schema refuses what the schema itself accepts"
    path = list(error.absolute_path)
    if error.validator == "required":
        missing = next(name for name in error.validator_value if name not in error.instance)
        return LineError(field_path([*path, missing]), "is missing")
    return LineError(field_path(path), schema_reason(error))


def _schema_of(kind: str) -> dict[str, Any]:
    whole = load_schema(SCHEMA)
    return {
        "$schema": whole["$schema"],
        "definitions": whole["definitions"],
        "$ref": f"#/definitions/{kind}",
    }
