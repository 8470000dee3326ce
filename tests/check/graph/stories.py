"""Legal logs, each the story of a small graph, for tests that break one thing in them."""

from __future__ import annotations

from tests.check.graph.graph_log import GraphLog, device, edge, state, stopped

OUT = "src:out->sink:in"


def pressure() -> GraphLog:
    """A source that ticks emits three messages on an edge with room for one."""
    log = GraphLog(
        device([{"name": "src", "tick_interval_ns": 10_000}, {"name": "sink"}], [edge(OUT, 1)])
    )
    log("RUN_BEGIN", state(log))
    log("START", node="src")
    log("START", node="sink")
    log("IDLE", until_ns=10_000)
    log.now = 10_000
    log("TURN", node="src", band=1)
    log("TICK", node="src", due_ns=10_000, missed=0)
    log.put(0, OUT, "OK", 1)
    log.put(1, OUT, "BLOCKED", 1)
    log("BLOCK", node="src", edge=OUT)
    log.put(2, OUT, "BLOCKED", 1, "CONTROL")
    # The source's next tick falls due while it is blocked.
    log.now = 21_000
    log("TURN", node="sink", band=1)
    log.take(0, OUT, 0, 1)
    log("GET", msg=1, edge=OUT, depth=0)
    log("FLUSH", msg=2, edge=OUT, depth=1)
    log("WAKE", node="src", edge=OUT)
    log("DELIVER", msg=1, node="sink", edge=OUT, attempt=1)
    log.take(2, OUT, 0)
    log.now = 42_000
    log("TURN", node="src", band=1)
    log("TICK", node="src", due_ns=20_000, missed=2)
    log.now = 43_000
    log("IDLE", until_ns=50_000)
    log.now = 50_000
    log("TURN", node="src", band=1)
    log("TICK", node="src", due_ns=50_000, missed=0)
    log("TICKS_END", node="src")
    log.now = 51_000
    log("SHUTDOWN", reason="FINISHED", deadline_ns=151_000)
    log("STOP", node="sink")
    log("STOP", node="src")
    log(
        "RUN_END",
        stopped(
            log, "FINISHED", 51_000, next_msg=3, credits={"control": 4, "high": 2, "normal": 0}
        ),
        end="FINISHED",
    )
    return log


IN = {name: f"->{name}:in" for name in ("c", "h", "n", "m")}
PRIORITIES = {"c": 3, "h": 2, "n": 1, "m": 1}


def bands() -> GraphLog:
    """Nodes of three bands, fed from outside, take one message a turn; then the drain is cut short."""
    edges = [edge(IN[name], 8, "block", priority) for name, priority in PRIORITIES.items()]
    log = GraphLog(device([{"name": name} for name in IN], edges, max_batch_per_node=1))
    log("RUN_BEGIN", state(log))
    for name in IN:
        log("START", node=name)
    depths = dict.fromkeys(IN, 0)
    for msg, name in enumerate("ccccchhhnnnm"):
        depths[name] += 1
        log("PUT", msg=msg, edge=IN[name], type="DATA", result="OK", depth=depths[name])
    firsts = {"c": 0, "h": 5, "n": 8, "m": 11}
    order = ["c", "c", "c", "c", "h", "h", "n", "c", "h", "m", "n"]
    for name in order[:7]:
        _take_one(log, name, firsts, depths)
    left = {
        IN[name]: {"queued": [[firsts[name] + place, False] for place in range(depths[name])]}
        for name in IN
    }
    halfway = state(
        log,
        next_msg=12,
        credits={"control": 0, "high": 0, "normal": 0},
        nodes={name: {"state": "RUNNING"} for name in IN},
        edges=left,
        ready={"control": ["c"], "high": ["h"], "normal": ["m", "n"]},
    )
    log("RUN_END", halfway, end="CHECKPOINT")
    log.run = 1
    log("RUN_BEGIN", halfway)
    for name in order[7:]:
        _take_one(log, name, firsts, depths)
    _cut_short(log, firsts, depths)
    return log


def _cut_short(log: GraphLog, firsts: dict[str, int], depths: dict[str, int]) -> None:
    """The end of `bands`: one more message, and a drain that leaves it."""
    log.put(12, IN["n"], "OK", 2)
    log("SHUTDOWN", reason="REQUESTED", deadline_ns=log.now + 100_000)
    _take_one(log, "n", firsts, depths | {"n": 2})
    # The last turn took until the deadline.
    log.now += 100_000
    log("LEFTOVER", msg=12, edge=IN["n"], place="QUEUED")
    for name in reversed(IN):
        log("STOP", node=name)
    log(
        "RUN_END",
        stopped(
            log,
            "REQUESTED",
            log.now - 101_000,
            next_msg=13,
            credits={"control": 4, "high": 2, "normal": 0},
            edges={IN["n"]: {"queued": [[12, False]]}},
        ),
        end="FINISHED",
    )


