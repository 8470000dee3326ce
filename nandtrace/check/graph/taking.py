"""Messages taken from edges and delivered: whose turn it is, and which input comes first."""

from __future__ import annotations

from nandtrace.check.graph.course import DELIVER, FLUSH, NOTHING
from nandtrace.check.graph.scene import Scene
from nandtrace.check.graph.state import NEVER, Edge, Node
from nandtrace.check.ledger import number
from nandtrace.vocab.graph import Call

MESSAGE = Call.MESSAGE


GetRow = tuple[int, Edge | None, int]
"""Message, edge, depth."""

DeliverRow = tuple[int, Node | None, Edge | None, int]
"""Message, node, edge, attempt."""


class Taking:
    """GET and DELIVER."""

    def __init__(self, scene: Scene) -> None:
        self._state = scene.state
        self._scene = scene
        self._course = scene.course
        self._ledger = scene.ledger

    def get(self, at: int, _time_ns: int, row: GetRow) -> None:
        msg, edge, depth = row
        course = self._course
        if edge is None:
            course.lost_get = True
            return
        queued = edge.queued
        self._choose(at, edge, msg)
        if edge.held is not None:
            self._offend_held(at, edge, msg)
        if queued and queued[0] == msg:
            queued.popleft()
        else:
            msg = self._misplaced(at, msg, edge, depth)
        if not queued and edge.held is None:
            self._state.leave(edge)
        if edge.controls:
            edge.controls.discard(msg)
        if depth - len(queued) != edge.skew:
            self._scene.off_depth("edge-capacity", at, edge, depth, msg)
        course.got, course.got_msg = edge, msg
        course.owed = FLUSH if edge.pending and len(queued) < edge.capacity else DELIVER
        course.owed_node, course.owed_edge = edge.target, edge

    def _choose(self, at: int, edge: Edge, msg: int) -> None:
        """Whether the node may take a message from this of its inputs, now."""
        node, course = edge.target, self._course
        if node is not course.node or course.is_over:
            self._out_of_turn(at, edge, msg)
        priority, lanes = edge.priority, node.lanes
        lane = lanes[priority]
        if priority != 3 and node.blocked:
            self._offend_blocked(at, edge, msg)
        elif priority != 3 and (lanes[3] or (priority == 1 and lanes[2])):
            self._offend_priority(at, edge, msg)
        elif len(lane) > 1:
            self._check_turns(at, edge, msg)
        if len(lane) > 1 and edge in lane:
            lane.move_to_end(edge)
        edge.last_read = at

    def _check_turns(self, at: int, edge: Edge, msg: int) -> None:
        """Round robin: no other input of the priority has waited since the last message of this one."""
        for other, since in edge.target.lanes[edge.priority].items():
            if other is not edge:
                if max(since, other.last_read) <= edge.last_read:
                    self._offend_fairness(at, edge, other, msg)
                break

    def _out_of_turn(self, at: int, edge: Edge, msg: int) -> None:
        node, course = edge.target, self._course
        if node is course.node:
            over = f"the turn of {node.name} over, since it raised"
            self._ledger.offend(
                "error-isolated", at, over, f"it takes message {msg}", node=node, edge=edge, msg=msg
            )
            return
        if course.node is not None or not course.in_turn:
            whose = f"the turn of {course.node.name}" if course.node else "no turn"
            mine = f"message {msg} of {edge.id} taken in a turn of {node.name}"
            self._ledger.offend("delivery", at, mine, f"in {whose}", node=node, edge=edge, msg=msg)
        course.node = node
        course.is_over = False

    def _offend_blocked(self, at: int, edge: Edge, msg: int) -> None:
        name = edge.target.name
        self._ledger.offend(
            "blocked-yield",
            at,
            f"nothing but from edges of the control band while {name} is blocked",
            f"message {msg} of {edge.id}, which has priority {edge.priority}",
            node=edge.target,
            edge=edge,
            msg=msg,
        )

    def _offend_priority(self, at: int, edge: Edge, msg: int) -> None:
        lanes = edge.target.lanes
        first = next(iter(lanes[3] or lanes[2]))
        self._ledger.offend(
            "delivery",
            at,
            f"a message of {first.id} first, which has priority {first.priority}",
            f"message {msg} of {edge.id}, which has priority {edge.priority}",
            node=edge.target,
            edge=edge,
            msg=msg,
        )

    def _offend_fairness(self, at: int, edge: Edge, other: Edge, msg: int) -> None:
        self._ledger.offend(
            "delivery",
            at,
            f"a message of {other.id} first, which has waited since the last one of {edge.id}",
            f"message {msg} of {edge.id}",
            node=edge.target,
            edge=edge,
            msg=msg,
        )

    def _offend_held(self, at: int, edge: Edge, msg: int) -> None:
        held = edge.held or (0, 0)
        self._ledger.offend(
            "error-isolated",
            at,
            f"message {held[0]} of {edge.id} again first, attempt {held[1] + 1}",
            f"message {msg} taken",
            node=edge.target,
            edge=edge,
            msg=msg,
        )

    def _misplaced(self, at: int, msg: int, edge: Edge, depth: int) -> int:
        """A GET of what is not the head of its edge; tells the message that was taken, by the depth."""
        queued = edge.queued
        shrinks = bool(queued) and depth - edge.skew == len(queued) - 1
        if msg == edge.assumed_taken:
            edge.assumed_taken = NEVER
            return msg
        if shrinks and queued[0] in self._scene.numbering.wrong:
            queued.popleft()
            return msg
        if msg in queued:
            self._pass_over(at, msg, edge, depth)
            queued.remove(msg)
            return msg
        self._offend_absent(at, msg, edge)
        if shrinks:
            edge.assumed_taken = queued.popleft()
            return edge.assumed_taken
        if msg in edge.pending:
            self._state.unpend(edge, msg)
        return msg

    def _pass_over(self, at: int, msg: int, edge: Edge, depth: int) -> None:
        """A GET of a later message: those before it are gone, or it came out of order."""
        queued = edge.queued
        place, first = queued.index(msg), queued[0]
        if first == edge.passed_over or depth - edge.skew == len(queued) - 1 - place:
            self._vanish(at, edge, place)
            return
        edge.passed_over = first
        self._ledger.offend(
            "edge-fifo",
            at,
            f"message {first}, the oldest of {edge.id}",
            f"message {msg}",
            edge=edge,
            msg=msg,
        )

    def _offend_absent(self, at: int, msg: int, edge: Edge) -> None:
        offend = self._ledger.offend
        if msg in edge.pending:
            enters = f"message {msg} enters {edge.id} before it is taken"
            offend("blocked-pure", at, enters, "it was still pending", edge=edge, msg=msg)
        elif self._scene.check_was_put(at, edge, msg):
            on_edge = f"a message that is on {edge.id}"
            gone = f"message {msg}, which is not"
            offend("edge-conservation", at, on_edge, gone, edge=edge, msg=msg)

    def _vanish(self, at: int, edge: Edge, count: int) -> None:
        """The depth tells that messages before the one taken are not there any more."""
        for _ in range(count):
            msg = edge.queued.popleft()
            edge.controls.discard(msg)
            self._ledger.offend(
                "edge-conservation",
                at,
                f"message {msg} of {edge.id} delivered, evicted or left over",
                "it is gone",
                edge=edge,
                msg=msg,
            )

    def deliver(self, at: int, _time_ns: int, row: DeliverRow) -> None:
        msg, node, edge, attempt = row
        course = self._course
        if (
            edge is None
            or edge is not course.got
            or msg != course.got_msg
            or attempt != 1
            or node is not edge.target
        ):
            self._undue(at, row)
        course.owed = NOTHING
        course.got = None
        course.taken += 1
        course.called_at = at
        course.caller = node if edge is None else edge.target
        course.call = MESSAGE
        course.call_edge = edge
        course.call_msg = msg
        course.call_attempt = attempt

    def _undue(self, at: int, row: DeliverRow) -> None:
        """A DELIVER that does not follow its GET: another attempt, or out of place."""
        msg, node, edge, attempt = row
        course, got = self._course, self._course.got
        if edge is None or node is None:
            return
        self._scene.check_was_put(at, edge, msg)
        said = f"message {number(msg)} of {edge.id} to {node.name}, attempt {attempt}"
        due = None
        if got is not None:
            due = f"message {course.got_msg} of {got.id} to {got.target.name}, attempt 1"
        elif edge.held is not None and edge.held[0] == msg:
            self._retry(at, msg, edge, attempt)
            due = None if node is edge.target else f"a delivery to {edge.target.name}"
        elif not course.lost_get:
            due = f"a GET of message {msg} before"
        if due is not None:
            self._ledger.offend("delivery", at, due, said, node=node, edge=edge, msg=msg)
        course.lost_get = False
        if got is not edge and edge.queued and edge.queued[0] == msg:
            edge.queued.popleft()
            if not edge.queued and edge.held is None:
                self._state.leave(edge)

    def _retry(self, at: int, msg: int, edge: Edge, attempt: int) -> None:
        assert edge.held is not None, "only a held message is tried again"
        self._ledger.count("error-isolated")
        due = edge.held[1] + 1
        self._choose(at, edge, msg)
        if attempt != due:
            self._ledger.offend(
                "error-isolated",
                at,
                f"attempt {due} of message {msg}",
                f"attempt {attempt}",
                node=edge.target,
                edge=edge,
                msg=msg,
            )
        edge.held = None
        if not edge.queued:
            self._state.leave(edge)
