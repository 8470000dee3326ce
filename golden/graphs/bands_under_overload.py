"""Three bands, each with two workers, and more work for all of them than they can do at any time.

Every cycle of seven turns gives four to the control band, two to the high one and one to the normal one,
until the backlog is done: for all of them at once, because it is made in the same proportion.
"""

from __future__ import annotations

from nandtrace.graph import InputPort, Message, Node, OutputPort, Scheduler, SchedulerConfig

JOBS = {"control": 80, "high": 40, "normal": 20}
"""For each worker of the band."""


class Backlog(Node):
    """Has all its jobs ready at the start, and sends each to every worker of their band."""

    outputs = tuple(OutputPort(band, int) for band in JOBS)

    def on_start(self) -> None:
        for band, jobs in JOBS.items():
            for number in range(jobs):
                self.emit(band, number)


class Worker(Node):
    """Does one job after another."""

    inputs = (InputPort("jobs", int),)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.done = 0

    def on_message(self, port: str, message: Message) -> None:
        self.done += 1


def build() -> Scheduler:
    scheduler = Scheduler(SchedulerConfig(max_batch_per_node=1))
    scheduler.register(Backlog("backlog"))
    for band, jobs in JOBS.items():
        for side in ("left", "right"):
            name = f"{band}-{side}"
            scheduler.register(Worker(name))
            scheduler.connect(f"backlog:{band}", f"{name}:jobs", capacity=jobs, priority=band)
    return scheduler
