"""The display of a live recording: one line that says how it stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from nandtrace.graph import InputPort, Message, Node
from nandtrace.live.follower import Judgement
from nandtrace.nand.recording import Progress

Show = Callable[[Progress, Counter[str], Judgement], None]
"""Shows progress, the ops committed so far by base, and what the checker found so far."""


class Display(Node):
    """Keeps the newest of all that it is told, and shows it."""

    inputs = (
        InputPort("progress", Progress),
        InputPort("counters", Counter),
        InputPort("judged", Judgement),
    )

    def __init__(self, name: str, show: Show) -> None:
        super().__init__(name)
        self._show = show
        self._progress: Progress | None = None
        self._ops: Counter[str] = Counter()
        self._judgement = Judgement(0, {})

    def on_message(self, port: str, message: Message) -> None:
        if port == "progress":
            self._progress = message.payload
        elif port == "counters":
            self._ops += message.payload
        else:
            self._judgement = message.payload
        if self._progress is not None:
            self._show(self._progress, self._ops, self._judgement)
