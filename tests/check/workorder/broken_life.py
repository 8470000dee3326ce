"""Broken logs of a scheduler's life: modes, resources, recovery."""

from __future__ import annotations

from tests.check.hand_made import Broken
from tests.check.workorder import stories

LIFE = [
    Broken(
        "a change of pressure that is not told",
        stories.pressure,
        lambda log: log.without(17),
        {"pressure-edge": [17]},
        ("PRESSURE NONE right before: WARNING was told last", "300 of 1000 bytes available"),
    ),
    Broken(
        "a wrong level",
        stories.pressure,
        lambda log: log.changed(12, level="NONE"),
        {"pressure-edge": [12]},
        ("WARNING: 150 of 1000 bytes available", "NONE"),
    ),
    Broken(
        "a level that is told twice",
        stories.pressure,
        lambda log: log.inserted(
            17, "PRESSURE", level="WARNING", total_bytes=1000, available_bytes=150
        ),
        {"pressure-edge": [17]},
        ("another level than WARNING, told last", "the same"),
    ),
    Broken(
        "a level without a reading",
        stories.pressure,
        lambda log: log.changed(12, total_bytes=None),
        {"pressure-edge": [12]},
        ("a reading", "none"),
    ),
    Broken(
        "a level of more memory than there is",
        stories.pressure,
        lambda log: log.changed(55, available_bytes=1001),
        {"pressure-edge": [55]},
        ("a reading", "1001 of 1000 bytes available"),
    ),
    Broken(
        "a level that is told before the start",
        stories.pressure,
        lambda log: log.inserted(
            1, "PRESSURE", level="WARNING", total_bytes=1000, available_bytes=150
        ).inserted(2, "PRESSURE", level="NONE", total_bytes=1000, available_bytes=700),
        {"pressure-edge": [2, 3]},
        (
            "a decision next, which the memory was read for, or a poll when it is due",
            "PRESSURE",
        ),
    ),
    Broken(
        "a poll of the memory that is not due",
        stories.pressure,
        lambda log: log.limited(resource_poll_ns=260),
        {"pressure-edge": [13, 54, 56]},
        (
            "a decision next, which the memory was read for, or a poll when it is due",
            "HEALTH",
        ),
    ),
    Broken(
        "a threshold that is not inclusive",
        stories.pressure,
        lambda log: log.limited(critical_permille=901),
        {"pressure-edge": [6, 8, 12, 13], "work-conserving": [7, 10, 11, 14]},
        ("WARNING: 100 of 1000 bytes available", "CRITICAL"),
    ),
    Broken(
        "a change of health that is not told",
        stories.pressure,
        lambda log: log.without(49),
        {"pressure-edge": [49]},
        ("HEALTH true next", "COMPLETE"),
    ),
    Broken(
        "a change of health between decisions that is not told",
        stories.pressure,
        lambda log: log.without(54),
        {"pressure-edge": [54]},
        ("HEALTH false next at 280 ns", "none up to 290 ns"),
    ),
    Broken(
        "a health that is wrong",
        stories.pressure,
        lambda log: log.changed(20, healthy=1),
        {"pressure-edge": [20]},
        ("healthy false", "healthy true"),
    ),
    Broken(
        "a health told again",
        stories.pressure,
        lambda log: log.inserted(29, "HEALTH", healthy=1),
        {"pressure-edge": [29]},
        ("a change of health", "true, as before"),
    ),
    Broken(
        "a health told elsewhere",
        stories.pressure,
        lambda log: log.inserted(17, "HEALTH", 130, healthy=1),
        {"pressure-edge": [17]},
        ("HEALTH right after a HOLD, or after a PRESSURE between decisions", "one elsewhere"),
    ),
    Broken(
        "a health told late",
        stories.pressure,
        lambda log: log.delayed(26, 26, 1),
        {"pressure-edge": [26]},
        ("HEALTH true next at 250 ns", "none up to 251 ns"),
    ),
    Broken(
        "a claim in a pause",
        stories.pressure,
        lambda log: log.changed(29, mode="PAUSED"),
        {"no-claim-when-stopped": [29, 30], "work-conserving": [30]},
        ("RUNNING or STOPPING after PAUSED", "PAUSED"),
    ),
    Broken(
        "a claim without a handler",
        stories.pressure,
        lambda log: log.without(41),
        {"no-claim-when-stopped": [41], "work-conserving": [41]},
        ("no CLAIM: no handler is set", "one"),
    ),
    Broken(
        "a pause of a scheduler that does not run",
        stories.recovery,
        lambda log: log.inserted(2, "MODE", mode="PAUSED"),
        {"no-claim-when-stopped": [2]},
        ("RUNNING or STOPPING after NEW", "PAUSED"),
    ),
    Broken(
        "a mode that is told again",
        stories.pressure,
        lambda log: log.inserted(23, "MODE", mode="PAUSED"),
        {"no-claim-when-stopped": [23]},
        ("RUNNING or STOPPING after PAUSED", "PAUSED"),
    ),
    Broken(
        "a mode that is none",
        stories.pressure,
        lambda log: log.changed(22, mode=None),
        {"no-claim-when-stopped": [22, 29], "work-conserving": [25, 28]},
        ("PAUSED or STOPPING after RUNNING", "None"),
    ),
    Broken(
        "a stop without an end of its grace",
        stories.pressure,
        lambda log: log.changed(58, until_ns=None),
        {"no-claim-when-stopped": [58]},
        ("an end of the grace, not before now", "none"),
    ),
    Broken(
        "an end of a grace where nothing stops",
        stories.pressure,
        lambda log: log.changed(22, until_ns=900),
        {"no-claim-when-stopped": [22]},
        ("no end of a grace", "900"),
    ),
    Broken(
        "a handler that is neither set nor away",
        stories.pressure,
        lambda log: log.changed(38, is_set=2),
        {"no-claim-when-stopped": [38]},
        ("a handler that is set, or is not", "2"),
    ),
    Broken(
        "an order accepted in a stop",
        stories.pressure,
        lambda log: log.changed(59, kind="ENQUEUE", order=4, max_retries=0, depth=1),
        {"no-claim-when-stopped": [59], "checkpoint-matches-replay": [61, 61, 61]},
        ("z refused, STOPPING: the scheduler is STOPPING", "it is accepted"),
    ),
    Broken(
        "an order refused for a stop that is not",
        stories.recovery,
        lambda log: log.inserted(
            6, "REFUSE", id="z", priority=0, refusal="STOPPING", depth=4, reserved=0
        ),
        {"no-claim-when-stopped": [6], "checkpoint-matches-replay": [20]},
        ("z accepted", "refused, STOPPING"),
    ),
    Broken(
        "an end of the handlers before that of the grace",
        stories.endings,
        lambda log: (
            log.delayed(66, 67, -1)
            .changed(66, deadline_ns=399)
            .changed(67, deadline_ns=399)
            .delayed(71, 75, -1)
            .restated(75, "clock_ns", 399)
        ),
        {"no-claim-when-stopped": [66, 67]},
        ("no TERMINATE for STOP before 350 ns, the end of the grace", "one at 349 ns"),
    ),
    Broken(
        "an end of the handlers outside a stop",
        stories.endings,
        lambda log: log.changed(16, why="STOP").changed(17, reason="STOPPED"),
        {"no-claim-when-stopped": [16]},
        ("no TERMINATE for STOP: the mode is RUNNING", "one at 20 ns"),
    ),
    Broken(
        "a handler that is not asked at the end of the grace",
        stories.endings,
        lambda log: log.without(67).without(67, 68),
        {
            "no-claim-when-stopped": [67, 71],
            "checkpoint-matches-replay": [72, 72, 72],
            "work-conserving": [67],
        },
        ("TERMINATE of order 0 for STOP by 350 ns", "none up to 360 ns"),
    ),
    Broken(
        "a scheduler that is STOPPED with an order active",
        stories.endings,
        lambda log: log.inserted(68, "MODE", mode="STOPPED"),
        {"no-claim-when-stopped": [68, 69, 75]},
        ("STOPPED once no order is active", "2 are"),
    ),
    Broken(
        "a scheduler that is STOPPED late",
        stories.endings,
        lambda log: log.delayed(74, 75, 1),
        {"no-claim-when-stopped": [74], "checkpoint-continuity": [75]},
        ("MODE STOPPED by 400 ns", "none up to 401 ns"),
    ),
    Broken(
        "an event after STOPPED",
        stories.pressure,
        lambda log: log.swapped(59, 60),
        {"no-claim-when-stopped": [60]},
        ("nothing after STOPPED but the end of the run", "REFUSE"),
    ),
    Broken(
        "a run that ends as STOPPED and is not",
        stories.pressure,
        lambda log: log.without(60),
        {"no-claim-when-stopped": [60], "checkpoint-matches-replay": [60]},
        ("MODE STOPPED before", "the mode is STOPPING"),
    ),
    Broken(
        "a checkpoint where all has stopped",
        stories.pressure,
        lambda log: log.changed(61, end="CHECKPOINT"),
        {"no-claim-when-stopped": [61], "checkpoint-continuity": [61]},
        ("the end STOPPED", "CHECKPOINT"),
    ),
    Broken(
        "a crash that is not recovered",
        stories.recovery,
        lambda log: log.without(21),
        {
            "pressure-edge": [29],
            "no-claim-when-stopped": [24],
            "recovery": [21, 21, 22],
            "no-double-claim": [27],
        },
        ("a change of health", "false, as before"),
    ),
    Broken(
        "an order that is not recovered",
        stories.recovery,
        lambda log: log.without(22),
        {"recovery": [23]},
        ("RECOVER of order 2 next", "RETRY"),
    ),
    Broken(
        "orders recovered after something else",
        stories.recovery,
        lambda log: log.swapped(23, 24),
        {"recovery": [24]},
        ("RECOVER right after RESTART", "one elsewhere"),
    ),
    Broken(
        "a recovery of an order that was not active",
        stories.recovery,
        lambda log: log.changed(23, state="PENDING"),
        {"recovery": [23], "checkpoint-matches-replay": [44]},
        ("COMPLETED, FAILED or CANCELLED: order 3 was not active", "PENDING"),
    ),
    Broken(
        "a recovery to no state",
        stories.recovery,
        lambda log: log.changed(22, state="RUNNING"),
        {"recovery": [22]},
        ("PENDING, COMPLETED, FAILED or CANCELLED", "RUNNING"),
    ),
    Broken(
        "a recovery without a restart",
        stories.retries,
        lambda log: log.inserted(24, "RECOVER", order=0, state="COMPLETED"),
        {"recovery": [24], "checkpoint-matches-replay": [42], "terminal-absorbing": [25]},
        ("RECOVER right after RESTART", "one elsewhere"),
    ),
    Broken(
        "a restart in the middle of a run",
        stories.retries,
        lambda log: log.inserted(24, "RESTART"),
        {"recovery": [24]},
        ("RESTART right after the begin of a run that follows a crash or a stop", "one elsewhere"),
    ),
    Broken(
        "a restart after a checkpoint",
        stories.retries,
        lambda log: log.inserted(23, "RESTART"),
        {"pressure-edge": [35], "recovery": [23, 24], "work-conserving": [26, 26]},
        ("a change of health", "true, as before"),
    ),
]

