"""JSON values that a trace keeps as they are: headers and snapshots of a foreign scheduler."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from nandtrace.convert.line_schema import LineError
from nandtrace.user_files import field_path, shorten

MAX_DEPTH = 32

Path = tuple[str | int, ...]


def plain_value(value: Any, path: Path) -> Any:
    """The value with its maps in key order, so that equal logs make equal traces.

    Raises LineError, with the field, for what a trace can't hold: numbers beyond 64 bits, text that
    is no Unicode, nesting beyond MAX_DEPTH.
    """
    if len(path) > MAX_DEPTH:
        raise LineError(field_path(path[:3]), f"nested more than {MAX_DEPTH} deep")
    if isinstance(value, dict):
        return {
            plain_text(key, (*path, key)): plain_value(value[key], (*path, key))
            for key in sorted(value)
        }
    if isinstance(value, list):
        return [plain_value(item, (*path, index)) for index, item in enumerate(value)]
    if isinstance(value, str):
        return plain_text(value, path)
    if isinstance(value, float):
        return _plain_float(value, path)
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise LineError(field_path(path), f"{shorten(value)} does not fit 64 bits")
    return value


def plain_text(text: str, path: Sequence[str | int]) -> str:
    """The text. Raises LineError for a lone surrogate, which a JSON escape can spell."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise LineError(field_path(path), f"{shorten(text)} is no Unicode text") from error
    return text


def _plain_float(value: float, path: Path) -> float:
    if not math.isfinite(value):
        raise LineError(field_path(path), "a number that is too large")
    return float(value)
