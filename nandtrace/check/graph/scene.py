"""The scene of a replay: what its rules share."""

from __future__ import annotations

from nandtrace.check.graph.course import Course, Phase
from nandtrace.check.graph.ledger import Ledger
from nandtrace.check.graph.numbering import Numbering
from nandtrace.check.graph.plan import GraphPlan
from nandtrace.check.graph.readiness import Readiness
from nandtrace.check.graph.state import Edge, GraphState, Node
from nandtrace.check.ledger import number
from nandtrace.vocab.graph import NodeState


class Scene:
    """The graph as it is, the course of the run, and the ledger."""

    def __init__(self, plan: GraphPlan) -> None:
        self.plan = plan
        self.state = GraphState(plan)
        self.ready = Readiness(self.state)
        self.course = Course()
        self.ledger = Ledger()
        self.numbering = Numbering(self.state, self.ledger)
        self.began_ns = 0
        self.message_turns = 0
        """Turns in which a message was taken."""

    def finish_turn(self) -> None:
        """The turn is over: it took something, no more than it may, and no less."""
        course = self.course
        if not course.in_turn:
            return
        course.in_turn = False
        node, course.node, course.caller = course.node, None, None
        if node is None:
            return
        bound = self.plan.max_batch
        self.message_turns += bool(course.taken)
        if not course.taken and not course.ticked and not course.is_unready:
            self.ledger.offend(
                "ready-only",
                course.turn_at,
                f"a turn in which {node.name} takes a tick or a message",
                "one in which it takes nothing",
                node=node,
            )
        elif course.taken > bound:
            self.ledger.offend(
                "batch-bound",
                course.turn_at,
                f"at most {bound} messages",
                f"{course.taken} in this turn",
                node=node,
            )
        elif course.taken < bound and not course.is_over and node.state is NodeState.RUNNING:
            self._check_early_end(node, bound)

    def _check_early_end(self, node: Node, bound: int) -> None:
        """A message that waited before the last callback was passed over.

        Later ones may have come from outside once the turn was over, as a change of the graph may.
        """
        last = self.course.called_at
        if not node.may_take() or self.course.mutated_at > last:
            return
        lanes = node.lanes[3:] if node.blocked else node.lanes
        waiting = (edge for lane in lanes for edge, since in lane.items() if since < last)
        edge = next(waiting, None)
        if edge is not None:
            self.ledger.offend(
                "batch-bound",
                self.course.turn_at,
                f"{bound} messages, or all that {node.name} may take",
                f"{self.course.taken}, and one more waits on {edge.id}",
                node=node,
                edge=edge,
            )

    def finish_start(self, at: int) -> None:
        """The graph has started: every node was."""
        if self.course.phase is not Phase.STARTING:
            return
        self.course.phase = Phase.RUNNING
        self.course.caller = None
        late = [node for node in self.state.nodes if node.state is NodeState.NEW]
        if late:
            more = f", and {len(late) - 1} more" if len(late) > 1 else ""
            self.ledger.offend(
                "start-topological",
                at,
                "every node started first",
                f"{late[0].name} was not{more}",
                node=late[0],
            )
        for node in late:
            self.start(node, self.began_ns)

    def start(self, node: Node, time_ns: int) -> None:
        """A node starts, and its first tick is due one interval later."""
        node.state, node.stops = NodeState.RUNNING, True
        self.state.touch(node)
        if node.plan.interval_ns is not None:
            self.ready.schedule(node, time_ns + node.plan.interval_ns)

    def be_running(self, at: int, kind: str) -> None:
        """The graph has started, and has not ended."""
        if self.course.phase is Phase.STARTING:
            self.finish_start(at)
        elif self.course.phase is not Phase.RUNNING:
            never = f"no {kind} once the drain is over"
            self.ledger.offend("shutdown-drained", at, never, f"a {kind}")
            self.course.phase = Phase.RUNNING

    def check_was_put(self, at: int, edge: Edge, msg: int) -> bool:
        """Whether a message that an event names was put before, on whatever edge."""
        following = self.state.next_msg
        is_known = 0 <= msg < following
        if not is_known:
            known = f"a message below {following}"
            never = f"message {number(msg)}, which was not put"
            self.ledger.offend("names-resolve", at, known, never, edge=edge, msg=msg)
        return is_known

    def off_depth(self, rule: str, at: int, edge: Edge, depth: int, msg: int | None) -> None:
        """The log's depth is not the replay's, or is again after it was not."""
        mine = len(edge.queued)
        edge.skew = depth - mine
        if edge.skew:
            self.ledger.offend(rule, at, f"a depth of {mine}", number(depth), edge=edge, msg=msg)