CHECKPOINTS = [
    Broken(
        "a run that begins in another state",
        stories.retries,
        lambda log: log.restated(22, "handler", False),
        {"checkpoint-continuity": [22], "work-conserving": [25]},
        ("handler True, as before", "False"),
    ),
    Broken(
        "a run that begins later",
        stories.recovery,
        lambda log: log.changed(20, time_ns=21).restated(20, "clock_ns", 21),
        {"checkpoint-continuity": [20, 20]},
        ("clock_ns 20, as before", "21"),
    ),
    Broken(
        "a first run that begins with orders",
        stories.retries,
        lambda log: log.restated(0, "next_order", 3),
        {"checkpoint-continuity": [0], "terminal-absorbing": [2, 3, 4]},
        ("next_order 0, as before", "3"),
    ),
    Broken(
        "a snapshot of another time",
        stories.retries,
        lambda log: log.restated(41, "clock_ns", 171),
        {"checkpoint-continuity": [41]},
        ("clock_ns 170, its time", "171"),
    ),
    Broken(
        "a run that ends as nothing known",
        stories.retries,
        lambda log: log.changed(41, end=None),
        {"checkpoint-continuity": [41]},
        ("an end that is CHECKPOINT, STOPPED or CRASHED", "another"),
    ),
    Broken(
        "a crash later than the last event",
        stories.recovery,
        lambda log: (
            log.delayed(19, 20, 1).restated(19, "clock_ns", 21).restated(20, "clock_ns", 21)
        ),
        {"checkpoint-continuity": [19], "slot-pairing": [19]},
        ("CRASHED at the time of the last event, 20 ns", "21 ns"),
    ),
    Broken(
        "a snapshot with another slot",
        stories.retries,
        lambda log: log.restated(21, "slots", [[0, 1], [1, 2]]).restated(
            22, "slots", [[0, 1], [1, 2]]
        ),
        {"checkpoint-matches-replay": [21], "slot-pairing": [27], "no-double-claim": [28]},
        ("slots [[0, 2], [1, 1]]", "[[0, 1], [1, 2]]"),
    ),
    Broken(
        "a snapshot with another attempt",
        stories.retries,
        lambda log: log.restated(21, "orders.0.attempts", 2).restated(22, "orders.0.attempts", 2),
        {"checkpoint-matches-replay": [21], "retry-bound": [28, 35], "claim-atomic": [28]},
        ("orders[a].attempts 1", "2"),
    ),
    Broken(
        "a snapshot that forgets what is asked of a handler",
        stories.retries,
        lambda log: log.restated(21, "orders.1.terminate", {"why": "CANCEL", "deadline_ns": 99}),
        {"checkpoint-continuity": [22], "checkpoint-matches-replay": [21]},
        ("orders[b].terminate {'why': 'CANCEL', 'deadline_ns': 99}, as before", "None"),
    ),
    Broken(
        "a snapshot with another count",
        stories.retries,
        lambda log: log.restated(41, "totals.retried", 2),
        {"checkpoint-matches-replay": [41]},
        ("totals.retried 1", "2"),
    ),
]
