"""Files that users write are read, or refused with the file, the entry and the reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nandtrace.errors import UsageError
from nandtrace.user_files import EntryError, check_entries, made_of, parse_toml, read_text

PATH = Path("day.toml")
GOLDEN = {"name": "a", "profile": "tiny", "verdict": "OK", "about": "It shows something."}


def _refused_text(path: Path, max_bytes: int = 1 << 20) -> str:
    with pytest.raises(UsageError) as refused:
        read_text(path, max_bytes)
    return str(refused.value)


def test_text_keeps_its_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "day.toml"
    path.write_bytes("a\r\nµ\n".encode())
    assert read_text(path, 6) == "a\r\nµ\n"


def test_text_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "day.toml"
    assert _refused_text(path) == f"{path}: cannot read: No such file or directory"
    assert _refused_text(tmp_path) == f"{tmp_path}: cannot read: Is a directory"
    assert _refused_text(Path("a\0b")) == r"'a\x00b': cannot read: embedded null byte"
    path.write_bytes(b"#" * (2**20 + 1))
    assert _refused_text(path) == f"{path}: it has more than 1 MiB"
    path.write_bytes(b"a = '\xff'")
    assert _refused_text(path) == f"{path}: byte 5 is not UTF-8"


def _no_numbers(text: str) -> float:
    raise ValueError(f"{text} is not wanted")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a = 1\na = 2\n", "not TOML: Cannot overwrite a value (at line 2, column 6)"),
        ("a = 1\nb = ?\n", "not TOML: Invalid value (at line 2, column 5)"),
        (f"a = {'[' * 5000}", "it is nested too deeply"),
        ("a = 1.5", "1.5 is not wanted"),
    ],
)
def test_text_that_is_no_toml(text: str, reason: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_toml(PATH, text, _no_numbers)
    assert str(refused.value) == f"day.toml: {reason}"


def test_toml() -> None:
    assert parse_toml(PATH, "a = 1\nb.c = [1.5]\n") == {"a": 1, "b": {"c": [1.5]}}


def _manifest(**entry: object) -> dict[str, Any]:
    return {"version": 1, "goldens": [GOLDEN | entry]}


def test_entries_as_their_schema_says() -> None:
    check_entries("golden-manifest", _manifest(seed=3, run_until=["10ms", 5]))


@pytest.mark.parametrize(
    ("plain", "place", "reason"),
    [
        ([], "", "[] is not of type object"),
        ({"version": 1}, "goldens", "is missing"),
        (_manifest(sede=3), "goldens[0].sede", "there is no such key"),
        (_manifest(**{"a\nb": 3}), r"goldens[0].'a\nb'", "there is no such key"),
        (_manifest(seed=2.0), "goldens[0].seed", "2.0 is not of type integer"),
        (_manifest(seed=True), "goldens[0].seed", "True is not of type integer"),
        (_manifest(runs=0), "goldens[0].runs", "0 is less than 1"),
        (_manifest(about=""), "goldens[0].about", "is empty"),
        (
            _manifest(bad_blocks=["0:1", "2"]),
            "goldens[0].bad_blocks[1]",
            "'2' does not match '^[0-9]+:[0-9]+$'",
        ),
        (
            _manifest(verdict={"violated": []}),
            "goldens[0].verdict",
            "{'violated': []} does not fit: What `nandtrace verify` must say: OK, or exactly "
            "these violated invariants.",
        ),
        (
            _manifest(about="x" * 401),
            "goldens[0].about",
            f"'{'x' * 59}… has more than 400 characters",
        ),
    ],
)
def test_an_entry_that_is_wrong(plain: object, place: str, reason: str) -> None:
    with pytest.raises(EntryError) as refused:
        check_entries("golden-manifest", plain)
    error = refused.value
    assert (error.place, error.reason) == (place, reason)
    assert str(error) == (f"{place}: {reason}" if place else reason)


def test_entries_nested_without_end() -> None:
    plain = parse_toml(PATH, f"profiles = ['tiny']\nseeds.{'.'.join('a' * 5000)} = 1\n")
    with pytest.raises(EntryError, match=r"^it is nested too deeply$"):
        check_entries("campaign", plain)


@pytest.mark.parametrize("error", [ValueError("no sense"), UsageError("no sense")])
def test_what_is_made_of_an_entry(error: Exception) -> None:
    def refuse() -> int:
        raise error

    assert made_of("a.b", lambda: 3) == 3
    with pytest.raises(EntryError, match=r"^a\.b: no sense$"):
        made_of("a.b", refuse)
