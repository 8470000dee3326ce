"""The recorder: the calls with which a scheduler writes a NAND trace.

    with Recorder("trace.mpk", topology=Topology(dies=1, planes=4, blocks_per_die=64,
                  pages_per_block=128), program_bases=("PROGRAM_SLC",)) as recorder:
        recorder.begin_run(0, run_until_ns=1_000_000, snapshot=state())
        recorder.commit(0, seg=0, op=0, op_name="Erase", base="ERASE",
                        start_ns=0, end_ns=3_000_000, targets=[(0, 0, 0, None)])
        ...
        recorder.end_run(3_000_000, snapshot=state())

Times are integer nanoseconds. Leaving the block by an exception keeps every event recorded so far, in
`trace.mpk.partial`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from nandtrace.errors import RecordError
from nandtrace.trace.buffer import Item
from nandtrace.trace.chunk import CHUNK_EVENTS
from nandtrace.trace.chunk_file import ChunkSink
from nandtrace.trace.header import Header
from nandtrace.trace.run_recorder import RunRecorder, or_null
from nandtrace.trace.snapshot_schema import check_device, check_snapshot
from nandtrace.vocab import NAND, NULL
from nandtrace.vocab.nand import DEFAULT_ERASE_BASES, ApplyPolicy, SuspendCloses

Target = tuple[int, int, int, int | None]
"""die, plane, block, page; page None where the op addresses no page (block may be a filler then)."""

Cell = tuple[int, int] | tuple[int, int, int]
"""die, block, and page for APPLY_PGM."""

_HOOK = NAND.by_name["HOOK"].code
_PROPOSE = NAND.by_name["PROPOSE"].code
_COMMIT = NAND.by_name["COMMIT"].code
_OP_START = NAND.by_name["OP_START"].code
_OP_END = NAND.by_name["OP_END"].code
_STATE = NAND.by_name["STATE"].code
_SUSPEND = NAND.by_name["SUSPEND"].code
_RESUME = NAND.by_name["RESUME"].code
_CANCEL = NAND.by_name["CANCEL"].code
_APPLY_ERASE = NAND.by_name["APPLY_ERASE"].code
_APPLY_PGM = NAND.by_name["APPLY_PGM"].code
_LATCH = NAND.by_name["LATCH"].code
_CACHE = NAND.by_name["CACHE"].code
_ODT = NAND.by_name["ODT"].code
_BACKLOG = NAND.by_name["BACKLOG"].code
_BOOTSTRAP = NAND.by_name["BOOTSTRAP"].code
_DRAIN_BEGIN = NAND.by_name["DRAIN_BEGIN"].code
_DRAIN_END = NAND.by_name["DRAIN_END"].code


@dataclass(frozen=True, slots=True)
class Topology:
    """The device's shape. A block lies in plane `block % planes`."""

    dies: int
    planes: int
    blocks_per_die: int
    pages_per_block: int


