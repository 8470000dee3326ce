"""Broken logs of slots: claimed, held, given back, and taken from handlers."""

from __future__ import annotations

from tests.check.hand_made import Broken
from tests.check.workorder import stories

SLOTS = [
    Broken(
        "one slot more than there are",
        stories.retries,
        lambda log: log.limited(slots=1),
        {"slot-bound": [12, 28], "pressure-edge": [10, 14, 34, 38]},
        ("a slot from 0 to 0", "slot 1"),
    ),
    Broken(
        "a slot that does not exist",
        stories.recovery,
        lambda log: log.changed(50, slot=2).changed(54, slot=2),
        {"slot-bound": [50]},
        ("a slot from 0 to 1", "slot 2"),
    ),
    Broken(
        "a slot below all",
        stories.recovery,
        lambda log: log.changed(50, slot=-1).changed(54, slot=-1),
        {"slot-bound": [50]},
        ("a slot from 0 to 1", "slot -1"),
    ),
    Broken(
        "a slot that is never given back",
        stories.pressure,
        lambda log: log.without(51),
        {"slot-pairing": [51], "work-conserving": [51]},
        ("RELEASE of slot 0 by order 3", "HOLD"),
    ),
    Broken(
        "a slot given back by another order",
        stories.pressure,
        lambda log: log.changed(47, order=3),
        {"slot-pairing": [47]},
        ("RELEASE of slot 1 by order 0", "slot 1 by order 3"),
    ),
    Broken(
        "another slot given back",
        stories.pressure,
        lambda log: log.changed(47, slot=0),
        {"slot-pairing": [47]},
        ("RELEASE of slot 1 by order 0", "slot 0 by order 0"),
    ),
    Broken(
        "a slot given back late",
        stories.pressure,
        lambda log: log.delayed(35, 37, 1),
        {"slot-pairing": [35]},
        ("RELEASE of slot 0 by order 2 at 260 ns", "none up to 261 ns"),
    ),
    Broken(
        "a slot given back after something else",
        stories.endings,
        lambda log: log.swapped(50, 51),
        {"slot-pairing": [50], "work-conserving": [50, 53], "pressure-edge": [52]},
        ("RELEASE of slot 1 by order 6", "HOLD"),
    ),
    Broken(
        "a slot given back twice",
        stories.pressure,
        lambda log: log.inserted(48, "RELEASE", order=0, slot=1, forced=0),
        {"slot-pairing": [48]},
        ("RELEASE right after the end of an attempt", "slot 1 by order 0"),
    ),
    Broken(
        "a slot given back by an order that has none",
        stories.endings,
        lambda log: log.inserted(15, "RELEASE", order=3, slot=1, forced=0),
        {"slot-pairing": [15], "work-conserving": [17]},
        ("RELEASE right after the end of an attempt", "slot 1 by order 3"),
    ),
    Broken(
        "a slot taken from a handler before its deadline",
        stories.endings,
        lambda log: log.changed(25, forced=1),
        {"slot-pairing": [25]},
        ("a slot is not taken from its handler before 250 ns", "forced 1 at 210 ns"),
    ),
    Broken(
        "a slot taken from a handler that was not asked",
        stories.pressure,
        lambda log: log.changed(51, forced=1),
        {"slot-pairing": [51]},
        ("a handler that was not asked to end gives back its slot itself", "forced 1 at 270 ns"),
    ),
    Broken(
        "a stray of a handler that gave its slot back",
        stories.endings,
        lambda log: log.changed(33, order=1, slot=1),
        {"slot-pairing": [33]},
        ("a handler that was abandoned on this slot before", "none of order 1 on slot 1"),
    ),
    Broken(
        "a stray that comes twice",
        stories.endings,
        lambda log: log.inserted(34, "STRAY", order=2, slot=2),
        {"slot-pairing": [34]},
        ("a handler that was abandoned on this slot before", "none of order 2 on slot 2"),
    ),
    Broken(
        "a stray of a handler that a run before has not abandoned",
        stories.endings,
        lambda log: log.inserted(66, "STRAY", order=7, slot=2),
        {"slot-pairing": [66]},
        ("a handler that was abandoned on this slot before", "none of order 7 on slot 2"),
    ),
    Broken(
        "a stray of a handler that has come back in the run before",
        stories.endings,
        lambda log: log.inserted(66, "STRAY", order=2, slot=2),
        {"slot-pairing": [66]},
        ("a handler that was abandoned on this slot before", "none of order 2 on slot 2"),
    ),
    Broken(
        "a stray of a life before",
        stories.recovery,
        lambda log: log.inserted(26, "STRAY", order=0, slot=0),
        {"slot-pairing": [26]},
        ("a handler that was abandoned on this slot before", "none of order 0 on slot 0"),
    ),
    Broken(
        "a slot given back while its order is active",
        stories.pressure,
        lambda log: log.swapped(46, 47),
        {"slot-iff-active": [46]},
        ("order 0, which is RUNNING, keeps its slot", "RELEASE"),
    ),
    Broken(
        "a slot given back without an end of the attempt",
        stories.pressure,
        lambda log: log.without(46),
        {"slot-iff-active": [46], "checkpoint-matches-replay": [60]},
        ("order 0, which is RUNNING, keeps its slot", "RELEASE"),
    ),
    Broken(
        "an active order without a slot",
        stories.retries,
        lambda log: log.restated(21, "slots", [[1, 1]]),
        {"slot-iff-active": [21], "checkpoint-continuity": [22], "checkpoint-matches-replay": [21]},
        ("a slot held by order 2, which is active", "the snapshot says otherwise"),
    ),
    Broken(
        "a slot held by an order that waits",
        stories.retries,
        lambda log: log.restated(21, "slots", [[0, 0], [1, 1]]),
        {
            "slot-iff-active": [21, 21],
            "checkpoint-continuity": [22],
            "checkpoint-matches-replay": [21],
        },
        ("no slot held by order 0, which is not active", "the snapshot says otherwise"),
    ),
    Broken(
        "a handler that is not asked when its lease is over",
        stories.endings,
        lambda log: log.without(29),
        {"slot-pairing": [34], "lease": [29, 33]},
        ("a handler that was not asked to end gives back its slot itself", "forced 1 at 280 ns"),
    ),
    Broken(
        "a lease that ends early",
        stories.endings,
        lambda log: (
            log.delayed(22, 23, -1)
            .changed(22, deadline_ns=249)
            .changed(23, deadline_ns=249)
            .changed(28, deadline_ns=249)
            .delayed(30, 32, -1)
        ),
        {"lease": [22, 23]},
        ("no end of the lease of order 0, before 200 ns", "one at 199 ns"),
    ),
    Broken(
        "a lease that ends late",
        stories.endings,
        lambda log: (
            log.delayed(22, 23, 1)
            .changed(22, deadline_ns=251)
            .changed(23, deadline_ns=251)
            .changed(28, deadline_ns=251)
            .delayed(30, 32, 1)
        ),
        {"lease": [22, 22]},
        ("TERMINATE of order 0 at the end of its lease by 200 ns", "none up to 201 ns"),
    ),
    Broken(
        "a lease where there is none",
        stories.endings,
        lambda log: log.limited(lease_ns=None),
        {"lease": [22, 23, 29]},
        ("no end of the lease of order 0, for it has none", "one at 200 ns"),
    ),
    Broken(
        "a wrong deadline",
        stories.endings,
        lambda log: log.changed(16, deadline_ns=80),
        {"lease": [16]},
        ("a deadline at 70 ns", "80"),
    ),
    Broken(
        "a cancel that gives more time",
        stories.endings,
        lambda log: log.changed(28, deadline_ns=270),
        {"lease": [28]},
        ("a deadline at 250 ns", "270"),
    ),
    Broken(
        "a lease after a cancel",
        stories.endings,
        lambda log: log.inserted(29, "TERMINATE", order=2, why="LEASE", deadline_ns=250),
        {"lease": [29, 31]},
        ("no TERMINATE after that for CANCEL", "one for LEASE"),
    ),
    Broken(
        "a handler asked for no reason",
        stories.endings,
        lambda log: log.changed(16, why=None),
        {"lease": [16, 17]},
        ("a reason, LEASE, CANCEL or STOP", "none"),
    ),
    Broken(
        "a handler asked of an order that is pending",
        stories.endings,
        lambda log: log.inserted(15, "TERMINATE", order=3, why="CANCEL", deadline_ns=60),
        {"lease": [15]},
        ("an active order 3", "it is PENDING"),
    ),
    Broken(
        "a handler left alone at its deadline",
        stories.endings,
        lambda log: log.delayed(30, 32, 1),
        {"lease": [30]},
        ("the end of order 2 at its deadline by 250 ns", "none up to 251 ns"),
    ),
    Broken(
        "a failure for a lease that is not over",
        stories.endings,
        lambda log: log.changed(49, cause="LEASE"),
        {"lease": [49]},
        ("TERMINATE of order 6 for its lease first", "FAIL for it"),
    ),
    Broken(
        "an error where the lease is over",
        stories.endings,
        lambda log: log.changed(24, cause="ERROR"),
        {"lease": [24]},
        ("FAIL for LEASE of order 0, which was asked to end for LEASE", "FAIL, ERROR"),
    ),
    Broken(
        "an order that is done though its lease is over",
        stories.endings,
        lambda log: log.changed(34, kind="COMPLETE"),
        {"lease": [34], "checkpoint-matches-replay": [64]},
        ("FAIL for LEASE of order 4, which was asked to end for LEASE", "COMPLETE"),
    ),
    Broken(
        "an order that is READY though its lease is over",
        stories.endings,
        lambda log: log.inserted(28, "READY", order=2),
        {"lease": [28]},
        ("no READY of order 2, which was asked to end for LEASE", "one"),
    ),
    Broken(
        "an active order cancelled without asking",
        stories.endings,
        lambda log: log.without(16),
        {"lease": [16]},
        ("TERMINATE first: order 1 is RUNNING", "CANCEL"),
    ),
    Broken(
        "an active order cancelled for another reason",
        stories.endings,
        lambda log: log.changed(17, reason="STOPPED"),
        {"lease": [17]},
        ("a reason REQUESTED, for TERMINATE said CANCEL", "STOPPED"),
    ),
    Broken(
        "an order cancelled where its lease is over",
        stories.endings,
        lambda log: log.without(28),
        {"lease": [29]},
        ("FAIL for LEASE: order 2 is PREPARING", "CANCEL"),
    ),
    Broken(
        "an order that waits for its retry, dequeued",
        stories.endings,
        lambda log: log.changed(53, reason="DEQUEUED"),
        {"lease": [53]},
        ("a reason REQUESTED, for order 6 is WAITING_RETRY", "DEQUEUED"),
    ),
    Broken(
        "a pending order cancelled by a stop",
        stories.endings,
        lambda log: log.changed(15, reason="STOPPED"),
        {"lease": [15]},
        ("a reason REQUESTED or DEQUEUED, for order 3 is PENDING", "STOPPED"),
    ),
]
