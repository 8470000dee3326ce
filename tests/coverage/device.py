"""Small NAND traces with states: two dies of two planes. A read senses 1 000 ns, an erase works 10 000 ns.

Commands are issued in 100 ns on the bus.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nandtrace import Recorder, Topology

STATES: dict[str, list[list[Any]]] = {
    "Read": [["ISSUE", 100, True], ["CORE_BUSY", 1_000, False]],
    "Dout": [["ISSUE", 100, True], ["DATA_OUT", 500, True]],
    "Erase": [["ISSUE", 100, True], ["CORE_BUSY", 10_000, False]],
    "Erase_Suspend": [["ISSUE", 100, True], ["CORE_BUSY", 400, False]],
    "Erase_Resume": [["ISSUE", 100, True], ["CORE_BUSY", 400, False]],
    "Status": [["ISSUE", 100, True]],
    "Reset": [["ISSUE", 100, True], ["CORE_BUSY", 400, False]],
}
BASES: dict[str, dict[str, Any]] = {
    "READ": {"scope": "PLANE_SET", "role": "READ", "fills": "LATCH_ON_READ"},
    "DOUT": {"scope": "NONE", "role": "DATA_OUT", "frees": ["LATCH_ON_READ"]},
    "ERASE": {"scope": "DIE_WIDE", "role": "ERASE"},
    "ERASE_SUSPEND": {
        "scope": "DIE_WIDE",
        "role": "ERASE_SUSPEND",
        "instant": True,
        "addressed": False,
    },
    "ERASE_RESUME": {"scope": "DIE_WIDE", "role": "ERASE_RESUME", "addressed": False},
    "STATUS": {"scope": "NONE", "instant": True, "addressed": False},
    "RESET": {"scope": "NONE", "role": "RESET", "instant": True, "addressed": False},
}
RULES: dict[str, Any] = {
    "bases": BASES,
    "op_states": STATES,
    "interleaving_bases": ["READ"],
    "exclusion_groups": {"all": ["READ", "DOUT", "ERASE", "ERASE_RESUME"], "reads": ["READ"]},
    "exclusions_by_op_state": {
        "ERASE.CORE_BUSY": ["all"],
        "READ.CORE_BUSY": ["all"],
        "READ.END": ["reads"],
    },
    "exclusions_by_suspend_state": {
        "ERASE_SUSPENDED": ["reads"],
        "NOT_ERASE_SUSPENDED": ["resumes"],
    },
    "sequences": {"READ": [[{"base": "DOUT", "rules": ["same_page", "multi"]}]], "STATUS": [[]]},
}
RULES["exclusion_groups"]["resumes"] = ["ERASE_RESUME"]
IDENTITY = {
    "profile": {"op_names": [{"name": name, "base": name.upper()} for name in STATES]},
}


class StateLog:
    """Calls of a recorder, played in the order of their times."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, str, dict[str, Any]]] = []
        self.seg = 0
        self._snapshot: dict[str, Any] = {
            "suspended_erase": [[], []],
            "suspended_program": [[], []],
        }

    def call(self, name: str, at: int, **arguments: Any) -> None:
        self.calls.append((at, name, arguments))

    def begin(self, at: int = 0, **state: Any) -> None:
        self.call("begin_run", at, run_until_ns=1_000_000, snapshot=self._snapshot | state)

    def end(self, at: int, end: str = "DRAINED", **state: Any) -> None:
        self.call("end_run", at, end=end, stop="run_until", snapshot=self._snapshot | state)

    def op(self, name: str, at: int, *targets: tuple[int, int], **more: Any) -> int:
        """Commit an op and run it; `cut` is when it is suspended, and what its commit says beside."""
        cut, source = more.get("cut"), more.get("source", "PROPOSAL")
        seg, self.seg = self.seg, self.seg + 1
        ends = [
            at + sum(item[1] for item in STATES[name][: n + 1]) for n in range(len(STATES[name]))
        ]
        self.call(
            "commit",
            more.get("committed", at),
            seg=seg,
            op=seg,
            op_name=name,
            base=name.upper(),
            source=source,
            start_ns=at,
            end_ns=ends[-1],
            targets=[(die, plane, plane, 0) for die, plane in targets],
        )
        self.call("op_start", at, seg=seg)
        for (state, _, bus), until in zip(STATES[name], ends, strict=True):
            self.call("state", at, seg=seg, state=state, until_ns=until, bus=bus)
        outcome = "COMPLETED" if cut is None else "SUSPENDED"
        self.call("op_end", ends[-1] if cut is None else cut, seg=seg, outcome=outcome)
        return seg

    def record(self, path: Path, **options: Any) -> Path:
        settings: dict[str, Any] = {
            "topology": Topology(dies=2, planes=2, blocks_per_die=4, pages_per_block=8),
            "program_bases": (),
            "rules": RULES,
            "identity": IDENTITY,
        }
        with Recorder(path, **(settings | options)) as recorder:
            for at, name, arguments in sorted(self.calls, key=lambda call: call[0]):
                getattr(recorder, name)(time_ns=at, **arguments)
        return path
