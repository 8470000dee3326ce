"""JSON-like values as JSON that any parser takes, and as short lines for a person."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from itertools import groupby
from typing import Any


def json_safe(value: Any) -> Any:
    """A value of a trace as JSON can hold it: keys as strings, bytes in hex, no NaN."""
    if isinstance(value, dict):
        return {str(key): json_safe(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_safe(item) for item in value]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, str | int | float):
        return value
    return str(value)


def json_line(value: Any) -> str:
    """One line of JSON, ASCII only."""
    return json.dumps(json_safe(value), separators=(",", ":"))


def compact(value: Any) -> str:
    """A value in one line; equal neighbours in a list of plain values are counted: [-2 x64, 5]."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(_counted(value))}]"
    if isinstance(value, dict):
        inner = (f"{compact(str(key))}: {compact(item)}" for key, item in value.items())
        return f"{{{', '.join(inner)}}}"
    if isinstance(value, str):
        return bare_or_quoted(value)
    return json.dumps(json_safe(value))


def bare_or_quoted(text: str) -> str:
    """A string as it is where it is a plain word, else quoted and escaped as in JSON."""
    if text and all(letter.isalnum() or letter in "_-./:+%()*@>" for letter in text):
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())


def flatten(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The leaves of nested maps as (path, compact value): ("device.topology.dies", "4").

    Of a list of maps each entry is a leaf: ("device.nodes[0]", "{name: a}").
    """
    if isinstance(value, dict) and value:
        for key, item in value.items():
            name = bare_or_quoted(str(key))
            yield from flatten(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        for place, item in enumerate(value):
            yield f"{path}[{place}]", compact(item)
    else:
        yield path, compact(value)


def outline(value: Any, path: str, most: int, depth: int) -> Iterator[tuple[str, str]]:
    """Like `flatten`, but what has more than `most` leaves is opened `depth` levels deep only: below, its
    entries are counted."""
    if _leaves(value) <= most:
        yield from flatten(value, path)
    elif isinstance(value, dict) and depth:
        for key, item in value.items():
            yield from outline(item, f"{path}.{bare_or_quoted(str(key))}", most, depth - 1)
    else:
        yield path, f"{len(value)} entries"


def _leaves(value: Any) -> int:
    if isinstance(value, dict):
        return sum(_leaves(item) for item in value.values())
    return sum(_leaves(item) for item in value) if isinstance(value, list | tuple) else 1


def _counted(values: list[Any] | tuple[Any, ...]) -> Iterator[str]:
    for text, group in groupby(map(compact, values)):
        count = sum(1 for _ in group)
        yield text if count == 1 else f"{text} x{count}"
