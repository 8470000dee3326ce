"""The life of nodes: started, failed, disabled, stopped."""

from __future__ import annotations

from nandtrace.check.graph.course import DISABLE, NOTHING, Phase
from nandtrace.check.graph.scene import Scene
from nandtrace.check.graph.state import Edge, Node
from nandtrace.vocab.graph import Call, Disposition, ErrorPolicy, NodeState

NodeRow = tuple[Node | None]
DisableRow = tuple[Node | None, Edge | None]
ErrorRow = tuple[Node | None, Call | None, Edge | None, int, int, Disposition | None]
"""Node, call, edge, message, attempt, disposition."""


class Life:
    """START, STOP, ERROR and DISABLE."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._state = scene.state
        self._course = scene.course
        self._ledger = scene.ledger
        nodes = scene.state.nodes
        self._order = [nodes[place] for place in scene.plan.start_order]
        self._sources: dict[Node, list[Node]] = {node: [] for node in nodes}
        for edge in scene.state.edges:
            if edge.source is not None and edge.source is not edge.target:
                self._sources[edge.target].append(edge.source)
        self._reverse = self._order[::-1]
        self._rank = {node: rank for rank, node in enumerate(self._order)}
        self._next = 0
        self._stops = 0

    def reset(self) -> None:
        """A run begins."""
        self._next = self._stops = 0

    def start(self, at: int, time_ns: int, row: NodeRow) -> None:
        course, (node,) = self._course, row
        course.begin_call(node, Call.START)
        if node is None:
            return
        self._check_start(at, node)
        if node.state is NodeState.NEW:
            self._scene.start(node, time_ns)

    def _check_start(self, at: int, node: Node) -> None:
        offend, name = self._ledger.offend, node.name
        rule = "start-topological"
        if node.state is not NodeState.NEW:
            offend(rule, at, f"one START of {name}", "another", node=node)
            return
        if self._course.phase is not Phase.STARTING:
            offend(rule, at, "every START before the first turn", f"{name} later", node=node)
            return
        order, rank = self._order, self._rank[node]
        while self._next < rank and order[self._next].state is not NodeState.NEW:
            self._next += 1
        due = order[self._next]
        # One that was passed over, and reported then, may come later.
        self._next = max(self._next, rank)
        if rank <= self._rank[due]:
            return
        # A source of a cycle of its own may come later than the node: only earlier ranks count.
        waits = [
            source
            for source in self._sources[node]
            if source.state is NodeState.NEW and self._rank[source] < self._rank[node]
        ]
        after = f"START of {(waits or [due])[0].name} before that of {name}"
        offend(rule, at, after, f"{name} first", node=node)

    def stop(self, at: int, _time_ns: int, row: NodeRow) -> None:
        course, (node,) = self._course, row
        course.phase = Phase.STOPPING
        course.begin_call(node, Call.STOP)
        if node is None:
            return
        self._check_stop(at, node)
        node.state, node.stops = NodeState.STOPPED, False
        node.due_ns, node.tick_due = None, False
        self._state.touch(node)

    def _check_stop(self, at: int, node: Node) -> None:
        offend, name = self._ledger.offend, node.name
        if node.state is NodeState.STOPPED:
            offend("stop-reverse", at, f"one STOP of {name}", "another", node=node)
            return
        if node.stops is False:
            never = f"no STOP of {name}, whose on_start did not return"
            offend("stop-reverse", at, never, "a STOP", node=node)
            return
        due = next((item for item in self._not_stopped(node) if item.stops), None)
        if due is not None:
            first = f"STOP of {due.name} before that of {name}"
            offend("stop-reverse", at, first, f"{name} first", node=node)

    def _not_stopped(self, node: Node) -> list[Node]:
        """The nodes to stop before a node, but for those that were passed over and reported before."""
        place = len(self._order) - 1 - self._rank[node]
        passed, self._stops = self._stops, max(self._stops, place + 1)
        return self._reverse[passed:place]

    def finish_stops(self, at: int) -> None:
        """The graph is over: every node that started was stopped."""
        late = [node for node in self._order if node.stops]
        if late:
            self._ledger.offend(
                "stop-reverse",
                at,
                "every node stopped that was started",
                f"{late[-1].name} was not, {len(late)} in all",
                node=late[-1],
            )

    def error(self, at: int, _time_ns: int, row: ErrorRow) -> None:
        course, (node, call, edge, msg, attempt, disposition) = self._course, row
        self._ledger.count("error-isolated")
        said = (node, call, edge, msg, attempt)
        running = course.running()
        if node is not None and said != running:
            self._offend(
                at, f"an ERROR of the callback that runs, {_called(*running)}", _called(*said), node
            )
        node = node or course.caller
        if node is None:
            return
        due = _disposition(node, call, attempt)
        if disposition is not due:
            self._offend(
                at, f"{due or 'a known callback'} ({node.plan.on_error})", f"{disposition}", node
            )
        if course.in_turn and node is course.node:
            course.is_over = node.plan.on_error is not ErrorPolicy.SKIP
        course.end_call()
        self._dispose(at, node, row)

    def _offend(self, at: int, expected: str, actual: str, node: Node) -> None:
        self._ledger.offend("error-isolated", at, expected, actual, node=node)

    def _dispose(self, at: int, node: Node, row: ErrorRow) -> None:
        """Do what the log says became of the input of a callback that raised."""
        _, _, edge, msg, attempt, disposition = row
        if disposition is Disposition.RETRIED and edge is not None:
            if not edge.queued and edge.held is None:
                self._state.arrive(edge, at)
            edge.held = (msg, attempt)
        elif disposition in (Disposition.STOPPED, Disposition.DISABLED):
            if disposition is Disposition.STOPPED and self._state.shutdown is None:
                self._course.stopped_by = node
            if disposition is Disposition.DISABLED:
                node.stops = False
            node.state = NodeState.DISABLED
            node.due_ns, node.tick_due = None, False
            self._state.touch(node)
            self._course.disable_rest = list(node.inputs) or [None]
            self._course.owe(DISABLE, node, None)

    def disable(self, at: int, _time_ns: int, row: DisableRow) -> None:
        course, (node, edge) = self._course, row
        self._ledger.count("error-isolated")
        due = course.owed == DISABLE
        if due and node in (None, course.owed_node) and edge in course.disable_rest:
            course.disable_rest.remove(edge)
        elif node is not None:
            inputs = "a DISABLE of each input of a node that raised, once, right after its ERROR"
            self._offend(at, inputs, f"{node.name}, {edge.id if edge else 'no edge'}", node)
        if due and not course.disable_rest:
            course.owed = NOTHING


def _disposition(node: Node, call: Call | None, attempt: int) -> Disposition | None:
    """What must become of the input of a callback that raised. Source: graph model: errors."""
    policy = node.plan.on_error
    if call is None:
        return None
    if call is Call.START:
        return Disposition.DISABLED
    if call is Call.STOP:
        return Disposition.SKIPPED
    if policy is ErrorPolicy.STOP:
        return Disposition.STOPPED
    if call is Call.MESSAGE and policy is ErrorPolicy.RETRY and attempt < node.plan.max_attempts:
        return Disposition.RETRIED
    return Disposition.SKIPPED


def _called(node: Node | None, call: Call | None, edge: Edge | None, msg: int, attempt: int) -> str:
    if node is None:
        return "none"
    if edge is None:
        return f"{call} of {node.name}"
    return f"{call} of {node.name} with message {msg} of {edge.id}, attempt {attempt}"
