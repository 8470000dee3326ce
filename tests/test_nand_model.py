"""docs/nand-model.md: what cites it finds its section, and the goldens that it names are kept."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from nandtrace.check.registry import load_invariants

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "nand-model.md").read_text()
PREFIX = "nandtrace model: "


def _cited(source: str) -> list[str]:
    """The sections of the page that a source names: what follows the prefix, one by one."""
    _, found, sections = source.partition(PREFIX)
    return sections.split("; ") if found else []


def test_every_cited_section_is_there() -> None:
    headings = [text.lower() for text in re.findall(r"^#+ (.+)$", PAGE, flags=re.MULTILINE)]
    cited = {name for item in load_invariants().values() for name in _cited(item.source)}
    assert len(cited) > 20
    missing = [name for name in sorted(cited) if not name.startswith(tuple(headings))]
    assert missing == []


def test_the_goldens_it_names_are_in_the_manifest() -> None:
    manifest = yaml.safe_load((ROOT / "golden" / "manifest.yaml").read_text())
    kept = {golden["name"] for golden in manifest["goldens"]}
    named = re.findall(r"`golden/([a-z/-]+)`", PAGE)
    assert "program-suspended-twice" in named
    assert "chain-reservation-fails" in named
    assert set(named) <= kept
