"""One port, four edges of the four policies, and bursts that are too much for all of them.

Among the readings are CONTROL messages, which no edge drops, evicts or merges: on a full edge they wait, and
what comes after them waits behind them.
"""

from __future__ import annotations

from operator import add

from nandtrace.graph import InputPort, Message, Node, OutputPort, Policy, Scheduler, control

BURSTS = ("dddddd", "dddcdd", "cdddd", "cccd", "ddcdd", "d")
"""A reading (d) or a CONTROL message (c) each; every edge holds three."""

CAPACITY = 3


class Sensor(Node):
    """Sends a burst a tick."""

    outputs = (OutputPort("readings", int),)
    desired_tick_interval_ms = 0.1

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.bursts = iter(BURSTS)

    def on_tick(self) -> None:
        burst = next(self.bursts, None)
        if burst is None:
            self.end_ticks()
            return
        for letter in burst:
            self.emit("readings", control(1) if letter == "c" else 1)


class Meter(Node):
    """Adds up what it reads."""

    inputs = (InputPort("readings", int),)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.total = 0

    def on_message(self, port: str, message: Message) -> None:
        self.total += message.payload


def build() -> Scheduler:
    scheduler = Scheduler()
    scheduler.register(Sensor("sensor"))
    for policy in Policy:
        scheduler.register(Meter(policy.value))
        scheduler.connect(
            "sensor:readings",
            f"{policy.value}:readings",
            capacity=CAPACITY,
            policy=policy,
            merge=add if policy is Policy.COALESCE else None,
        )
    return scheduler
