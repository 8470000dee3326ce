"""The JSON Schemas: in the wheel they lie inside the package, in a checkout beside it."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

_CHECKOUT = Path(__file__).resolve().parent.parent / "schemas"


@cache
def load_schema(name: str) -> dict[str, Any]:
    """Read `schemas/<name>.schema.json`."""
    file_name = f"{name}.schema.json"
    packaged = resources.files("nandtrace") / "schemas" / file_name
    source = packaged if packaged.is_file() else _CHECKOUT / file_name
    schema: dict[str, Any] = json.loads(source.read_bytes())
    return schema