class Recorder(RunRecorder):
    """Writes a NAND trace event by event, or in bulk as columns.

    `program_bases` and `erase_bases` are the op bases whose completion programs a page or erases a
    block; `celltype_compatible` maps an erase mode to the program modes it takes beside itself.
    `may_change_between_runs` names the fields of a snapshot that need not be the same at a run's end and
    at the next one's beginning, as a clock.
    `rules` are further entries of the header's `device` map, for a checker: what ops of each base hold and
    do, exclusions, sequences, times (schemas/header.schema.json has them all).
    Runs are numbered from `first_run`, for a recording that goes on where another one ended.
    `identity` (profile, seed, options) and `provenance` are kept as given; only the first is digested.
    A `sink` takes the chunks in place of the file (nandtrace.trace.chunk_file).

    Raises RecordError for a value that is not of its column or a call out of order, StorageError when
    the file can't be written.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        topology: Topology,
        program_bases: Iterable[str],
        erase_bases: Iterable[str] = DEFAULT_ERASE_BASES,
        celltype_compatible: Mapping[str, Sequence[str]] | None = None,
        apply_policy: ApplyPolicy = ApplyPolicy.PER_OP,
        suspend_closes: SuspendCloses = SuspendCloses.OP_END,
        bad_blocks: Iterable[tuple[int, int]] = (),
        may_change_between_runs: Iterable[str] = ("pending",),
        rules: Mapping[str, Any] | None = None,
        identity: Mapping[str, Any] | None = None,
        provenance: Mapping[str, Any] | None = None,
        compress: bool = False,
        chunk_events: int = CHUNK_EVENTS,
        first_run: int = 0,
        sink: ChunkSink | None = None,
    ) -> None:
        device = {
            "topology": asdict(topology),
            "program_bases": _ordered(program_bases),
            "erase_bases": _ordered(erase_bases),
            "celltype_compatible": {
                mode: _ordered(modes) for mode, modes in (celltype_compatible or {}).items()
            },
            "apply_policy": apply_policy.value,
            "suspend_closes": suspend_closes.value,
            "chain_op_start": True,
            "bad_blocks": [list(block) for block in _ordered(bad_blocks)],
            "may_change_between_runs": _ordered(may_change_between_runs),
        }
        header = Header(NAND, dict(identity or {}), _with_rules(device, rules))
        super().__init__(
            path,
            header,
            partial(check_snapshot, NAND.domain),
            provenance=provenance,
            compress=compress,
            chunk_events=chunk_events,
            first_run=first_run,
            sink=sink,
        )

    # ---- run boundaries

    def begin_run(
        self, time_ns: int, *, run_until_ns: int | None = None, snapshot: Mapping[str, Any]
    ) -> int:
        """Begin a run with the scheduler's complete state; returns the run's index."""
        return self._begin_run(time_ns, (or_null(run_until_ns),), snapshot)

    def end_run(
        self,
        time_ns: int,
        *,
        snapshot: Mapping[str, Any],
        end: str | None = None,
        stop: str | None = None,
        hooks: int | None = None,
        ops: int | None = None,
    ) -> None:
        """End the run. `end` says what became of queued events (vocab.nand.RunEnd), `stop` why it ended."""
        values = (self._name(end), self._name(stop), or_null(hooks), or_null(ops))
        self._end_run(time_ns, values, snapshot)

    # ---- what the scheduler decides

    def hook(
        self, time_ns: int, hook: str, die: int | None = None, plane: int | None = None
    ) -> None:
        """A PHASE_HOOK, QUEUE_REFILL, BACKLOG_REFILL or BACKLOG_RETRY is dispatched."""
        self._append(_HOOK, time_ns, self._run, (self._name(hook), or_null(die), or_null(plane)))

    def propose(
        self,
        time_ns: int,
        *,
        phase_key: str | None = None,
        die: int | None = None,
        plane: int | None = None,
        op_name: str | None = None,
        reason: str | None = None,
    ) -> None:
        """What was proposed at a hook; `reason` says why nothing came of it."""
        names = self._name
        values = (names(phase_key), or_null(die), or_null(plane), names(op_name), names(reason))
        self._append(_PROPOSE, time_ns, self._run, values)

    def commit(
        self,
        time_ns: int,
        *,
        seg: int,
        op_name: str,
        base: str,
        start_ns: int,
        end_ns: int,
        targets: Sequence[Target],
        op: int | None = None,
        source: str | None = None,
    ) -> None:
        """A segment is reserved from `start_ns` to `end_ns`; ids are unique in the trace."""
        name = self._name
        values = (seg, or_null(op), name(op_name), name(base), name(source), start_ns, end_ns)
        self._append(_COMMIT, time_ns, self._run, values, _nulls(targets))

    # ---- what is dispatched

    def op_start(self, time_ns: int, seg: int) -> None:
        """The segment's start is dispatched."""
        self._append(_OP_START, time_ns, self._run, (seg, NULL, NULL, NULL))

    def op_end(
        self, time_ns: int, seg: int, outcome: str = "COMPLETED", drained: bool = False
    ) -> None:
        """The segment's end is dispatched, with its outcome (vocab.nand.Outcome)."""
        self._append(
            _OP_END, time_ns, self._run, (seg, self._name(outcome), int(drained), NULL, NULL, NULL)
        )

    def cancel(
        self, time_ns: int, seg: int, event: str, due_ns: int, reason: str | None = None
    ) -> None:
        """A queued OP_START or OP_END of the segment, due at `due_ns`, is withdrawn."""
        self._append(
            _CANCEL, time_ns, self._run, (seg, self._name(event), due_ns, self._name(reason))
        )

    # ---- what the device does

    def state(self, time_ns: int, seg: int, state: str, until_ns: int, bus: bool = False) -> None:
        """The segment enters a state until `until_ns`, with or without the bus."""
        self._append(_STATE, time_ns, self._run, (seg, self._name(state), until_ns, int(bus)))

    def suspend(
        self,
        time_ns: int,
        *,
        die: int,
        axis: str,
        op: int | None,
        remaining_ns: int | None,
        by_seg: int | None = None,
    ) -> None:
        """The ongoing op of an axis is cut now; `remaining_ns` of its work is kept."""
        values = (
            die,
            self._name(axis),
            or_null(op),
            time_ns,
            or_null(remaining_ns),
            or_null(by_seg),
        )
        self._append(_SUSPEND, time_ns, self._run, values)

    def resume(
        self,
        time_ns: int,
        *,
        die: int,
        axis: str,
        op: int | None,
        ok: bool = True,
        remaining_ns: int | None = None,
        by_seg: int | None = None,
        source: str | None = None,
    ) -> None:
        """The op suspended last on an axis goes on; `ok` false when there was none."""
        values = (
            die,
            self._name(axis),
            or_null(op),
            int(ok),
            or_null(remaining_ns),
            or_null(by_seg),
            self._name(source),
        )
        self._append(_RESUME, time_ns, self._run, values)

    def apply_erase(
        self, time_ns: int, seg: int, cells: Sequence[Cell], celltype: str, aborted: bool = False
    ) -> None:
        """The blocks `(die, block)` count as erased, in a cell mode.

        `aborted` when a reset cut the op: then they count as never erased.
        """
        values = (seg, self._name(celltype), int(aborted))
        self._append(_APPLY_ERASE, time_ns, self._run, values, _blocks(cells))

    def apply_pgm(
        self, time_ns: int, seg: int, cells: Sequence[Cell], celltype: str, aborted: bool = False
    ) -> None:
        """The pages `(die, block, page)` count as programmed; `aborted` when a reset cut the op."""
        self._append(
            _APPLY_PGM, time_ns, self._run, (seg, self._name(celltype), int(aborted)), cells
        )

    def latch(
        self, time_ns: int, on: bool, die: int, plane: int, latch: str, *, seg: int | None = None
    ) -> None:
        """A page latch of a plane is filled or freed."""
        self._append(
            _LATCH, time_ns, self._run, (int(on), die, plane, self._name(latch), or_null(seg))
        )

    def cache(
        self, time_ns: int, on: bool, die: int, plane: int, cache: str, *, seg: int | None = None
    ) -> None:
        """A cache state of a plane is entered or left."""
        self._append(
            _CACHE, time_ns, self._run, (int(on), die, plane, self._name(cache), or_null(seg))
        )

    def odt(self, time_ns: int, on: bool, die: int, seg: int | None = None) -> None:
        """On-die termination is switched."""
        self._append(_ODT, time_ns, self._run, (int(on), die, or_null(seg)))

    def backlog(
        self, time_ns: int, on: bool, op: int | None, op_name: str, die: int | None = None
    ) -> None:
        """An op begins to wait for a resume, or leaves the backlog."""
        self._append(
            _BACKLOG, time_ns, self._run, (int(on), or_null(op), self._name(op_name), or_null(die))
        )

    def bootstrap(self, time_ns: int, stage: str) -> None:
        """A bootstrap stage is entered."""
        self._append(_BOOTSTRAP, time_ns, self._run, (self._name(stage),))

    def drain_begin(self, time_ns: int, pending: int) -> None:
        """The drain at a run's end begins, with so many events queued."""
        self._append(_DRAIN_BEGIN, time_ns, self._run, (pending,))

    def drain_end(self, time_ns: int, delivered: int) -> None:
        """The drain is over, with so many events delivered."""
        self._append(_DRAIN_END, time_ns, self._run, (delivered,))


