"""The wheel holds all that the package needs."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_the_wheel_holds_every_module_and_schema(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("nandtrace-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "nandtrace").rglob("*.py")}
    schemas = {f"nandtrace/schemas/{path.name}" for path in (ROOT / "schemas").glob("*.json")}
    profiles = {str(path.relative_to(ROOT)) for path in (ROOT / "nandtrace").rglob("*.yaml")}
    assert len(schemas) >= 10
    assert len(profiles) >= 3
    assert modules | schemas | profiles | {"nandtrace/py.typed"} <= names
