"""Fixtures of all tests of campaigns."""

from __future__ import annotations

from tests.campaign.campaigns import cell_script, paper

__all__ = ["cell_script", "paper"]
