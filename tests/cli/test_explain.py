"""The explain command."""

from __future__ import annotations

import json

import jsonschema
import pytest

from nandtrace.check.registry import own_invariants
from nandtrace.cli.main import run
from nandtrace.schema_files import load_schema

Capture = pytest.CaptureFixture[str]


def test_an_invariant_is_explained(capsys: Capture) -> None:
    assert run(["explain", "page-programmed-once"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:5] == [
        "page-programmed-once",
        "  A page is programmed once between two erases of its block.",
        "",
        "Why     A second program of a page destroys what the first one wrote.",
        "Source  NAND data sheets: number of partial programs; when a program counts",
    ]
    assert "Domain  nand; nand address" in lines
    (example,) = [place for place, line in enumerate(lines) if line.startswith("Example: ")]
    assert "APPLY_PGM" in lines[example + 1]
    assert lines[example + 2].startswith("    expected ")
    assert sum(line.startswith("    | ") for line in lines) >= 4


@pytest.mark.parametrize("name", sorted(own_invariants()))
def test_every_invariant_has_an_explanation(name: str, capsys: Capture) -> None:
    assert run(["explain", name, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, load_schema("explain"))
    assert document["id"] == name
    assert document["example"] is not None


def test_a_misspelt_one_is_guessed(capsys: Capture) -> None:
    assert run(["explain", "page-programed-once"]) == 2
    err = capsys.readouterr().err
    assert "there is no invariant 'page-programed-once'; did you mean page-programmed-once" in err


def test_one_that_is_like_none(capsys: Capture) -> None:
    assert run(["explain", "xyzzy"]) == 2
    assert "`nandtrace verify --list` has them" in capsys.readouterr().err
