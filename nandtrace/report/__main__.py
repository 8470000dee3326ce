"""`python -m nandtrace.report`: write docs/invariants.md anew from the registry."""

from __future__ import annotations

from pathlib import Path

from nandtrace.check.registry import load_invariants
from nandtrace.report.catalogue import catalogue_page

PAGE = Path(__file__).resolve().parents[2] / "docs" / "invariants.md"

if __name__ == "__main__":
    PAGE.write_text(catalogue_page(load_invariants().values()))
