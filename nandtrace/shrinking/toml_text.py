"""A scenario as TOML: tables, arrays of tables, and scalars. What a scenario holds, and no more."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def toml_text(plain: Mapping[str, Any]) -> str:
    """The text of a map whose values are scalars, lists of them, maps, and lists of maps."""
    return "\n".join(_lines(plain, ())).strip() + "\n"


def _lines(plain: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    tables = {key: value for key, value in plain.items() if _is_table(value) and len(path) < 1}
    lists = {key: value for key, value in plain.items() if _is_tables(value)}
    for key, value in plain.items():
        if key not in tables and key not in lists:
            yield f"{_key(key)} = {_value(value)}"
    for key, value in tables.items():
        yield from ("", f"[{_dotted(*path, key)}]")
        yield from _lines(value, (*path, key))
    for key, value in lists.items():
        for item in value:
            yield from ("", f"[[{_dotted(*path, key)}]]")
            for name, entry in item.items():
                yield f"{_key(name)} = {_value(entry)}"


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _dotted(*names: str) -> str:
    return ".".join(map(_key, names))


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _value(name)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, str):
        # JSON escapes as TOML does, but for one character.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    return json.dumps(value)
