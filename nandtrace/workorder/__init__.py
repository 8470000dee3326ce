"""The work-order scheduler: queued orders, claimed one by one when a slot and the memory allow.

    async def main() -> None:
        scheduler = Scheduler(SchedulerConfig(slots=2, stagger_s=0), handler=work)
        scheduler.enqueue(WorkOrder("a", payload=...))
        scheduler.start()
        await scheduler.join()
        await scheduler.stop()

docs/workorder-model.md says what it does. The way of an order: `scheduler` accepts it into the `book`, the
`pump` asks the `gates`, `transitions` changes the state (book, slots of the `monitor`), logs and tells it,
and `workers` have a handler (`order`, `processes`) work on it. Who waits is in `waiting`. `log` takes every
event, `recording` makes a trace of them and continues one (`fold`, `restoring`); `scenario_*` play written
days.
"""

from nandtrace.vocab.workorder import Mode, OrderState, Policy, Pressure
from nandtrace.workorder.book import HistoryEntry
from nandtrace.workorder.clock import Clock, RealClock, VirtualClock, run_virtual
from nandtrace.workorder.config import SchedulerConfig
from nandtrace.workorder.cores import usable_cores
from nandtrace.workorder.events import (
    Backpressure,
    HealthChanged,
    HealthReport,
    MemoryPressure,
    MemoryWait,
    QueueEmpty,
    SlotAvailable,
    StaggerWait,
    StateChanged,
    StrayRelease,
    TerminalReached,
    WorkClaimed,
)
from nandtrace.workorder.log import JournalLog, NullLog, TraceLog, WorkOrderLog
from nandtrace.workorder.monitor import ResourceMonitor
from nandtrace.workorder.order import Attempt, Handler, Outcome, WorkOrder
from nandtrace.workorder.probe import Probe, Reading, ScriptedProbe, SystemProbe
from nandtrace.workorder.processes import ProcessFailed, ProcessHandler, ProcessResult
from nandtrace.workorder.scheduler import Scheduler
from nandtrace.workorder.statistics import Statistics

__all__ = [
    "Attempt",
    "Backpressure",
    "Clock",
    "Handler",
    "HealthChanged",
    "HealthReport",
    "HistoryEntry",
    "JournalLog",
    "MemoryPressure",
    "MemoryWait",
    "Mode",
    "NullLog",
    "OrderState",
    "Outcome",
    "Policy",
    "Pressure",
    "Probe",
    "ProcessFailed",
    "ProcessHandler",
    "ProcessResult",
    "QueueEmpty",
    "Reading",
    "RealClock",
    "ResourceMonitor",
    "Scheduler",
    "SchedulerConfig",
    "ScriptedProbe",
    "SlotAvailable",
    "StaggerWait",
    "StateChanged",
    "Statistics",
    "StrayRelease",
    "SystemProbe",
    "TerminalReached",
    "TraceLog",
    "VirtualClock",
    "WorkClaimed",
    "WorkOrder",
    "WorkOrderLog",
    "run_virtual",
    "usable_cores",
]