def _take_one(log: GraphLog, name: str, firsts: dict[str, int], depths: dict[str, int]) -> None:
    msg = firsts[name]
    firsts[name] += 1
    depths[name] -= 1
    log("TURN", node=name, band=PRIORITIES[name])
    log("GET", msg=msg, edge=IN[name], depth=depths[name])
    log("DELIVER", msg=msg, node=name, edge=IN[name], attempt=1)
    log.now += 1_000


DROP, LATEST, MERGE = "s:a->t:drop", "s:b->t:latest", "s:c->t:merge"


def policies() -> GraphLog:
    """One source emits to edges of each policy until they are full, and capacities change."""
    log = GraphLog(
        device(
            [{"name": "s", "tick_interval_ns": 10_000}, {"name": "t"}],
            [edge(DROP, 1, "drop"), edge(LATEST, 2, "latest"), edge(MERGE, 1, "coalesce")],
        )
    )
    log("RUN_BEGIN", state(log))
    _fill(log)
    _empty(log)
    log.now = 10_000
    log("TURN", node="s", band=1)
    log("TICK", node="s", due_ns=10_000, missed=0)
    log.put(11, MERGE, "OK", 1)
    log.now = 11_000
    log("TURN", node="t", band=2)
    log.take(11, MERGE, 0)
    log.now = 12_000
    log("SHUTDOWN", reason="UNTIL", deadline_ns=112_000)
    log("STOP", node="t")
    log("STOP", node="s")
    log(
        "RUN_END",
        stopped(
            log,
            "UNTIL",
            12_000,
            next_msg=12,
            credits={"control": 4, "high": 1, "normal": 0},
            edges={MERGE: {"capacity": 1, "priority": 2}},
        ),
        end="FINISHED",
    )
    return log


def _fill(log: GraphLog) -> None:
    """The source emits while it starts."""
    log("START", node="s")
    log.put(0, DROP, "OK", 1)
    log.put(1, DROP, "DROPPED", 1)
    log.put(2, LATEST, "OK", 1, "CONTROL")
    log.put(3, LATEST, "OK", 2)
    log.put(4, LATEST, "REPLACED", 2, other=3)
    log.put(5, MERGE, "OK", 1)
    log.put(6, MERGE, "COALESCED", 1, other=5)
    log("MUTATE", edge=MERGE, what="CAPACITY", old=1, new=2, depth=1)
    log.put(7, MERGE, "OK", 2, "CONTROL")
    log.put(8, MERGE, "BLOCKED", 2)
    log("BLOCK", node="s", edge=MERGE)
    log.put(9, MERGE, "BLOCKED", 2)
    log.put(10, DROP, "BLOCKED", 1, "CONTROL")
    log("START", node="t")


def _empty(log: GraphLog) -> None:
    """The sink takes all, and changes an edge on its way."""
    log("TURN", node="t", band=1)
    log.take(0, DROP, 0, 10)
    log.take(2, LATEST, 1)
    log("MUTATE", edge=MERGE, what="CAPACITY", old=2, new=4, depth=2)
    log("FLUSH", msg=8, edge=MERGE, depth=3)
    log("FLUSH", msg=9, edge=MERGE, depth=4)
    log("WAKE", node="s", edge=MERGE)
    log("MUTATE", edge=MERGE, what="CAPACITY", old=4, new=1, depth=4)
    log("MUTATE", edge=MERGE, what="PRIORITY", old=1, new=2, depth=4)
    log.take(5, MERGE, 3)
    log.take(7, MERGE, 2)
    log.take(8, MERGE, 1)
    log.take(9, MERGE, 0)
    log.take(10, DROP, 0)
    log.take(4, LATEST, 0)


ERRORS = {name: f"->{name}:in" for name in ("broken", "again", "strict")}


def errors() -> GraphLog:
    """A node whose start fails, one that is retried, one whose error stops the graph."""
    nodes = [
        {"name": "broken"},
        {"name": "again", "on_error": "retry", "max_attempts": 2},
        {"name": "strict", "on_error": "stop", "tick_interval_ns": 5_000},
    ]
    log = GraphLog(device(nodes, [edge(item, 4) for item in ERRORS.values()]))
    log("RUN_BEGIN", state(log))
    log("START", node="broken")
    log("ERROR", node="broken", call="START", disposition="DISABLED", error="no file")
    log("DISABLE", node="broken", edge=ERRORS["broken"])
    log("START", node="again")
    log("START", node="strict")
    log.put(0, ERRORS["broken"], "OK", 1)
    log.put(1, ERRORS["again"], "OK", 1)
    log.put(2, ERRORS["again"], "OK", 2)
    log.put(3, ERRORS["again"], "OK", 3, "ERROR")
    _try_again(log)
    log.now = 6_000
    log.put(4, ERRORS["strict"], "OK", 1)
    log("TURN", node="strict", band=1)
    log("TICK", node="strict", due_ns=5_000, missed=0)
    log.take(4, ERRORS["strict"], 0)
    _raise(log, "strict", 4, 1, "STOPPED")
    log("DISABLE", node="strict", edge=ERRORS["strict"])
    log.now = 7_000
    log("SHUTDOWN", reason="ERROR", deadline_ns=107_000)
    log("LEFTOVER", msg=0, edge=ERRORS["broken"], place="QUEUED")
    log("STOP", node="strict")
    log("ERROR", node="strict", call="STOP", disposition="SKIPPED", error="again")
    log("STOP", node="again")
    log(
        "RUN_END",
        stopped(
            log,
            "ERROR",
            7_000,
            next_msg=5,
            credits={"control": 4, "high": 2, "normal": 0},
            nodes={"broken": {"state": "DISABLED"}},
            edges={ERRORS["broken"]: {"queued": [[0, False]]}},
        ),
        end="FINISHED",
    )
    return log