def _with_rules(device: dict[str, Any], rules: Mapping[str, Any] | None) -> dict[str, Any]:
    """The device with further rules. Raises RecordError that names what makes no sense."""
    if rules is None:
        return device
    for name in rules:
        if name in device:
            raise RecordError(f"rules: {name!r} has an argument of its own")
    whole = device | dict(rules)
    try:
        check_device(NAND.domain, whole)
    except ValueError as error:
        raise RecordError(f"rules: {error}") from error
    return whole


def _ordered(values: Iterable[Any]) -> list[Any]:
    """A list of the values; a set, whose order differs from process to process, is sorted."""
    return sorted(values) if isinstance(values, Set) else list(values)


def _nulls(targets: Sequence[Target]) -> list[Item]:
    """Targets with NULL for a page that is None."""
    try:
        return [
            (die, plane, block, NULL if page is None else page)
            for die, plane, block, page in targets
        ]
    except (TypeError, ValueError) as error:
        raise RecordError(
            f"targets: {targets!r} is no list of (die, plane, block, page)"
        ) from error


def _blocks(cells: Sequence[Cell]) -> list[Item]:
    """Cells with NULL for their page."""
    try:
        return [(die, block, NULL) for die, block, *_ in cells]
    except (TypeError, ValueError) as error:
        raise RecordError(f"cells: {cells!r} is no list of (die, block)") from error
