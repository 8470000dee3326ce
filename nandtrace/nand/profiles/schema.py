"""Is a profile what `schemas/profile.schema.json` says? Says which entry is not, and why."""

from __future__ import annotations

from functools import cache
from typing import Any

from nandtrace.convert.line_schema import field_path, schema_reason
from nandtrace.nand.profiles.entries import ProfileError
from nandtrace.schema_files import load_schema


def check_schema(plain: dict[str, Any]) -> None:
    """Raise ProfileError for the first entry, in the order of the schema, that is not as it says."""
    error = next(_validator().iter_errors(plain), None)
    if error is not None:
        raise _explained(error)


@cache
def _validator() -> Any:
    # Slow to import, and only a recording needs it.
    from jsonschema import Draft7Validator  # noqa: PLC0415
    from jsonschema.validators import extend  # noqa: PLC0415

    # To JSON 2.0 is an integer; here it would become a float in the profile.
    strict = Draft7Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
    validator: Any = extend(Draft7Validator, type_checker=strict)  # type: ignore[no-untyped-call]
    return validator(load_schema("profile"))


def _explained(error: Any) -> ProfileError:
    path = list(error.absolute_path)
    if error.validator == "required":
        missing = next(name for name in error.validator_value if name not in error.instance)
        return ProfileError(field_path([*path, missing]), "is missing")
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        unknown = next(name for name in error.instance if name not in known)
        return ProfileError(field_path([*path, unknown]), "there is no such key")
    return ProfileError(field_path(path), schema_reason(error))
