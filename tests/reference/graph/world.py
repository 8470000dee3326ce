"""What a graph trace's events make of a graph: nodes, edges and credits, one event after the other.

What is wrong with an event is the business of the rules. Here each fault counts once: after it the graph
goes on as the rules demand, and an event that comes too late finds its work done.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.reference.graph.parts import Edge, Node, demanded, edges_of, nodes_of, remove
from tests.reference.log import Entry

BAND_NAMES = {3: "control", 2: "high", 1: "normal"}

CALLS = ("START", "TICK", "STOP", "DELIVER")
"""Events with which a callback begins."""
ENDS_CALL = (*CALLS, "ERROR", "TURN", "IDLE", "GET", "SHUTDOWN", "RUN_END")


class World:
    """The state of a graph, first as a snapshot has it, then as events change it."""

    def __init__(self, device: dict[str, Any], snapshot: dict[str, Any]) -> None:
        self.max_batch: int = device["max_batch_per_node"]
        self.ratio = {band: device["fairness_ratio"][name] for band, name in BAND_NAMES.items()}
        self.timeout_ns: int = device["shutdown_timeout_ns"]
        self.nodes = nodes_of(device, snapshot)
        self.edges = edges_of(device, snapshot)
        for edge in self.edges.values():
            self.nodes[edge.target].inputs.append(edge)
            if edge.source is not None:
                self.nodes[edge.source].outputs.append(edge)
        self.next_msg: int = snapshot["next_msg"]
        self.credits = {band: snapshot["credits"][name] for band, name in BAND_NAMES.items()}
        self.known = self.next_msg
        """Numbers below this one were put."""
        self.emitted: int | None = None
        """The number of the message that was put last."""
        self.emitted_type: str | None = None
        self.skipped: set[int] = set()
        """Numbers that were left out."""
        self.ports: dict[int, tuple[str | None, str | None]] = {}
        """Per message put the node and port that emitted it."""
        self.following: dict[int, int] = {}
        """Per PUT the number of the next emit."""
        self.flushes: Counter[tuple[int, str]] = Counter()
        """How many FLUSHes of each message into each edge follow in the run."""
        self.to_come: Counter[tuple[int, str]] = Counter()
        """How many PUTs of each number on each edge follow in the run."""
        self.taken: tuple[int | None, str] | None = None
        """A message that was taken and is not delivered yet: its number and edge."""
        self.turn: tuple[str | None, int] | None = None
        """The node and the time of the last turn."""
        self.caller: str | None = None
        """The node whose callback runs."""
        self.handled: tuple[str, int, int] | None = None
        """Edge, number and attempt of the message delivered last."""
        self.wake_is_due = False
        """Whether the FLUSH that was last asks for a WAKE."""
        self.shutdown: tuple[str, int] | None = None
        if snapshot["shutdown"] is not None:
            self.shutdown = (snapshot["shutdown"]["reason"], snapshot["shutdown"]["deadline_ns"])

    # ---- what follows from the state

    def may_take_from(self, node: Node) -> list[Edge]:
        """Inputs from which a node may take a message now."""
        return [
            edge
            for edge in node.inputs
            if edge.has_input and (edge.priority == 3 or not node.is_blocked)
        ]

    def is_tick_due(self, node: Node, time_ns: int) -> bool:
        """Whether the node would tick in a turn now."""
        if node.due_ns is None or node.due_ns > time_ns:
            return False
        return node.state == "RUNNING" and not node.is_blocked and self.shutdown is None

    def band_of(self, node: Node, time_ns: int) -> int | None:
        """The band in which a node is ready now; None where it is not."""
        if node.state != "RUNNING":
            return None
        inputs = self.may_take_from(node)
        if not inputs and not self.is_tick_due(node, time_ns):
            return None
        return node.override or max([1, *(edge.priority for edge in inputs)])

    def ready_bands(self, time_ns: int) -> dict[str, int]:
        """The ready nodes, each with its band."""
        bands = {node.name: self.band_of(node, time_ns) for node in self.nodes.values()}
        return {name: band for name, band in bands.items() if band is not None}

    # ---- what events do

    def apply(self, entry: Entry) -> None:
        """Do what an event says."""
        change = getattr(self, f"_{entry.kind.lower()}", None)
        if change is not None:
            change(entry)
        if entry.kind in ENDS_CALL:
            self.caller = self._called(entry)

    def _called(self, entry: Entry) -> str | None:
        """The node whose callback runs after an event."""
        edge, node = self.edge_of(entry), self.node_of(entry)
        if entry.kind == "DELIVER" and edge is not None:
            return edge.target
        return node.name if node is not None and entry.kind in CALLS else None

    def edge_of(self, entry: Entry) -> Edge | None:
        """The edge that an event names; of a FLUSH that names none the one that has room."""
        edge = self.edges.get(entry.get("edge"))
        if edge is None and entry.kind == "FLUSH":
            edges = self.edges.values()
            edge = next((one for one in edges if one.pending and not one.is_full), None)
        return edge

    def node_of(self, entry: Entry) -> Node | None:
        """The node that an event names; of a callback that names none the one whose it must be."""
        name = entry.get("node")
        if name not in self.nodes and entry.kind == "TICK" and self.turn is not None:
            name = self.turn[0]
        if name not in self.nodes and entry.kind == "ERROR":
            name = self.caller
        return self.nodes.get(name)

    def _start(self, entry: Entry) -> None:
        node = self.node_of(entry)
        if node is not None and node.state == "NEW":
            self._run(node, entry.time_ns)

    def start_all(self, time_ns: int) -> None:
        """Start the nodes whose START is missing."""
        for node in self.nodes.values():
            if node.state == "NEW":
                self._run(node, time_ns)

    def _run(self, node: Node, time_ns: int) -> None:
        node.state = "RUNNING"
        if node.interval_ns is not None:
            node.due_ns = time_ns + node.interval_ns

    def _stop(self, entry: Entry) -> None:
        node = self.node_of(entry)
        if node is not None:
            node.state = "STOPPED"
            node.due_ns = None

    def _ticks_end(self, entry: Entry) -> None:
        node = self.node_of(entry)
        if node is not None:
            node.due_ns = None

    def _turn(self, entry: Entry) -> None:
        self.turn = (entry.get("node"), entry.time_ns)
        band = entry.get("band")
        ready = self.ready_bands(entry.time_ns)
        if band not in self.credits:
            band = ready.get(entry.get("node", ""))
        if band is None:
            return
        if not self.credits[band]:
            self.credits = dict(self.ratio)
        for other in set(ready.values()):
            if other > band:
                self.credits[other] = 0
        self.credits[band] -= 1

    def served(self, bands: set[int]) -> int:
        """The band that is served next, of those that have a ready node."""
        return max([band for band in bands if self.credits[band]] or bands)

    def _tick(self, entry: Entry) -> None:
        node = self.node_of(entry)
        if node is None or node.interval_ns is None or node.due_ns is None:
            return
        due_ns = entry.get("due_ns", node.due_ns)
        due_ns = due_ns if due_ns <= entry.time_ns else node.due_ns
        passed = max(0, self.decided_ns(entry) - due_ns) // node.interval_ns
        node.due_ns = due_ns + (passed + 1) * node.interval_ns

    def decided_ns(self, entry: Entry) -> int:
        """The time at which the turn of a TICK was decided."""
        if self.turn is not None and self.turn[0] == entry.get("node"):
            return self.turn[1]
        return entry.time_ns

    def _pass(self, entry: Entry) -> None:
        """A PUT does not follow any more."""
        told = entry.get("msg", -1)
        place = told, entry.get("edge", "")
        self.to_come[place] -= 1
        if not self.to_come[place]:
            del self.to_come[place]
        if self.edge_of(entry) is None:
            self.next_msg = self.known = max(self.known, told + 1)

    def number_of(self, entry: Entry) -> Any:
        """The number that a message put has; None where it is on the edge already."""
        msg, edge = self.told_by(entry), self.edge_of(entry)
        if msg is None or edge is None:
            return None
        if msg in edge.put:
            is_there = msg in edge.numbers() or msg in [other for other, _ in edge.pending]
            comes = any(number == self.next_msg for number, _ in self.to_come)
            return None if is_there or comes else self.next_msg
        if msg in (self.emitted, self.next_msg) or msg in self.skipped:
            return msg
        port = edge.source, edge.source_port
        if self.next_msg in self.ports or self.ports.get(msg) == port:
            return msg
        comes = any(number == self.next_msg for number, _ in self.to_come)
        goes_on = self.following.get(entry.seq) == msg + 1 and msg >= self.known
        fits = entry.get("depth") == len(edge.queued) + edge.surplus + (entry.get("result") == "OK")
        return msg if fits and (comes or goes_on) else self.next_msg

    def told_by(self, entry: Entry) -> Any:
        """The number that a PUT tells; where it tells none, that of the emit that goes on."""
        edge, msg = self.edge_of(entry), entry.get("msg")
        if msg is None and edge is not None:
            return self.next_msg if self.emitted in (None, *edge.put) else self.emitted
        return msg

    def is_control(self, entry: Entry) -> bool:
        """Whether the message of a PUT is CONTROL: on every edge what it was on the first."""
        told = self.told_by(entry)
        return (
            self.emitted_type == "CONTROL"
            if told == self.emitted
            else entry.get("type") == "CONTROL"
        )

    def result_of(self, entry: Entry) -> str:
        """The result that a PUT had: the one told where the depth fits it, else the one demanded."""
        edge, told = self.edge_of(entry), entry.get("result")
        assert edge is not None
        result, _ = demanded(edge, self.is_control(entry))
        depth = len(edge.queued) + edge.surplus
        fits = {name: depth + (name == "OK") == entry.get("depth") for name in (told, result)}
        return result if fits[result] and not fits[told] else told

    def _put(self, entry: Entry) -> None:
        msg, edge = self.number_of(entry), self.edge_of(entry)
        self._pass(entry)
        if msg is None and self.told_by(entry) is not None:
            self.skipped.add(self.next_msg)
            self.next_msg += 1
        if edge is None or msg is None:
            return
        result = self.result_of(entry)
        told = self.told_by(entry) or 0
        is_control = self.is_control(entry)
        if msg == told:
            edge.put.add(msg)
        else:
            edge.renumbered.add(told)
        self.ports[told] = edge.source, edge.source_port
        if told != self.emitted:
            self.emitted_type = entry.get("type")
            self.skipped |= set(range(self.next_msg, min(told, self.next_msg + 1000)))
            self.skipped.discard(told)
            self.next_msg = told + 1
        self.emitted = told
        self.known = max(self.known, self.next_msg)
        message = (msg, is_control)
        if result == "BLOCKED" and edge.source is not None:
            edge.pending.append(message)
        elif result in ("OK", "REPLACED"):
            if result == "OK":
                edge.unknown = max(0, (entry.get("depth") or 0) - len(edge.queued) - 1)
            if result == "REPLACED":
                told_other = entry.get("other")
                due_other = demanded(edge, message[1])[1]
                remove(edge.queued, told_other if told_other in edge.numbers() else due_other)
            edge.queued.append(message)
        self._weigh(edge, entry)

    def _weigh(self, edge: Edge, entry: Entry) -> None:
        if entry.get("depth") is not None:
            edge.surplus = entry.get("depth") - len(edge.queued)

    def flushed_by(self, entry: Entry) -> Any:
        """The message that a FLUSH lets enter; None where it lets none."""
        edge, msg = self.edge_of(entry), entry.get("msg")
        if edge is None or msg in edge.flushed_ahead or msg in edge.renumbered:
            return None
        pending = [other for other, _ in edge.pending]
        if msg in pending:
            return msg
        is_unknown = msg is None or msg >= self.known
        is_dropped = bool(pending) and not self.flushes[pending[0], edge.id]
        if pending and (is_unknown or is_dropped):
            is_one_more = entry.get("depth") == len(edge.queued) + edge.surplus + 1
            return pending[0] if is_one_more else None
        return None if msg in edge.numbers() else msg

    def _flush(self, entry: Entry) -> None:
        edge, msg = self.edge_of(entry), self.flushed_by(entry)
        self.flushes[entry.get("msg", -1), entry.get("edge", "")] -= 1
        if edge is not None and msg is not None:
            edge.queued.append(remove(edge.pending, msg) or (msg, False))
            if msg != entry.get("msg"):
                edge.flushed_ahead.add(msg)
        if edge is not None:
            self._weigh(edge, entry)

    def flush_ahead(self, edge: Edge) -> None:
        """Let the oldest pending message enter an edge that has room, though its FLUSH is missing."""
        message = edge.pending.pop(0)
        edge.queued.append(message)
        edge.flushed_ahead.add(message[0])

    def taken_by(self, entry: Entry) -> Any:
        """The message that a GET takes: the oldest under a wrong number, unless the depth stays."""
        edge, msg = self.edge_of(entry), entry.get("msg")
        if edge is None or msg in edge.numbers() or msg in edge.taken_ahead:
            return msg
        is_one_less = entry.get("depth") == len(edge.queued) + edge.surplus - 1
        return edge.queued[0][0] if edge.queued and is_one_less else msg

    def loses(self, edge: Edge, entry: Entry) -> bool:
        """Whether a GET shows that the messages before the one taken are gone."""
        queued = edge.numbers()
        if self.taken_by(entry) not in queued:
            return False
        place = queued.index(self.taken_by(entry))
        depth = len(queued) + edge.surplus - place - 1
        return place > 0 and (
            bool(edge.overtaken & set(queued[:place])) or entry.get("depth") == depth
        )

    def _get(self, entry: Entry) -> None:
        edge = self.edge_of(entry)
        if edge is None:
            return
        taken = self.taken_by(entry)
        if taken != entry.get("msg") and taken is not None:
            edge.taken_ahead.add(taken)
        edge.unknown = 0
        before = edge.numbers()
        if taken in before:
            before = before[: before.index(taken)]
            if self.loses(edge, entry):
                for msg in before:
                    remove(edge.queued, msg)
            edge.overtaken |= set(before)
            remove(edge.queued, taken)
        self.taken = (taken, edge.id)
        self._weigh(edge, entry)

    def _deliver(self, entry: Entry) -> None:
        edge = self.edge_of(entry)
        taken, self.taken = self.taken, None
        if edge is None or entry.get("msg") is None:
            return
        self.handled = (edge.id, entry.get("msg"), entry.get("attempt", 0))
        if self.node_of(entry) is None:
            return
        if taken is None and edge.held is not None and edge.held[0] == entry.get("msg"):
            edge.held = None
        elif taken is None and edge.numbers()[:1] != [entry.get("msg")]:
            return
        elif (taken is None or taken[1] != edge.id) and remove(edge.queued, entry.get("msg")):
            edge.surplus = 0

    def _wake(self, entry: Entry) -> None:
        node = self.node_of(entry)
        if node is not None:
            for edge in node.outputs:
                edge.pending.clear()

    def _error(self, entry: Entry) -> None:
        edge, node, disposition = self.edge_of(entry), self.node_of(entry), entry.get("disposition")
        handled = self.handled or (None, 0, 0)
        if disposition == "RETRIED" and edge and handled[:2] == (edge.id, entry.get("msg")):
            edge.held = handled[1:]
        if disposition in ("STOPPED", "DISABLED") and node is not None:
            node.state, node.due_ns = "DISABLED", None

    def _mutate(self, entry: Entry) -> None:
        edge, new = self.edge_of(entry), entry.get("new") or 0
        if edge is not None and entry.get("what") == "PRIORITY" and 1 <= new <= 3:
            edge.priority = new
        elif edge is not None and entry.get("what") == "CAPACITY" and new >= 1:
            edge.capacity = new

    def _shutdown(self, entry: Entry) -> None:
        if self.shutdown is not None:
            return
        self.shutdown = (entry.get("reason"), entry.get("deadline_ns", -1))
