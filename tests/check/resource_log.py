"""Small native traces for the resource invariants: ops given by base, time and states, in any order.

Two dies of four planes. Events are put into the order of dispatch when the trace is recorded.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nandtrace import Recorder, Topology

READ_STATES = (("ISSUE", 100, True), ("CORE_BUSY", 500, False))

RULES: dict[str, Any] = {
    "bases": {
        "READ": {"scope": "PLANE_SET", "role": "READ", "fills": "LATCH_ON_READ"},
        "DOUT": {"scope": "PLANE_SET", "role": "DATA_OUT", "frees": ["LATCH_ON_READ"]},
        "PROGRAM": {"scope": "PLANE_SET", "role": "PROGRAM"},
        "ERASE": {"scope": "PLANE_SET", "role": "ERASE"},
        "DIE_WIDE_READ": {"scope": "DIE_WIDE"},
        "ZQ": {"scope": "DIE_WIDE", "addressed": False},
        "STATUS": {"scope": "NONE", "instant": True, "addressed": False},
        "PLANE_STATUS": {"scope": "PLANE_SET", "instant": True},
        "ERASE_SUSPEND": {
            "scope": "DIE_WIDE",
            "role": "ERASE_SUSPEND",
            "instant": True,
            "addressed": False,
        },
        "ERASE_RESUME": {
            "scope": "DIE_WIDE",
            "role": "ERASE_RESUME",
            "instant": True,
            "addressed": False,
        },
        "RESET": {"scope": "DIE_WIDE", "role": "RESET", "addressed": False},
        "RESET_LUN": {"scope": "DIE_WIDE", "role": "RESET_LUN", "addressed": False},
    },
    "interleaving_bases": ["READ"],
    "exclusion_groups": {
        "no_read": ["READ", "STATUS"],
        "no_erase": ["ERASE", "ERASE_SUSPEND"],
        "no_plane_status": ["PLANE_STATUS"],
        "no_resume": ["ERASE_RESUME"],
    },
    "exclusions_by_op_state": {
        "ERASE.CORE_BUSY": ["no_read"],
        "READ.ISSUE": ["no_read"],
        "READ.CORE_BUSY": ["no_plane_status"],
        "PROGRAM.END": ["no_read"],
        "ZQ.CORE_BUSY": ["no_plane_status"],
        "DIE_WIDE_READ.CORE_BUSY": ["no_plane_status"],
    },
    "exclusions_by_latch_state": {"LATCH_ON_READ": ["no_read"]},
    "exclusions_by_cache_state": {"ON_CACHE_READ": ["no_erase", "no_plane_status"]},
    "exclusions_by_suspend_state": {
        "ERASE_SUSPENDED": ["no_erase"],
        "NOT_ERASE_SUSPENDED": ["no_resume"],
        "PROGRAM_SUSPENDED": ["no_read"],
    },
    "exclusions_by_odt_state": {"ODT_DISABLE": ["no_read"]},
}

# Within one time: ends, what follows from them, commits, starts, what follows from those.
_END, _AFTER_END, _COMMIT, _START, _AFTER_START = range(5)


class ResourceLog:
    """Collects the ops of one run; `boundaries` cut it into more, each carried into the next."""

    def __init__(self, **begin: Any) -> None:
        """`begin` are fields of the first snapshot; one that is None is left out of it."""
        self.begin = begin
        self._events: list[tuple[int, int, str, dict[str, Any]]] = []
        self._boundaries: dict[int, dict[str, Any]] = {}
        self._segs = 0

    def add(self, time_ns: int, order: int, name: str, **arguments: Any) -> None:
        self._events.append((time_ns, order, name, {"time_ns": time_ns} | arguments))

    def op(
        self,
        base: str,
        at_ns: int,
        *,
        die: int = 0,
        planes: tuple[int, ...] = (0,),
        states: tuple[tuple[str, int, bool], ...] = READ_STATES,
        source: str = "PROPOSAL",
        cut_ns: int | None = None,
        outcome: str = "COMPLETED",
        state_at_entry: bool = False,
        commit_ns: int | None = None,
    ) -> int:
        """An op with its states (name, ns, bus), whole or cut; returns its segment."""
        seg, self._segs = self._segs, self._segs + 1
        end_ns = at_ns + sum(busy_ns for _, busy_ns, _ in states)
        targets = [(die, plane, plane, 0) for plane in planes]
        self.add(
            at_ns if commit_ns is None else commit_ns, _COMMIT, "commit",
            seg=seg, op=seg, op_name=base.title(), base=base,
            source=source, start_ns=at_ns, end_ns=end_ns, targets=targets,
        )  # fmt: skip
        self.add(at_ns, _START, "op_start", seg=seg)
        entry_ns = at_ns
        for state, busy_ns, bus in states:
            until_ns = entry_ns + busy_ns
            if not state_at_entry:
                self.add(at_ns, _START, "state", seg=seg, state=state, until_ns=until_ns, bus=bus)
            elif cut_ns is None or entry_ns < cut_ns:
                self.add(
                    entry_ns, _START, "state", seg=seg, state=state, until_ns=until_ns, bus=bus
                )
            entry_ns = until_ns
        if cut_ns is None:
            self.add(end_ns, _END, "op_end", seg=seg)
        else:
            self.add(cut_ns, _AFTER_START, "op_end", seg=seg, outcome=outcome)
        return seg

    def latch(self, time_ns: int, on: bool, *, die: int = 0, plane: int = 0) -> None:
        self.add(time_ns, _AFTER_END, "latch", on=on, die=die, plane=plane, latch="LATCH_ON_READ")

    def cache(self, time_ns: int, on: bool, *, die: int = 0, plane: int = 0) -> None:
        self.add(time_ns, _AFTER_END, "cache", on=on, die=die, plane=plane, cache="ON_CACHE_READ")

    def odt(self, time_ns: int, on: bool, *, die: int = 0) -> None:
        self.add(time_ns, _AFTER_END, "odt", on=on, die=die)

    def suspend(self, time_ns: int, op: int, *, die: int = 0, axis: str = "ERASE") -> int:
        """A suspend op at its start; the op that it cuts has `cut_ns` there."""
        by = self.op(f"{axis}_SUSPEND", time_ns, die=die, states=(("ISSUE", 10, True),))
        self.add(
            time_ns, _AFTER_START, "suspend", die=die, axis=axis, op=op, remaining_ns=1, by_seg=by
        )
        return by

    def resume(self, time_ns: int, op: int, *, die: int = 0, axis: str = "ERASE") -> int:
        """A resume op at its start, without the chain segment that it begins."""
        by = self.op(f"{axis}_RESUME", time_ns, die=die, states=(("ISSUE", 10, True),))
        self.add(
            time_ns, _AFTER_START, "resume", die=die, axis=axis, op=op, remaining_ns=1, by_seg=by
        )
        return by

    def boundary(self, time_ns: int, **state: Any) -> None:
        """A run ends, carried, and the next begins, after all ends and before all starts of the time."""
        self._boundaries[time_ns] = state

    def record(self, path: Path, **rules: Any) -> Path:
        """Record the trace; `rules` go before those of this page."""
        device = RULES | rules
        with Recorder(
            path,
            topology=Topology(dies=2, planes=4, blocks_per_die=8, pages_per_block=4),
            program_bases=(),
            erase_bases=(),
            rules={name: value for name, value in device.items() if value is not None},
        ) as recorder:
            events = sorted(self._events, key=lambda event: event[:2])
            begin = {k: v for k, v in (_EMPTY | self.begin).items() if v is not None}
            recorder.begin_run(0, snapshot=begin)
            waiting = sorted(self._boundaries)
            for time_ns, order, name, arguments in events:
                while waiting and (time_ns, order) >= (waiting[0], _COMMIT):
                    self._cut(recorder, waiting.pop(0))
                getattr(recorder, name)(**arguments)
            recorder.end_run(events[-1][0], snapshot=_EMPTY, end="DRAINED")
        return path

    def _cut(self, recorder: Recorder, time_ns: int) -> None:
        state = _EMPTY | self._boundaries[time_ns]
        recorder.end_run(time_ns, snapshot=state, end="CARRIED")
        recorder.begin_run(time_ns, snapshot=state)


_EMPTY: dict[str, Any] = {
    "ongoing": [[], []],
    "suspended_erase": [[], []],
    "suspended_program": [[], []],
    "pending": [],
    "latches": [],
    "caches": [],
    "odt_disabled": [],
}