def _try_again(log: GraphLog) -> None:
    """The turns of the node that is retried."""
    log("TURN", node="again", band=1)
    log.take(1, ERRORS["again"], 2)
    _raise(log, "again", 1, 1, "RETRIED")
    log.now = 1_000
    log("TURN", node="again", band=1)
    log("DELIVER", msg=1, node="again", edge=ERRORS["again"], attempt=2)
    _raise(log, "again", 1, 2, "SKIPPED")
    log.now = 2_000
    log("TURN", node="again", band=1)
    log.take(2, ERRORS["again"], 1)
    log.take(3, ERRORS["again"], 0)
    _raise(log, "again", 3, 1, "RETRIED")
    log.now = 5_000
    log("TURN", node="again", band=1)
    log("DELIVER", msg=3, node="again", edge=ERRORS["again"], attempt=2)


def _raise(log: GraphLog, node: str, msg: int, attempt: int, disposition: str) -> None:
    log(
        "ERROR",
        node=node,
        call="MESSAGE",
        edge=ERRORS[node],
        msg=msg,
        attempt=attempt,
        disposition=disposition,
        error="it raised",
    )


AX, BX, XY, XZ, TO_X = "a:o->x:i", "b:o->x:i", "x:o->y:i", "x:o->z:i", "->x:stop"


def fan() -> GraphLog:
    """Two sources into one port, one output on two edges; a blocked node that takes a control message."""
    edges = [edge(AX, 4), edge(BX, 4), edge(XY, 1), edge(XZ, 4), edge(TO_X, 4, "block", 3)]
    log = GraphLog(device([{"name": name} for name in "yxabz"], edges, max_batch_per_node=4))
    log("RUN_BEGIN", state(log))
    log("START", node="a")
    log.put(0, AX, "OK", 1)
    log.put(1, AX, "OK", 2)
    log("START", node="b")
    log.put(2, BX, "OK", 1)
    log.put(3, BX, "OK", 2)
    for name in "xyz":
        log("START", node=name)
    log("TURN", node="x", band=1)
    log.take(0, AX, 1)
    log.put(4, XY, "OK", 1, trace_id=0)
    log.put(4, XZ, "OK", 1, trace_id=0)
    log.take(2, BX, 1)
    log.take(1, AX, 0)
    log.put(5, XY, "BLOCKED", 1, trace_id=1)
    log("BLOCK", node="x", edge=XY)
    log.put(5, XZ, "OK", 2, trace_id=1)
    _go_on(log)
    log.now = 9_000
    log("SHUTDOWN", reason="REQUESTED", deadline_ns=109_000)
    for name in "zyxba":
        log("STOP", node=name)
    used = {"control": 4, "high": 2, "normal": 0}
    end = stopped(log, "REQUESTED", 9_000, next_msg=7, credits=used)
    log("RUN_END", end, end="FINISHED")
    return log


def _go_on(log: GraphLog) -> None:
    """What was emitted is taken, and the node that was blocked goes on."""
    log.now = 1_000
    log.put(6, TO_X, "OK", 1)
    log("TURN", node="x", band=3)
    log.take(6, TO_X, 0)
    log.now = 2_000
    log("TURN", node="y", band=1)
    log("GET", msg=4, edge=XY, depth=0)
    log("FLUSH", msg=5, edge=XY, depth=1)
    log("WAKE", node="x", edge=XY)
    log("DELIVER", msg=4, node="y", edge=XY, attempt=1)
    log.take(5, XY, 0)
    log.now = 3_000
    log("TURN", node="z", band=1)
    log.take(4, XZ, 1)
    log.take(5, XZ, 0)
    log.now = 4_000
    log("TURN", node="x", band=1)
    log.take(3, BX, 0)
    log.now = 5_000
    log("IDLE")


STORIES = {
    "pressure": pressure,
    "bands": bands,
    "policies": policies,
    "errors": errors,
    "fan": fan,
}
