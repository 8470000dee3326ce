"""Broken logs: each a story with one thing wrong, and the violations that this is, by invariant.

Where a fault breaks several rules, or can't be told from another, all violations are named.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.check.workorder.order_log import OrderLog, Story


@dataclass(frozen=True)
class Broken:
    """What is wrong, as a change of a story.

    `violations` holds the numbers of the offending events by invariant, `says` what the first violation
    of the first invariant expected and what it found.
    """

    what: str
    story: Story
    change: Callable[[OrderLog], OrderLog]
    violations: dict[str, list[int]]
    says: tuple[str, str]
