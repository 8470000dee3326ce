"""Are snapshots and device rules what their JSON Schemas say? Compiled once, when first asked."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from nandtrace.schema_files import load_schema


def check_snapshot(domain: str, state: dict[str, Any]) -> None:
    """Raise ValueError, which names the field, where a snapshot is not of its domain."""
    _validator(domain)(state)


def check_device(domain: str, device: dict[str, Any]) -> None:
    """Raise ValueError, which names the entry, where a header's `device` map is not of its domain."""
    _device_validator(domain)(device)


@cache
def _validator(domain: str) -> Callable[[dict[str, Any]], object]:
    return _compiled(load_schema(f"snapshot-{domain}"), "snapshot", "the snapshot")


@cache
def _device_validator(domain: str) -> Callable[[dict[str, Any]], object]:
    definitions = load_schema("header")["definitions"]
    device = definitions[f"{domain}_device"] | {"definitions": definitions}
    return _compiled(device, "device", "the device")


def _compiled(schema: dict[str, Any], what: str, whole: str) -> Callable[[dict[str, Any]], object]:
    # Compiling takes longer than `nandtrace --help` may: only who writes traces pays for it.
    import fastjsonschema  # noqa: PLC0415 - see above

    compiled: Callable[[dict[str, Any]], object] = fastjsonschema.compile(schema)

    def validate(value: dict[str, Any]) -> None:
        try:
            compiled(value)
        except fastjsonschema.JsonSchemaValueException as error:
            field = ".".join(str(part) for part in error.path[1:]) or whole
            raise ValueError(f"{what}: {field} {error.message.split(' ', 1)[-1]}") from error

    return validate
