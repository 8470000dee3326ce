"""Broken logs of claims: the gates, and the decisions of the pump."""

from __future__ import annotations

from tests.check.hand_made import Broken
from tests.check.workorder import stories

CLAIMS = [
    Broken(
        "a slot that is not the lowest",
        stories.pressure,
        lambda log: log.changed(14, slot=1).changed(24, slot=1).changed(18, slot=0),
        {"claim-atomic": [14], "no-double-claim": [30]},
        ("slot 0, the lowest that is free", "slot 1"),
    ),
    Broken(
        "a claim without a slot",
        stories.recovery,
        lambda log: log.changed(50, slot=None),
        {"claim-atomic": [50]},
        ("slot 0, the lowest that is free", "none"),
    ),
    Broken(
        "an attempt left out",
        stories.recovery,
        lambda log: log.changed(27, attempt=3),
        {"claim-atomic": [27]},
        ("attempt 2 of order 0", "attempt 3"),
    ),
    Broken(
        "an interrupted attempt that counts",
        stories.recovery,
        lambda log: log.changed(28, attempt=2),
        {"claim-atomic": [28]},
        ("attempt 1 of order 2", "attempt 2"),
    ),
    Broken(
        "a claim without a reading",
        stories.pressure,
        lambda log: log.changed(14, available_bytes=None),
        {"claim-atomic": [14]},
        ("a reading", "none"),
    ),
    Broken(
        "a claim with more memory than there is",
        stories.pressure,
        lambda log: log.changed(14, available_bytes=1001),
        {"claim-atomic": [14]},
        ("a reading", "1001 of 1000 bytes available"),
    ),
    Broken(
        "a claim on a machine without memory",
        stories.pressure,
        lambda log: log.changed(30, total_bytes=0, available_bytes=0),
        {"claim-atomic": [30]},
        ("a reading", "0 of 0 bytes available"),
    ),
    Broken(
        "an order claimed twice",
        stories.retries,
        lambda log: log.changed(12, order=0, attempt=2),
        {
            "no-double-claim": [12],
            "claim-order": [13],
            "checkpoint-matches-replay": [21],
            "retry-bound": [17, 17],
            "backoff": [17],
            "slot-pairing": [18],
            "pressure-edge": [21],
        },
        ("order 0 claimed once", "again: it is RUNNING"),
    ),
    Broken(
        "a slot claimed twice",
        stories.retries,
        lambda log: log.changed(12, slot=0),
        {"no-double-claim": [12], "pressure-edge": [21]},
        ("a slot that is free; order 0 holds 0", "slot 0"),
    ),
    Broken(
        "an id that is live, accepted",
        stories.recovery,
        lambda log: log.changed(3, id="a"),
        {"no-double-claim": [3]},
        ("a refused, DUPLICATE: order 0 has this id", "it is accepted"),
    ),
    Broken(
        "an id that is not live, refused",
        stories.recovery,
        lambda log: log.inserted(
            6, "REFUSE", id="e", priority=0, refusal="DUPLICATE", depth=4, reserved=0
        ),
        {"no-double-claim": [6], "checkpoint-matches-replay": [20]},
        ("e accepted", "refused, DUPLICATE"),
    ),
    Broken(
        "a claim too early by the stagger",
        stories.retries,
        lambda log: log.delayed(12, 15, -1),
        {"stagger": [12], "work-conserving": [12, 13, 16], "checkpoint-matches-replay": [21]},
        ("no CLAIM before 10 ns, the end of the stagger", "one at 9 ns"),
    ),
    Broken(
        "a stagger that counts from something else",
        stories.retries,
        lambda log: log.limited(stagger_ns=11),
        {"stagger": [12], "work-conserving": [9, 12, 13, 16, 16]},
        ("no CLAIM before 11 ns, the end of the stagger", "one at 10 ns"),
    ),
    Broken(
        "a claim under critical pressure",
        stories.pressure,
        lambda log: log.changed(10, kind="CLAIM", attempt=1, slot=0),
        {
            "no-double-claim": [14],
            "no-critical-claim": [10],
            "claim-order": [11],
            "work-conserving": [11],
            "checkpoint-matches-replay": [61],
        },
        ("order 1 claimed once", "again: it is PREPARING"),
    ),
    Broken(
        "a claim too early, though something has woken the pump",
        stories.pressure,
        lambda log: (
            log.limited(stagger_ns=7, poll_ns=93)
            .inserted(
                16, "HOLD", 137, gate="MEMORY", order=0, total_bytes=1000, available_bytes=150
            )
            .delayed(17, 17, 7)
            .changed(15, gate="STAGGER", until_ns=137, total_bytes=None, available_bytes=None)
        ),
        {"stagger": [43]},
        ("no CLAIM before 267 ns, the end of the stagger", "one at 266 ns"),
    ),
    Broken(
        "a claim right after critical pressure is told",
        stories.pressure,
        lambda log: (
            log.changed(17, level="CRITICAL", available_bytes=100)
            .changed(18, available_bytes=100)
            .inserted(22, "HOLD", gate="QUEUE")
            .inserted(22, "PRESSURE", level="NONE", total_bytes=1000, available_bytes=700)
        ),
        {"no-critical-claim": [18]},
        ("a pressure below CRITICAL", "100 of 1000 bytes available"),
    ),
    Broken(
        "a claim without memory",
        stories.pressure,
        lambda log: log.limited(memory_per_slot_bytes=151),
        {"claim-has-memory": [14]},
        ("at least 151 bytes available", "150"),
    ),
    Broken(
        "a claim that counts on memory not yet taken",
        stories.pressure,
        lambda log: (
            log.limited(settle_ns=101, memory_per_slot_bytes=150)
            .changed(17, available_bytes=299)
            .changed(18, available_bytes=299)
        ),
        {"claim-has-memory": [18]},
        ("at least 300 bytes available", "299"),
    ),
    Broken(
        "an order that is overtaken",
        stories.recovery,
        lambda log: log.changed(7, order=1).changed(8, order=0),
        {
            "no-double-claim": [15],
            "claim-order": [7],
            "checkpoint-matches-replay": [19],
            "slot-pairing": [14],
        },
        ("a slot that is free; order 1 holds 0", "slot 0"),
    ),
    Broken(
        "a priority that is ignored",
        stories.pressure,
        lambda log: log.changed(14, order=0).changed(15, order=1).changed(16, order=0),
        {"no-double-claim": [18], "claim-order": [14]},
        ("order 0 claimed once", "again: it is RUNNING"),
    ),
    Broken(
        "a wrong order that waits",
        stories.retries,
        lambda log: log.changed(13, order=1),
        {"claim-order": [13]},
        ("order 2, whose turn it is", "order 1"),
    ),
    Broken(
        "another order that waits",
        stories.endings,
        lambda log: log.changed(11, order=4),
        {"claim-order": [11]},
        ("order 3, whose turn it is", "order 4"),
    ),
    Broken(
        "an order at a gate that names none",
        stories.retries,
        lambda log: log.changed(20, order=1),
        {"claim-order": [20]},
        ("no order at QUEUE", "order 1"),
    ),
    Broken(
        "nobody waits",
        stories.retries,
        lambda log: log.changed(16, order=None),
        {"claim-order": [16]},
        ("order 2, whose turn it is", "no order"),
    ),
    Broken(
        "a gate that is open",
        stories.retries,
        lambda log: log.changed(16, gate="MEMORY"),
        {"work-conserving": [16]},
        ("HOLD at SLOT", "HOLD at MEMORY"),
    ),
    Broken(
        "a gate before that is closed",
        stories.pressure,
        lambda log: log.changed(25, gate="QUEUE"),
        {"work-conserving": [25, 28], "no-claim-when-stopped": [29]},
        ("HOLD at RUNNING", "HOLD at QUEUE"),
    ),
    Broken(
        "a hold where every gate is open",
        stories.endings,
        lambda log: log.inserted(
            38, "HOLD", gate="SLOT", order=5, total_bytes=1000, available_bytes=700
        ),
        {"work-conserving": [38, 39]},
        ("a CLAIM, or HOLD at a gate that is closed", "HOLD at SLOT"),
    ),
    Broken(
        "a hold at no gate",
        stories.retries,
        lambda log: log.changed(20, gate=None),
        {"work-conserving": [20]},
        ("HOLD at QUEUE", "HOLD"),
    ),
    Broken(
        "a wrong end of the stagger",
        stories.retries,
        lambda log: log.changed(9, until_ns=11),
        {"work-conserving": [9]},
        ("until 10 ns", "until 11 ns"),
    ),
    Broken(
        "an end of something else",
        stories.retries,
        lambda log: log.changed(16, until_ns=30),
        {"work-conserving": [16]},
        ("no time", "until 30 ns"),
    ),
    Broken(
        "a reading too much",
        stories.retries,
        lambda log: log.changed(20, total_bytes=1000, available_bytes=700),
        {"work-conserving": [20]},
        ("no reading, before PRESSURE", "700 of 1000 bytes available at QUEUE"),
    ),
    Broken(
        "half a reading too much",
        stories.retries,
        lambda log: log.changed(20, total_bytes=1000),
        {"work-conserving": [20]},
        ("no reading, before PRESSURE", "none of 1000 bytes available at QUEUE"),
    ),
    Broken(
        "a hold with more memory than there is",
        stories.retries,
        lambda log: log.changed(16, available_bytes=1001),
        {"work-conserving": [16]},
        ("a reading, from PRESSURE on", "1001 of 1000 bytes available at SLOT"),
    ),
    Broken(
        "a reading that is missing",
        stories.retries,
        lambda log: log.changed(16, total_bytes=None, available_bytes=None),
        {"work-conserving": [16]},
        ("a reading, from PRESSURE on", "none at SLOT"),
    ),
    Broken(
        "a pump that nothing has woken",
        stories.endings,
        lambda log: log.inserted(54, "HOLD", gate="QUEUE"),
        {"work-conserving": [54]},
        (
            "a decision when something has woken the pump",
            "a HOLD, and nothing has since the last HOLD",
        ),
    ),
    Broken(
        "a pump that decides before it is started",
        stories.recovery,
        lambda log: log.inserted(25, "HOLD", gate="RUNNING"),
        {"work-conserving": [25]},
        ("no decision while the mode is NEW", "a HOLD"),
    ),
    Broken(
        "a pump that is not woken by a retry",
        stories.retries,
        lambda log: log.without(25),
        {"work-conserving": [25]},
        ("a decision by 130 ns", "none up to 140 ns"),
    ),
    Broken(
        "a pump that is not woken by an order",
        stories.pressure,
        lambda log: log.without(10),
        {"work-conserving": [10]},
        ("a decision by 50 ns", "none up to 100 ns"),
    ),
    Broken(
        "a pump that is not woken by a release",
        stories.pressure,
        lambda log: log.without(48, 49),
        {"pressure-edge": [51]},
        ("HEALTH true next at 270 ns", "none up to 280 ns"),
    ),
    Broken(
        "a pump that is woken late",
        stories.retries,
        lambda log: log.delayed(28, 29, 1),
        {"work-conserving": [28], "checkpoint-matches-replay": [41]},
        ("a decision by 140 ns", "none up to 141 ns"),
    ),
    Broken(
        "a pump that forgets the end of the stagger",
        stories.retries,
        lambda log: log.without(16),
        {"work-conserving": [16]},
        ("a decision by 20 ns", "none up to 30 ns"),
    ),
    Broken(
        "a pump that is early at the end of the stagger",
        stories.retries,
        lambda log: log.delayed(16, 16, -1),
        {"work-conserving": [16, 16]},
        (
            "a decision when something has woken the pump",
            "a HOLD, and nothing has since the last HOLD",
        ),
    ),
    Broken(
        "a pump that polls late",
        stories.pressure,
        lambda log: log.delayed(17, 20, 1),
        {"work-conserving": [17], "time-monotone": [21]},
        ("a decision by 230 ns", "none up to 231 ns"),
    ),
    Broken(
        "a pump that polls early",
        stories.pressure,
        lambda log: log.delayed(17, 20, -1),
        {"work-conserving": [18]},
        (
            "a decision when something has woken the pump",
            "a CLAIM, and nothing has since the last HOLD",
        ),
    ),
    Broken(
        "a series of decisions that something interrupts",
        stories.recovery,
        lambda log: log.swapped(51, 52),
        {"work-conserving": [51]},
        ("another decision next, after a CLAIM", "READY"),
    ),
    Broken(
        "a series of decisions that does not end",
        stories.endings,
        lambda log: log.without(20),
        {"work-conserving": [20]},
        ("another decision next, after a CLAIM", "READY"),
    ),
    Broken(
        "a checkpoint between two claims",
        stories.retries,
        lambda log: log.without(20),
        {"checkpoint-continuity": [20]},
        ("a CHECKPOINT after a HOLD, and the health that it changed", "one after CLAIM"),
    ),
]
