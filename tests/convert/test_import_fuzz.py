"""Whatever a log holds: an error with its place, or a trace that reads back whole."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nandtrace.convert.jsonl import import_jsonl
from nandtrace.errors import LogError
from nandtrace.trace import Chunk, TraceReader

LOG = Path(__file__).parent.parent / "data" / "real" / "3ed79f5.jsonl"
LINES = LOG.read_bytes().splitlines(keepends=True)
ODD_VALUES = [
    None,
    True,
    0,
    -1,
    2**53 - 1,
    2**53,
    10**30,
    0.5,
    1e300,
    0.123,
    "",
    "x" * 2000,
    "\udfff",
    [],
    [[]],
    [[0, 0, 0, None]] * 2000,
    [None, [None]],
    {},
    {"": {"\ud800": 1}},
]
TOKENS = [b"null", b"-", b"1e999", b"9" * 40, b"[", b"]", b"{", b'"', b"\\ud800", b"\xff", b"\n"]


def _one_of_each_kind() -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for line in map(json.loads, LINES):
        found.setdefault(line["kind"], line)
    return list(found.values())


def _imports_or_explains(raw: bytes, folder: Path) -> bool:
    """Whether it was imported; then the trace is whole, else nothing is left."""
    log, target = folder / "log.jsonl", folder / "log.mpk"
    log.write_bytes(raw)
    try:
        result = import_jsonl(log, target)
    except LogError as error:
        lines = str(error).splitlines()
    else:
        lines = []
    assert len(lines) <= 1
    if lines:
        assert list(folder.iterdir()) == [log]
        return False
    with TraceReader(target) as reader:
        chunks = list(reader.walk())
        assert reader.has_footer
    for chunk in chunks:
        assert isinstance(chunk, Chunk)
        chunk.validate()
    assert result.events == sum(chunk.meta.events for chunk in chunks if isinstance(chunk, Chunk))
    target.unlink()
    return True


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(value, dict | list):
        keys = value if isinstance(value, dict) else range(len(value))
        for key in keys:
            yield from _paths(value[key], (*path, key))


def _replaced(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    if not path:
        return odd
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _replaced(value[path[0]], path[1:], odd)
    return copy


@pytest.mark.parametrize("at", range(11), ids=[line["kind"] for line in _one_of_each_kind()])
def test_odd_values_in_every_field(at: int, tmp_path: Path) -> None:
    lines = _one_of_each_kind()
    outcomes = {True: 0, False: 0}
    for path in _paths(lines[at]):
        for odd in ODD_VALUES:
            changed = [*lines[:at], _replaced(lines[at], path, odd), *lines[at + 1 :]]
            raw = "\n".join(map(json.dumps, changed)).encode()
            outcomes[_imports_or_explains(raw, tmp_path)] += 1
    assert outcomes[True] > 0
    assert outcomes[False] > outcomes[True]


@st.composite
def _mutated(draw: st.DrawFn) -> bytes:
    """A stretch of a real log with bytes flipped, cut out, put in, and lines moved."""
    start = draw(st.integers(1, len(LINES) - 30))
    lines = [LINES[0], *LINES[start : start + 30]]
    if draw(st.booleans()):
        lines = [LINES[0], *draw(st.permutations(lines[1:]))]
    raw = bytearray(b"".join(lines))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, max(len(raw) - 1, 1)))
        action = draw(st.sampled_from(["flip", "cut", "put", "end"]))
        if action == "flip":
            raw[at : at + 1] = bytes([draw(st.integers(0, 255))])
        elif action == "cut":
            del raw[at : at + draw(st.integers(1, 60))]
        elif action == "put":
            raw[at:at] = draw(st.sampled_from(TOKENS))
        else:
            del raw[max(at, 1) :]
    return bytes(raw)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(_mutated())
def test_mutated_logs(raw: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _imports_or_explains(raw, Path(folder))


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.binary(max_size=300))
def test_any_bytes_at_all(raw: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert not _imports_or_explains(raw, Path(folder))
