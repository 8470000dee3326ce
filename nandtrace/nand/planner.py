"""The planner: finds addresses and times for an op and what follows it, or says why there are none."""

from __future__ import annotations

from nandtrace.nand.addresses import Address, AddressSlot, Use
from nandtrace.nand.choices import Room
from nandtrace.nand.decisions import (
    Decision,
    Refusal,
    Reservation,
    die_target,
    remaining_pattern,
    targets_on,
)
from nandtrace.nand.draws import pick
from nandtrace.nand.model import Model
from nandtrace.nand.ops import Op
from nandtrace.nand.plans import NO_SLOT, SUSPENDED_SLOT, Plan, PlannedStep
from nandtrace.nand.profile import ANY_CELLTYPE, ScriptStep
from nandtrace.nand.state import Die, Segment
from nandtrace.trace.recorder import Target


class Planner:
    """Decides where and when ops go. Changes nothing but the random streams."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def decide(
        self, die: Die, plane: int, op: Op, room: Room, step: ScriptStep | None = None
    ) -> Decision | Refusal:
        """Place an op whose base no state keeps out, with all that its sequence wants."""
        if op.bit & die.waits_for_resume:
            return Refusal.WAITS
        if op.resumes is not None:
            return self._resume(die, plane, op, room)
        if op.suspends is not None:
            return self._suspend(die, plane, op, step)
        if op.instant and not op.addressed:
            return self._instant(die, plane, op)
        return self._batch(die, plane, op, room, step)

    # ---- ops that need no plane

    def _start(self, die: Die, op: Op, touched: int) -> int | Refusal:
        """When an op can start: as soon as the bus is free, unless something changes before."""
        model = self._model
        now = model.clock_ns
        if die.switching is not None:
            return Refusal.UNSTEADY
        start = model.bus.earliest(op.pattern, now, now + model.policies.admission_window_ns)
        if start is None:
            return Refusal.NO_BUS
        if start > now and not model.is_steady(die, touched, now, start):
            return Refusal.UNSTEADY
        return start

    def _instant(self, die: Die, plane: int, op: Op) -> Decision | Refusal:
        start = self._start(die, op, self._model.all_planes)
        if isinstance(start, Refusal):
            return start
        if op.has_windows and not op.cuts and any(not each.started for each in die.open):
            return Refusal.NO_ROOM
        held = self._model.all_planes if op.cuts or op.has_windows else 0
        return Decision([Reservation(op, die_target(die.number, plane), start)], held)

    def _suspend(self, die: Die, plane: int, op: Op, step: ScriptStep | None) -> Decision | Refusal:
        """A suspend, with what its sequence reads of the program that it cuts."""
        assert op.suspends is not None
        start = self._start(die, op, self._model.all_planes)
        if isinstance(start, Refusal):
            return start
        target = self._model.suspendable(die, op.suspends, start)
        assert target is not None, "whoever asks has seen a target, and it is steady"
        items = [Reservation(op, die_target(die.number, plane), start)]
        plan = self._choose_plan(op, step)
        if plan is not None and not self._follow_suspend(die, plan, target, items):
            return Refusal.EXCLUDED
        return Decision(items, self._model.all_planes)

    def _resume(self, die: Die, plane: int, op: Op, room: Room) -> Decision | Refusal:
        """A resume, if the bus is free for what it resumes too."""
        assert op.resumes is not None
        if room is not Room.ALL:
            return Refusal.NO_ROOM
        start = self._start(die, op, self._model.all_planes)
        if isinstance(start, Refusal):
            return start
        suspended = die.suspended[op.resumes][-1]
        pattern = remaining_pattern(suspended.remaining)
        at_ns = start + op.total_ns
        if self._model.bus.earliest(pattern, at_ns, at_ns) is None:
            return Refusal.NO_CHAIN
        items = [Reservation(op, die_target(die.number, plane), start)]
        return Decision(items, self._model.all_planes, resumed=suspended)

    # ---- ops that hold planes

    def _batch(
        self, die: Die, plane: int, op: Op, room: Room, step: ScriptStep | None
    ) -> Decision | Refusal:
        plan = self._choose_plan(op, step)
        if plan is None:
            return Refusal.NO_CANDIDATE
        if room is Room.INSTANT or (
            room is not Room.ALL and (plan.die_wide or not plan.interleaves)
        ):
            return Refusal.NO_ROOM
        found = self._addresses(die, plane, plan, step)
        if found is None:
            return Refusal.NO_ADDRESS
        planes, places = found
        touched = sum(1 << number for number in planes) if op.addressed else self._model.all_planes
        if self._is_excluded(die, plan, touched):
            return Refusal.EXCLUDED
        start = self._start(die, op, touched)
        if isinstance(start, Refusal):
            return start
        if op.addressed:
            targets = targets_on(die.number, planes, *places[plan.slot])
        else:
            targets = die_target(die.number, plane)
        items = [Reservation(op, targets, start)]
        self._follow(die, plan, planes, places, items)
        held = self._model.all_planes if plan.die_wide else touched
        return Decision(items, held, plan.interleaves and len(planes) == 1)

    def _is_excluded(self, die: Die, plan: Plan, touched: int) -> bool:
        """Whether what is now keeps out the op on one of its planes, or a later one of its sequence."""
        later = plan.later_bits
        if later & die.excludes:
            return True
        for number, plane in enumerate(die.planes):
            if touched >> number & 1:
                left = 0 if plan.first.holds_planes else plane.left
                if plane.excludes & plan.first.bit or (plane.marked | left) & later:
                    return True
        return False

    def _choose_plan(self, op: Op, step: ScriptStep | None) -> Plan | None:
        """What follows an op; a script may also leave a latch filled, or rely on one."""
        plans = self._model.choices.plans[op.index]
        if step is not None:
            return self._choose(plans.plans, plans.cumulated)
        return self._choose(plans.closed, plans.closed_cumulated)

    def _choose(self, plans: tuple[Plan, ...], cumulated: tuple[float, ...]) -> Plan | None:
        if len(plans) <= 1:
            return plans[0] if plans else None
        return pick(plans, cumulated, self._model.streams.sequence.uniform())

    def _addresses(
        self, die: Die, plane: int, plan: Plan, step: ScriptStep | None
    ) -> tuple[tuple[int, ...], list[Address]] | None:
        """The planes, and an address per slot of the plan; that of a slot is on the first plane."""
        if plan.slot == NO_SLOT and not plan.slots:
            return (plane,), []
        first = plan.slots[0]
        if step is not None and step.block is not None:
            chosen = self._scripted(die, first, step)
        elif plan.first.multi:
            wanted = self._wanted(plane, step)
            chosen = self._model.addresses.sample_row(first, die.number, plane, wanted)
        else:
            address = self._model.addresses.sample(first, die.number, plane)
            chosen = None if address is None else ((plane,), address)
        if chosen is None:
            return None
        planes, address = chosen
        places = [address]
        for slot in plan.slots[1:]:
            other = self._model.addresses.sample_on(slot, die.number, planes)
            if other is None or _is_taken(slot, other, plan, places):
                return None
            places.append(other)
        return planes, places

    def _wanted(self, plane: int, step: ScriptStep | None) -> tuple[int, ...]:
        """The planes that a multi-plane op would take: as many as may be, this one among them."""
        if step is not None and step.planes:
            return step.planes
        most = self._model.policies.max_planes
        first = plane // most * most
        return tuple(range(first, min(first + most, self._model.profile.topology.planes)))

    def _scripted(
        self, die: Die, slot: AddressSlot, step: ScriptStep
    ) -> tuple[tuple[int, ...], Address] | None:
        """The address of a script, if it is legal on all its planes."""
        assert step.block is not None
        planes = step.planes or (step.plane,)
        page = step.page
        if page is None:
            page = self._model.addresses.next_page(slot.use, die.number, step.block)
        first = step.block - planes[0]
        legal = all(
            self._model.addresses.is_legal(slot, die.number, first + plane, page)
            for plane in planes
        )
        return (planes, (step.block, page)) if legal else None

    # ---- what follows

    def _follow(
        self,
        die: Die,
        plan: Plan,
        planes: tuple[int, ...],
        places: list[Address],
        items: list[Reservation],
    ) -> None:
        """Add the steps of a plan, each as soon as the bus is free after the one before it."""
        for step in plan.steps:
            op = self._choose_op(step)
            if step.slot == NO_SLOT:
                self._add(items, op, die_target(die.number, planes[0]))
                continue
            block, page = places[step.slot]
            page += step.delta
            if not step.per_plane:
                self._add(items, op, targets_on(die.number, planes, block, page))
                continue
            for plane in planes:
                self._add(items, op, ((die.number, plane, block - planes[0] + plane, page),))

    def _follow_suspend(
        self, die: Die, plan: Plan, target: Segment, items: list[Reservation]
    ) -> bool:
        """Add what is read of the op about to be suspended; False where no op may follow on its plane."""
        _, plane, block, page = target.targets[0]
        assert page is not None
        assert target.op.axis is not None
        excluded = die.planes[plane].marked
        excluded |= self._model.excluded_after_suspend(die, target.op.axis)
        for step in plan.steps:
            ops = [
                op
                for op in step.ops
                if op.celltype in (ANY_CELLTYPE, target.op.celltype) and not op.bit & excluded
            ]
            if not ops:
                return False
            if step.slot == NO_SLOT:
                self._add(items, ops[0], die_target(die.number, plane))
            elif step.slot == SUSPENDED_SLOT:
                self._add(items, ops[0], ((die.number, plane, block, page + step.delta),))
            else:
                return False
        return True

    def _choose_op(self, step: PlannedStep) -> Op:
        if len(step.ops) == 1:
            return step.ops[0]
        return pick(step.ops, step.cumulated, self._model.streams.sequence.uniform())

    def _add(self, items: list[Reservation], op: Op, targets: tuple[Target, ...]) -> None:
        before = items[-1]
        at_ns = before.start_ns + before.op.total_ns + self._model.policies.sequence_gap_ns
        start = self._model.bus.earliest(op.pattern, at_ns)
        assert start is not None, "without a limit the bus is free at some time"
        items.append(Reservation(op, targets, start))


def _is_taken(slot: AddressSlot, place: Address, plan: Plan, places: list[Address]) -> bool:
    """Whether a block to program is one that an earlier slot of the plan programs."""
    return slot.use is Use.PROGRAM and any(
        earlier.use is Use.PROGRAM and block == place[0]
        for earlier, (block, _) in zip(plan.slots, places, strict=False)
    )
