"""Small native traces of ops and what follows them, for tests of sequences, reads and boundaries.

One die of two planes, four blocks of eight pages. An op takes 100 ns, the next of its batch starts 10 ns
later.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nandtrace import Recorder, Topology
from nandtrace.check import Options, verify_trace

Target = tuple[int, int, int, int | None]
Op = tuple[str, list[Target]]

DIE: list[Target] = [(0, 0, 0, None)]
STATES = [3, 3, -1, -2]
"""Pages 0 to 3 of blocks 0 and 1 are programmed, block 2 is erased, block 3 never was."""

RULES: dict[str, Any] = {
    "read_offset_guard": 1,
    "queue_refill_period_ns": 1_000,
    "bases": {
        "READ": {"scope": "PLANE_SET", "role": "READ", "fills": "LATCH_ON_READ"},
        "RECOVERY_RD": {"scope": "PLANE_SET", "role": "READ", "fills": "LATCH_ON_READ"},
        "CACHE_READ": {"scope": "PLANE_SET", "role": "CACHE_READ", "fills": "LATCH_ON_READ"},
        "CACHE_READ_END": {"scope": "PLANE_SET", "role": "CACHE_READ_END"},
        "DOUT": {"scope": "NONE", "role": "DATA_OUT", "frees": ["LATCH_ON_READ"]},
        "COPYBACK_PROGRAM": {"scope": "PLANE_SET", "role": "PROGRAM", "frees": ["LATCH_ON_READ"]},
        "PROGRAM": {"scope": "PLANE_SET", "role": "PROGRAM"},
        "LSB": {"scope": "PLANE_SET", "role": "LOAD"},
        "MSB": {"scope": "PLANE_SET", "role": "PROGRAM"},
        "ERASE": {"scope": "PLANE_SET", "role": "ERASE"},
        "PROGRAM_SUSPEND": {"scope": "DIE_WIDE", "role": "PROGRAM_SUSPEND", "addressed": False},
        "PROGRAM_RESUME": {"scope": "DIE_WIDE", "role": "PROGRAM_RESUME", "addressed": False},
        "SETPARA": {"scope": "DIE_WIDE", "addressed": False},
        "GETPARA": {"scope": "DIE_WIDE", "addressed": False},
        "RESET": {"scope": "DIE_WIDE", "role": "RESET", "addressed": False},
        "RESET_LUN": {"scope": "DIE_WIDE", "role": "RESET_LUN", "addressed": False},
    },
    "sequences": {
        "READ": [
            [{"base": "DOUT", "rules": ["same_page", "multi"]}],
            [
                {"base": "CACHE_READ", "rules": ["inc_page", "multi"]},
                {"base": "DOUT", "rules": ["prev_page", "multi"]},
                {"base": "CACHE_READ_END", "rules": ["same_page", "multi"]},
                {"base": "DOUT", "rules": ["prev_page", "multi"]},
            ],
            [{"base": "COPYBACK_PROGRAM", "rules": ["none", "multi"]}],
        ],
        "LSB": [
            [
                {"base": "READ", "rules": ["none", "multi"]},
                {"base": "MSB", "rules": ["pgm_same_page", "multi"]},
            ]
        ],
        "PROGRAM_SUSPEND": [
            [],
            [
                {"base": "RECOVERY_RD", "rules": ["same_page_from_program_suspend"]},
                {"base": "DOUT", "rules": ["same_page"]},
            ],
        ],
        "SETPARA": [[], [{"base": "GETPARA", "rules": ["same_reg"]}]],
    },
}


def on(plane: int, page: int | None, block: int | None = None) -> list[Target]:
    """One page of a plane; of its first block unless another is named."""
    return [(0, plane, plane if block is None else block, page)]


def both(page: int) -> list[Target]:
    """A page of the first block of both planes."""
    return [*on(0, page), *on(1, page)]


class DeviceLog:
    """Builds the calls of a recorder; the snapshots are `state`, which a test may change."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.now = 0
        self.seg = 0
        self.state: dict[str, Any] = {"addr_state": list(STATES)}

    def call(self, name: str, **arguments: Any) -> None:
        self.calls.append((name, {"time_ns": self.now, **arguments}))

    def begin(self, **changed: Any) -> None:
        self.state |= changed
        self.call("begin_run", run_until_ns=1_000_000, snapshot=dict(self.state))

    def end(self, end: str = "DRAINED", **changed: Any) -> None:
        self.state |= changed
        self.call("end_run", end=end, snapshot=dict(self.state))

    def commit(self, *ops: Op, source: str = "PROPOSAL") -> list[tuple[int, int]]:
        """Commit a batch; its segments with their starts."""
        made, start = [], self.now
        for base, targets in ops:
            self.call(
                "commit",
                seg=self.seg,
                op=self.seg,
                op_name=base.title(),
                base=base,
                source=source,
                start_ns=start,
                end_ns=start + 100,
                targets=targets,
            )
            made.append((self.seg, start))
            self.seg, start, source = self.seg + 1, start + 110, "SEQUENCE"
        return made

    def play(self, segments: list[tuple[int, int]]) -> None:
        """Run segments that do not overlap from start to end."""
        for seg, start in segments:
            self.now = start
            self.call("op_start", seg=seg)
            self.now = start + 100
            self.call("op_end", seg=seg)

    def run(self, *ops: Op, source: str = "PROPOSAL") -> None:
        """Commit a batch and run it."""
        self.play(self.commit(*ops, source=source))

    def record(self, path: Path, **options: Any) -> Path:
        device: dict[str, Any] = {
            "topology": Topology(dies=1, planes=2, blocks_per_die=4, pages_per_block=8),
            "program_bases": ("PROGRAM", "MSB", "COPYBACK_PROGRAM"),
            "may_change_between_runs": (),
            "rules": RULES,
        }
        with Recorder(path, **(device | options)) as recorder:
            for name, arguments in self.calls:
                getattr(recorder, name)(**arguments)
        return path


def found(trace: Path, invariant: str, **options: Any) -> list[tuple[int, str, str]]:
    """The violations of an invariant: event, expected, actual."""
    (result,) = verify_trace(trace, Options(only=(invariant,), **options)).invariants
    assert result.violated == len(result.violations)
    return [(item.seq, item.expected, item.actual) for item in result.violations]


def counted(trace: Path, invariant: str) -> tuple[int, int, int]:
    """How often an invariant was evaluated, exercised and violated."""
    (result,) = verify_trace(trace, Options(only=(invariant,))).invariants
    return result.evaluated, result.exercised, result.violated
