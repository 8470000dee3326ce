"""Reference rules of a turn: what it takes, in what order, how much, and when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.reference.graph.parts import Edge, Node
from tests.reference.graph.world import World
from tests.reference.log import Entry
from tests.reference.runs import Offence

BETWEEN = ("TURN", "IDLE", "SHUTDOWN", "LEFTOVER", "START", "STOP", "RUN_BEGIN", "RUN_END")
"""Events that never happen in a turn."""
TIMED = ("TICK", "GET", "DELIVER", "PUT", "BLOCK", "ERROR")
"""Events that have the time of their turn; that of others follows from the event before them."""


@dataclass
class Turn:
    """A turn that goes on."""

    node: Node
    seq: int
    time_ns: int
    is_ready: bool
    ticks: int = 0
    takes: int = 0
    """Messages delivered."""
    is_cut: bool = False
    """A callback raised, and the node's policy ends the turn."""
    could_end: bool = False
    """Nothing more could be taken before something came from outside."""


class Turns:
    """Follows the turns of a run."""

    def __init__(self) -> None:
        self.turn: Turn | None = None
        self.taken: tuple[int | None, str | None] | None = None
        """A message that was taken and is not delivered yet: its number and edge."""
        self.last = ""
        """The kind of the last event."""
        self.wake_is_due = False
        """Whether the last event asks for a WAKE."""
        self.caller: str | None = None
        """The node whose callback may run."""
        self.is_anybodys = False
        """Whether a turn goes on of a node that is not known."""
        self.passed: dict[str, set[str]] = {}
        """Per input: those of its node that were read since it waits."""

    def see(self, world: World, entry: Entry) -> Iterator[Offence]:
        """What is wrong with an event as part of a turn."""
        if self.taken is not None and not self._may_follow(entry):
            if self.taken != (None, None):
                yield "delivery", entry.seq
            self.taken = None
        self.wake_is_due = world.wake_is_due
        self.last = entry.kind
        if entry.kind in BETWEEN and entry.kind != "START":
            yield from self._close(world)
            self.is_anybodys = False
        turn = self.turn
        if turn is not None and self._is_outside(world, entry, turn):
            turn.could_end = turn.could_end or not self._wants_more(world, turn)
        elif turn is not None and entry.time_ns != turn.time_ns and entry.kind in TIMED:
            yield "ready-only", entry.seq
        see = getattr(self, f"_{entry.kind.lower()}", None)
        if see is not None:
            yield from see(world, entry)
        if entry.kind in BETWEEN or entry.kind in ("TICK", "DELIVER", "GET", "ERROR"):
            self.caller = self._called(world, entry)

    def _called(self, world: World, entry: Entry) -> str | None:
        """The node whose callback may run after an event."""
        node, edge = world.node_of(entry), world.edge_of(entry)
        if entry.kind == "DELIVER" and edge is not None:
            return edge.target
        calls = entry.kind in ("START", "TICK", "DELIVER")
        return node.name if node is not None and calls else None

    def _may_follow(self, entry: Entry) -> bool:
        """Whether an event may stand between a GET and its DELIVER, or is that."""
        if entry.kind == "WAKE":
            return self.last in ("FLUSH", "WAKE")
        return entry.kind == "DELIVER" or (entry.kind == "FLUSH" and not self.wake_is_due)

    def _is_outside(self, world: World, entry: Entry, turn: Turn) -> bool:
        """Whether an event may come from outside, after the turn."""
        if entry.time_ns == turn.time_ns and entry.kind == "MUTATE":
            return False
        edge = world.edge_of(entry)
        is_open = edge is not None and edge.source is None
        return entry.kind == "MUTATE" or (entry.kind == "PUT" and is_open)

    def _wants_more(self, world: World, turn: Turn) -> bool:
        """Whether a turn that ends now ends too early."""
        if (
            turn.is_cut
            or not turn.is_ready
            or turn.takes >= world.max_batch
            or turn.node.state != "RUNNING"
        ):
            return False
        return bool(world.may_take_from(turn.node))

    # ---- the turn

    def _turn(self, world: World, entry: Entry) -> Iterator[Offence]:
        node = world.node_of(entry)
        if node is None:
            self.is_anybodys = True
            return
        if node.state != "DISABLED" and world.band_of(node, entry.time_ns) is None:
            yield "ready-only", entry.seq
        is_ready = world.band_of(node, entry.time_ns) is not None
        self.turn = Turn(node, entry.seq, entry.time_ns, is_ready)

    def _close(self, world: World) -> Iterator[Offence]:
        turn, self.turn = self.turn, None
        if turn is None:
            return
        if turn.ticks + turn.takes == 0:
            if turn.node.state != "DISABLED":
                yield "ready-only", turn.seq
        elif turn.takes > world.max_batch or (not turn.could_end and self._wants_more(world, turn)):
            yield "batch-bound", turn.seq

    def _tick(self, world: World, entry: Entry) -> Iterator[Offence]:
        node = world.node_of(entry)
        if self.turn is not None:
            self.turn.ticks += 1
        if node is not None and node.is_blocked:
            yield "blocked-yield", entry.seq

    # ---- messages

    def _get(self, world: World, entry: Entry) -> Iterator[Offence]:
        edge = world.edge_of(entry)
        self.taken = (None, None)
        if edge is None:
            return
        if self.is_anybodys:
            node = world.nodes[edge.target]
            self.turn, self.is_anybodys = Turn(node, entry.seq, entry.time_ns, is_ready=True), False
        if self.turn is None or self.turn.node.name != edge.target:
            yield "delivery", entry.seq
        if edge.held is not None or (self.turn is not None and self.turn.is_cut):
            yield "error-isolated", entry.seq
        yield from self._take(world, edge, entry)
        self.taken = (world.taken_by(entry), edge.id)
        if self.turn is not None:
            self.turn.node = world.nodes[edge.target]

    def _deliver(self, world: World, entry: Entry) -> Iterator[Offence]:
        edge, turn = world.edge_of(entry), self.turn
        if turn is not None:
            turn.takes += 1
        taken, self.taken = self.taken, None
        if edge is None or taken == (None, None):
            return
        if entry.get("node") not in world.nodes:
            return
        if turn is None or turn.node.name != edge.target or entry.get("node") != edge.target:
            yield "delivery", entry.seq
        elif taken is not None:
            if (entry.get("msg"), edge.id) != taken or entry.get("attempt") != 1:
                yield "delivery", entry.seq
        else:
            if edge.held is None or edge.held[0] != entry.get("msg"):
                yield "delivery", entry.seq
            elif edge.held[1] + 1 != entry.get("attempt") or (turn is not None and turn.is_cut):
                yield "error-isolated", entry.seq
            yield from self._take(world, edge, entry)

    def _put(self, world: World, entry: Entry) -> Iterator[Offence]:
        edge = world.edge_of(entry)
        if edge is not None and edge.source not in (None, self.caller):
            yield "delivery", entry.seq

    def _take(self, world: World, edge: Edge, entry: Entry) -> Iterator[Offence]:
        """A message is taken from an input, or a held one again."""
        node = world.nodes[edge.target]
        if node.is_blocked and edge.priority < 3:
            yield "blocked-yield", entry.seq
        inputs = world.may_take_from(node)
        if any(other.priority > edge.priority for other in inputs):
            yield "delivery", entry.seq
        for other in node.inputs:
            if other is edge or other not in inputs or other.priority != edge.priority:
                continue
            if edge.id in self.passed.setdefault(other.id, set()):
                yield "delivery", entry.seq
            self.passed[other.id].add(edge.id)
        self.passed[edge.id] = set()
        for other in node.inputs:
            if not other.has_input:
                self.passed[other.id] = set()

    def _mutate(self, _world: World, entry: Entry) -> Iterator[Offence]:
        if entry.get("what") == "PRIORITY":
            for others in self.passed.values():
                others.discard(entry.get("edge", ""))
            self.passed[entry.get("edge", "")] = set()
        yield from ()

    def _error(self, world: World, entry: Entry) -> Iterator[Offence]:
        is_own = self.turn is not None and world.node_of(entry) in (None, self.turn.node)
        if self.turn is not None and is_own and self.turn.node.on_error in ("retry", "stop"):
            self.turn.is_cut = True
        yield from ()
