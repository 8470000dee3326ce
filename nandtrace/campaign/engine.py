"""Engines: who has the cells of a campaign recorded, and where."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from nandtrace.campaign.model import Limits
from nandtrace.campaign.session import Session


class Engine(ABC):
    """Has the pending cells of a session recorded and verified, each in a process of its own."""

    name: ClassVar[str]
    """As the command line and the journal call it."""

    @abstractmethod
    def check(self, limits: Limits) -> None:
        """Raise UsageError for limits under which no cell would ever begin."""

    @abstractmethod
    def run(self, session: Session) -> None:
        """Settle all pending cells; returns early once a stop was asked for and nothing runs any more.

        Raises StorageError where the disk takes no more, and UsageError where the engine can't work at all;
        what was settled stays settled, and the other cells stay pending.
        """
