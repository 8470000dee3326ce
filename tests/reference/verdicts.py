"""What `nandtrace verify` says of traces: the ids of the invariants that each violates."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from nandtrace.cli.main import run


def violated(paths: Iterable[Path], capsys: pytest.CaptureFixture[str]) -> dict[str, set[str]]:
    """By path, the invariants that the checker finds violated."""
    assert run(["verify", "--json", "--limit", "1", *map(str, paths)]) in (0, 1)
    return {
        trace["path"]: {one["id"] for one in trace["invariants"] if one["violated"]}
        for trace in json.loads(capsys.readouterr().out)["traces"]
    }
