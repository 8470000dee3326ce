"""The model of the device and its queue: all state of a scheduler, and questions about it."""

from __future__ import annotations

from nandtrace.nand.addresses import AddressManager
from nandtrace.nand.bus import Bus
from nandtrace.nand.choices import Choices, Room
from nandtrace.nand.log import EventLog
from nandtrace.nand.ops import Catalogue, Op, compile_ops
from nandtrace.nand.profile import Profile
from nandtrace.nand.queue import Due, EventQueue
from nandtrace.nand.state import Die, Plane, Segment
from nandtrace.nand.streams import Streams
from nandtrace.trace.recorder import Target
from nandtrace.vocab.nand import Axis, BootstrapStage, Role, State


class Model:
    """A device with nothing on it, at time 0, and the tables of its profile."""

    streams_class: type[Streams] = Streams
    queue_class: type[EventQueue] = EventQueue
    bus_class: type[Bus] = Bus
    addresses_class: type[AddressManager] = AddressManager

    def __init__(self, profile: Profile, seed: int, log: EventLog) -> None:
        self.profile = profile
        self.policies = profile.policies
        self.log = log
        self.catalogue: Catalogue = compile_ops(profile)
        self.choices = Choices(profile, self.catalogue)
        self.streams = self.streams_class(seed)
        self.queue = self.queue_class()
        self.bus = self.bus_class()
        topology = profile.topology
        self.dies = [
            Die(number, [Plane() for _ in range(topology.planes)])
            for number in range(topology.dies)
        ]
        self.all_planes = (1 << topology.planes) - 1
        self.addresses = self.addresses_class(profile, self.streams.address)
        self.clock_ns = 0
        self.next_op = 0
        self.next_seg = 0
        self.next_step = 0
        self.next_refill = 0
        self.draining = False
        self.stage: BootstrapStage | None = None
        self.read_blocks: set[tuple[int, int]] = set()
        self.ops_by_base: dict[str, int] = dict.fromkeys(profile.op_bases, 0)
        self._name_ops()
        for die in self.dies:
            self.refresh_die(die)

    def _name_ops(self) -> None:
        for op in self.catalogue.ops:
            op.name_code, op.base_code = self.log.code(op.name), self.log.code(op.base)

    @property
    def is_bootstrapping(self) -> bool:
        """Whether a stage of the bootstrap is still to be completed."""
        return self.stage is not None and self.stage is not BootstrapStage.DONE

    def new_op_id(self) -> int:
        """The next op id; unique in the trace."""
        op_id = self.next_op
        self.next_op = op_id + 1
        return op_id

    def forget(self, die: Die, segment: Segment) -> None:
        """The segment is over, one way or another."""
        die.open.remove(segment)
        if segment.started:
            die.ongoing.remove(segment.op_id)
        elif segment.op.instant:
            die.waiting_instants -= 1
        if die.switching is segment:
            die.switching = None
        axis = segment.op.axis
        if axis is not None and die.running[axis] is segment:
            die.running[axis] = None

    # ---- what is possible now

    def room(self, die: Die, plane: int, now_ns: int) -> Room:
        """How much of the die is free for an op on the plane."""
        if die.waiting_instants or die.planes[plane].tail_ns > now_ns:
            return Room.INSTANT
        room = Room.ALL
        for other in die.planes:
            if other.tail_ns > now_ns:
                if not other.interleaves:
                    return Room.INSTANT
                room = Room.INTERLEAVE
        return room

    def excluded(self, die: Die, plane: int, now_ns: int) -> tuple[int, int]:
        """The bases that may not start now: on the plane, and of those that concern the whole die.

        Those that only wait for a resume are not among them while the backlog has room.
        """
        on_plane, on_die = die.planes[plane].excludes, 0
        bit = 1 << plane
        for other in die.planes:
            on_die |= other.excludes
        for segment in die.open:
            if segment.op.has_windows and (state := segment.state_at(now_ns)):
                on_die |= state.excludes
                if segment.held & bit:
                    on_plane |= state.excludes
        always = die.excludes | self._unsuspendable(die, now_ns)
        if len(die.backlog) < self.policies.backlog_depth:
            always &= ~die.waits_for_resume
        return on_plane | always, on_die | always

    def _unsuspendable(self, die: Die, now_ns: int) -> int:
        bits = 0
        for axis, suspend_bits in self.catalogue.suspend_bits.items():
            if die.running[axis] is None or not self.suspendable(die, axis, now_ns):
                bits |= suspend_bits
        return bits

    def suspendable(self, die: Die, axis: Axis, at_ns: int) -> Segment | None:
        """The segment of an axis that a suspend can cut at a time: busy, with nothing reserved behind it."""
        target = die.running[axis]
        if target is None or die.waiting_instants:
            return None
        if any(other is not target and not other.op.instant for other in die.open):
            return None
        state = target.state_at(at_ns)
        return target if state is not None and state.name == State.CORE_BUSY else None

    def is_steady(self, die: Die, touched: int, now_ns: int, until_ns: int) -> bool:
        """Whether nothing reserved on these planes enters or leaves a state after now, up to a time."""
        for segment in die.open:
            if not segment.held & touched:
                continue
            at = segment.start_ns
            if now_ns < at <= until_ns:
                return False
            for state in segment.states:
                at += state.duration_ns
                if now_ns < at <= until_ns:
                    return False
        return True

    def phase_key(self, die: Die, plane: int, now_ns: int) -> str:
        """What the plane is doing: BASE.STATE, BASE.END, or DEFAULT before its first op."""
        holder = die.planes[plane].holder
        if holder is None:
            return die.planes[plane].phase_key
        state = holder.state_at(now_ns)
        return state.key if state is not None else holder.op.end_key

    # ---- what follows from a change

    def queue_backlog(self, die: Die, due: Due, time_ns: int) -> None:
        """Queue a refill or retry of the die's backlog, unless one is queued; never within a drain."""
        if die.backlog and not die.backlog_queued and not self.draining:
            die.backlog_queued = True
            self.queue.push(time_ns, due, (die.number, die.backlog[0].plane, None, None))

    def drop_reservations(self) -> None:
        """Forget all that is reserved: a run ended without its drain. Suspended ops stay suspended."""
        self.queue.keep([])
        self.bus.slots.clear()
        for die in self.dies:
            for number, plane in enumerate(die.planes):
                plane.phase_key = self.phase_key(die, number, self.clock_ns)
                plane.holder = None
            die.open.clear()
            die.running = dict.fromkeys(Axis)
            die.waiting_instants, die.switching = 0, None
        self.addresses.forget_plans()
        for die in self.dies:
            for suspended in (each for axis in Axis for each in die.suspended[axis]):
                self.plan(suspended.op, suspended.targets)

    def plan(self, op: Op, targets: tuple[Target, ...]) -> None:
        """Count what an erase or a program will do to its cells as planned."""
        for die, _, block, page in targets:
            if op.role is Role.ERASE:
                self.addresses.plan_erase(die, block)
            elif op.role is Role.PROGRAM:
                assert page is not None, "a program addresses pages"
                self.addresses.plan_program(die, block, page)

    def planes_of(self, op: Op, targets: tuple[Target, ...]) -> tuple[int, int]:
        """The planes that an op addresses, and those that it concerns, as bits."""
        touched = self.all_planes
        if op.addressed:
            touched = 0
            for target in targets:
                touched |= 1 << target[1]
        return touched, self.all_planes if op.die_wide else touched

    def refresh_plane(self, plane: Plane) -> None:
        """Derive what a plane keeps out from its latches, caches and last op."""
        masks = self.catalogue.masks
        marked = 0
        for latch in plane.latches:
            marked |= masks.latch.get(latch, 0)
        for cache in plane.caches:
            marked |= masks.cache.get(cache, 0)
        plane.marked = marked
        plane.excludes = marked | plane.left

    def excluded_after_suspend(self, die: Die, suspending: Axis) -> int:
        """What the die will keep out once something more is suspended."""
        masks = self.catalogue.masks
        mask = masks.odt_disabled if die.odt_disabled else 0
        for axis in Axis:
            is_suspended = axis is suspending or die.suspended[axis]
            mask |= (masks.suspended if is_suspended else masks.not_suspended)[axis]
        return mask

    def refresh_die(self, die: Die) -> None:
        """Derive what a die keeps out from its suspends and its termination."""
        masks = self.catalogue.masks
        mask = masks.odt_disabled if die.odt_disabled else 0
        waits = 0
        for axis in Axis:
            if die.suspended[axis]:
                waits |= masks.suspended[axis]
            else:
                mask |= masks.not_suspended[axis] | self.catalogue.resume_bits[axis]
        if die.suspended[Axis.PROGRAM]:
            # The program is resumed first.
            mask |= self.catalogue.resume_bits[Axis.ERASE]
        die.waits_for_resume = waits & ~mask & self.catalogue.backlog_bits
        die.excludes = mask | waits
