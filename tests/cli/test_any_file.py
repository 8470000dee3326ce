"""Any file at all, given to any of the commands that read traces: one line, exit code 3."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nandtrace.cli.main import run

Capture = pytest.CaptureFixture[str]

COMMANDS = {
    "diff": ["diff", "BAD", "good.mpk"],
    "diff-other-side": ["diff", "good.mpk", "BAD"],
    "diff-json": ["diff", "--json", "BAD", "BAD"],
    "info": ["info", "BAD"],
    "cat": ["cat", "BAD"],
    "cat-json": ["cat", "--json", "--run", "1", "BAD"],
    "recover": ["recover", "BAD"],
}


@pytest.fixture
def folder(
    record: Callable[..., Path], small_calls: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> Path:
    good = record("good.mpk", small_calls(), chunk_events=10)
    monkeypatch.chdir(good.parent)
    return good.parent


def _bad(folder: Path, what: str) -> str:
    good = (folder / "good.mpk").read_bytes()
    contents = {
        "empty": b"",
        "text": b"HEADER\n",
        "random": random.Random(1).randbytes(5_000),  # noqa: S311 - no secrets here
        "zeros": bytes(5_000),
        "cut in the header": good[:300],
        "header damaged": good[:50] + b"\x00" + good[51:],
        "no header": good[4_500:],
        "msgpack": b"\x98\xa4NTF1" * 900,
    }
    if what == "directory":
        return "."
    if what == "missing":
        return "missing.mpk"
    if what == "below a file":
        return "good.mpk/x.mpk"
    if what == "a name too long":
        return "x" * 300
    (folder / "bad.mpk").write_bytes(contents[what])
    return "bad.mpk"


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "what",
    [
        "empty",
        "text",
        "random",
        "zeros",
        "cut in the header",
        "header damaged",
        "no header",
        "msgpack",
        "directory",
        "missing",
        "below a file",
        "a name too long",
    ],
)
def test_what_is_no_trace(folder: Path, capsys: Capture, command: str, what: str) -> None:
    name = _bad(folder, what)
    arguments = [name if part == "BAD" else part for part in COMMANDS[command]]
    assert run(arguments) == 3
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    assert output.err.startswith(f"nandtrace: {name}: ")


@pytest.mark.parametrize("command", ["info", "cat", "diff"])
def test_mutated_traces_never_end_in_a_defect(folder: Path, capsys: Capture, command: str) -> None:
    good = (folder / "good.mpk").read_bytes()
    draw = random.Random(2)  # noqa: S311 - no secrets here
    for _ in range(60):
        raw = bytearray(good)
        for _ in range(draw.randint(1, 4)):
            at = draw.randrange(len(raw))
            raw[at : at + draw.choice((0, 1, 40))] = draw.randbytes(draw.choice((0, 1, 40)))
        Path("bad.mpk").write_bytes(raw[: draw.choice((len(raw), draw.randrange(len(raw))))])
        assert run([command, "bad.mpk", *(["good.mpk"] if command == "diff" else [])]) in (0, 1, 3)
        assert "Traceback" not in capsys.readouterr().err
