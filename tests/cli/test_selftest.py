"""The selftest command."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from nandtrace.cli.main import run
from nandtrace.schema_files import load_schema

GOLDEN = Path(__file__).parents[2] / "golden"
FEW = ["selftest", "--domain", "workorder"]

Capture = pytest.CaptureFixture[str]


def test_a_domain_is_proven(capsys: Capture) -> None:
    assert run([*FEW, "--verbose"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("PROVEN  workorder: ")
    assert " 0 survived; " in lines[0]
    words = [line.split() for line in lines]
    assert ["invariant", "killed", "alone", "alone", "by"] in words
    (row,) = [line for line in words if line[:1] == ["slot-bound"]]
    assert int(row[1]) >= int(row[2]) >= 1


def test_it_prints_json(capsys: Capture) -> None:
    """With a mutant of each operator not every invariant has one of its own."""
    trace = GOLDEN / "workorder" / "stagger.mpk"
    code = run([*FEW, "--mutants", "1", "--no-faults", "--json", str(trace)])
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, load_schema("selftest"))
    assert code == (0 if document["holds"] else 1)
    assert document["faults"] == []
    (domain,) = document["domains"]
    assert str(trace) in domain["traces"]


def test_the_canary(capsys: Capture) -> None:
    assert run([*FEW, "--mutants", "1", "--no-faults", "--without", "backoff"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("UNPROVEN  workorder: ")
    assert "breaks backoff" in out


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--without", "nonsense"], 2, "there is no invariant 'nonsense'"),
        (["--domain", "nonsense"], 2, "'nonsense' is not one of"),
        (["--mutants", "0"], 2, "0 is not in the range"),
        (["nowhere.mpk"], 3, "nowhere.mpk: no such file"),
        ([str(GOLDEN / "violations" / "no-drain.mpk")], 3, "before anything is changed"),
    ],
)
def test_what_is_wrong_is_said(arguments: list[str], code: int, says: str, capsys: Capture) -> None:
    assert run(["selftest", "--domain", "nand", *arguments]) == code
    assert says in capsys.readouterr().err
