"""What holds the house up: the public face, and that the checker never meets a scheduler."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import nandtrace

LOG = Path(__file__).parent / "data" / "real" / "3ed79f5-mix.jsonl"

WATCH = """
import json, sys
from pathlib import Path
from nandtrace.cli.main import run
assert run(["import", sys.argv[1], "-o", sys.argv[2]]) == 0
assert run(["verify", sys.argv[2]]) == 0
print(json.dumps(sorted(name for name in sys.modules if name.startswith("nandtrace."))))
"""


def test_the_public_face() -> None:
    assert sorted(nandtrace.__all__) == [
        "GRAPH",
        "GraphEdge",
        "GraphNode",
        "GraphRecorder",
        "InputError",
        "InternalError",
        "LogError",
        "NAND",
        "NandtraceError",
        "RecordError",
        "Recorder",
        "StorageError",
        "Topology",
        "TraceError",
        "TraceReader",
        "UsageError",
        "WORKORDER",
        "WorkOrderLimits",
        "WorkOrderRecorder",
        "recover",
    ]


def test_verify_loads_no_scheduler(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WATCH, str(LOG), str(tmp_path / "t.mpk")],
        check=True,
        capture_output=True,
        text=True,
    )
    loaded = json.loads(done.stdout.splitlines()[-1])
    packages = {name.split(".")[1] for name in loaded}
    assert packages <= {
        "check", "cli", "convert", "errors", "pool", "report", "schema_files", "trace", "units",
        "user_files", "vocab",
    }  # fmt: skip


def test_help_loads_nothing_heavy() -> None:
    watch = "import sys; from nandtrace.cli.main import run; run(['--help']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", watch], check=True, capture_output=True, text=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert not loaded & {"numpy", "polars", "jsonschema", "deepdiff", "rich"}
