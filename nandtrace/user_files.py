"""Files that users write: read, and checked as a whole, with errors that name file, entry and reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from nandtrace.errors import UsageError
from nandtrace.schema_files import load_schema

_VALUE_CHARS = 60
_MESSAGE_CHARS = 200

ValueT = TypeVar("ValueT")


class EntryError(ValueError):
    """An entry of a file is wrong: its place, as a person would write it, and the reason."""

    def __init__(self, place: str, reason: str) -> None:
        self.place = place
        self.reason = reason
        super().__init__(f"{place}: {reason}" if place else reason)


# ---- text


def read_text(path: Path, max_bytes: int) -> str:
    """The UTF-8 text of a file, its line ends as they are. Raises UsageError that names the file."""
    try:
        with path.open("rb") as file:
            raw = file.read(max_bytes + 1)
    except OSError as error:
        raise UsageError(f"{path}: cannot read: {error.strerror or error}") from error
    except ValueError as error:  # a path that no file can have
        raise UsageError(f"{str(path)!r}: cannot read: {error}") from error
    if len(raw) > max_bytes:
        raise UsageError(f"{path}: it has more than {max_bytes >> 20} MiB")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: byte {error.start} is not UTF-8") from error


def parse_toml(
    path: Path, text: str, parse_float: Callable[[str], float] = float
) -> dict[str, Any]:
    """The values of a TOML text. Raises UsageError that names the file, and the line if it is no TOML.

    `parse_float` may refuse a number: raise ValueError with the reason.
    """
    import tomllib  # noqa: PLC0415 - few commands read TOML

    try:
        return tomllib.loads(text, parse_float=parse_float)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: not TOML: {error}") from error
    except RecursionError as error:
        raise UsageError(f"{path}: it is nested too deeply") from error
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from error


# ---- entries


def check_entries(schema: str, plain: object) -> None:
    """Raise EntryError for the first entry that is not as `schemas/<schema>.schema.json` says."""
    try:
        error = next(_validator(schema).iter_errors(plain), None)
    except RecursionError as recursion:  # a dotted key of TOML nests without bound
        raise EntryError("", "it is nested too deeply") from recursion
    if error is not None:
        raise _explained(error)


def made_of(place: str, make: Callable[[], ValueT]) -> ValueT:
    """What is made of an entry. Raises EntryError, which names its place, where it makes no sense."""
    try:
        return make()
    except (ValueError, UsageError) as error:
        raise EntryError(place, str(error)) from error


@cache
def _validator(schema: str) -> Any:
    # Slow to import, and only who reads such a file needs it.
    from jsonschema import Draft7Validator  # noqa: PLC0415
    from jsonschema.validators import extend  # noqa: PLC0415

    # To JSON 2.0 is an integer; here it would go on as a float.
    strict = Draft7Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
    validator: Any = extend(Draft7Validator, type_checker=strict)  # type: ignore[no-untyped-call]
    return validator(load_schema(schema))


def _explained(error: Any) -> EntryError:
    path = list(error.absolute_path)
    if error.validator == "required":
        missing = next(name for name in error.validator_value if name not in error.instance)
        return EntryError(field_path([*path, missing]), "is missing")
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        unknown = next(name for name in error.instance if name not in known)
        return EntryError(field_path([*path, unknown]), "there is no such key")
    if error.validator in ("anyOf", "pattern") and "description" in error.schema:
        reason = f"{shorten(error.instance)} does not fit: {error.schema['description']}"
        return EntryError(field_path(path), reason)
    return EntryError(field_path(path), schema_reason(error))


# ---- words


def field_path(path: Iterable[str | int]) -> str:
    """Write the way to a value as a person would: snapshot.pending[0][2]."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{_field_name(step)}"
    return text.removeprefix(".")


def _field_name(name: str) -> str:
    return name if name.isprintable() and 0 < len(name) <= _VALUE_CHARS else shorten(name)


def shorten(value: object) -> str:
    """A value as it may stand in a one-line message."""
    text = repr(value)
    return text if len(text) <= _VALUE_CHARS else f"{text[:_VALUE_CHARS]}…"


def schema_reason(error: Any) -> str:
    """What a schema has against a value, in a few words."""
    value, expected = shorten(error.instance), error.validator_value
    reasons = {
        "type": f"{value} is not of type {_either(expected)}",
        "enum": f"{value} is not one of {_either(expected)}",
        "minimum": f"{value} is less than {expected}",
        "maximum": f"{value} is greater than {expected}",
        "minItems": f"{value} has fewer than {expected} items",
        "maxItems": f"{value} has more than {expected} items",
        "minLength": "is empty",
        "maxLength": f"{value} has more than {expected} characters",
    }
    return reasons.get(error.validator) or str(error.message)[:_MESSAGE_CHARS]


def _either(expected: Any) -> str:
    values = expected if isinstance(expected, list) else [expected]
    return " or ".join("null" if value is None else str(value) for value in values)
