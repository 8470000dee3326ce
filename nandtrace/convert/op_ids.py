"""Op ids that restart in every run, renumbered to be unique in the trace.

Ids are given out from 1, in the order in which the log first names each op. What the scheduler
calls op k, in run r, is

- run r's own op k, once a COMMIT of run r has named it;
- else the op that run r's begin snapshot carries under k, which an earlier run committed;
- else an op that nothing has named yet: a new one, run r's own from there on.

An event that names its segment too means that segment's op, which a run may have taken over.

A RESUME_CHAIN commit names no new op where one is carried under its id. The ids in a begin snapshot
are those of the run before, so what that run's end snapshot calls them holds. An end snapshot may
hold a carried op k beside an own op k: the longest common prefix of a list with the same list at
the run's begin is what was carried, the rest is judged by the rules above.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

OpId = int | None
OpLists = dict[str, list[list[OpId]]]
"""Op ids by list name and die; null for ops that the scheduler does not number."""


@dataclass(slots=True)
class _RunOps:
    """What raw ids mean in one run, as ids of the trace."""

    own: dict[int, int] = field(default_factory=dict)
    carried: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Boundary:
    """The lists of a snapshot at a run's boundary, as the log and as the trace name the ops."""

    run: int
    raw: Mapping[str, Sequence[Sequence[OpId]]]
    lists: OpLists

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Every numbered op: its id in the log and in the trace."""
        for name, dies in self.raw.items():
            for raw_ops, ops in zip(dies, self.lists[name], strict=True):
                for raw, op in zip(raw_ops, ops, strict=True):
                    if raw is not None and op is not None:
                        yield raw, op


class OpIds:
    """Renumbers ops, line by line. Memory is bounded by two runs."""

    def __init__(self) -> None:
        self._last = 0
        self._runs: dict[int, _RunOps] = {}
        self._segments: dict[int, tuple[int, int]] = {}
        self._begun: _Boundary | None = None
        self._ended: _Boundary | None = None

    def begin(
        self,
        run: int,
        raw: Mapping[str, Sequence[Sequence[OpId]]],
        pending: Iterable[int] = (),
    ) -> OpLists:
        """A run begins with these op lists and pending segments; returns the lists renumbered."""
        before = self._ended or self._begun
        named = dict(self._ended.pairs()) if self._ended else {}
        earlier_run = before.run if before else run
        lists = self._renumber(earlier_run, raw, before, named)
        ops = self._runs.get(run) or _RunOps()
        self._begun, self._ended = _Boundary(run, raw, lists), None
        self._segments = {s: self._segments[s] for s in pending if s in self._segments}
        ops.carried = dict(self._segments.values()) | dict(self._begun.pairs())
        kept = self._runs.get(earlier_run) or _RunOps()
        self._runs = {earlier_run: kept, run: ops}
        return lists

    def end(self, run: int, raw: Mapping[str, Sequence[Sequence[OpId]]]) -> OpLists:
        """A run ends with these op lists; returns them renumbered."""
        begun = self._begun if self._begun and self._begun.run == run else None
        lists = self._renumber(run, raw, begun, {})
        self._ended = _Boundary(run, raw, lists)
        return lists

    def commit(self, run: int, raw: OpId, *, is_chain: bool, seg: int | None = None) -> OpId:
        """The op of a COMMIT of a run."""
        if raw is None:
            return None
        ops = self._ops(run)
        known = self.op(run, raw) if is_chain or raw in ops.own else None
        op = known or self._new(ops, raw)
        if seg is not None:
            self._segments[seg] = raw, op
        return op

    def op(self, run: int, raw: OpId, seg: int | None = None) -> OpId:
        """The op that any other event of a run names, perhaps with its segment."""
        if raw is None:
            return None
        committed = self._segments.get(seg) if seg is not None else None
        if committed is not None and committed[0] == raw:
            return committed[1]
        ops = self._ops(run)
        known = ops.own.get(raw) or ops.carried.get(raw)
        return known or self._new(ops, raw)

    def _ops(self, run: int) -> _RunOps:
        ops = self._runs.get(run)
        if ops is None:
            ops = self._runs[run] = _RunOps()
        return ops

    def _new(self, ops: _RunOps, raw: int) -> int:
        self._last += 1
        ops.own[raw] = self._last
        return self._last

    def _renumber(
        self,
        run: int,
        raw: Mapping[str, Sequence[Sequence[OpId]]],
        before: _Boundary | None,
        named: Mapping[int, int],
    ) -> OpLists:
        """Renumber: what a list shares with `before`, then what `named` has, then the run's ops."""
        lists: OpLists = {}
        for name, dies in raw.items():
            lists[name] = []
            for die, raw_ops in enumerate(dies):
                ops = _shared(raw_ops, before, name, die)
                ops += [
                    self.op(run, item) if item is None or item not in named else named[item]
                    for item in raw_ops[len(ops) :]
                ]
                lists[name].append(ops)
        return lists


def _shared(raw_ops: Sequence[OpId], before: _Boundary | None, name: str, die: int) -> list[OpId]:
    """The renumbered ops of the longest common prefix with the same list at another boundary."""
    if before is None or die >= len(before.raw[name]):
        return []
    shared: list[OpId] = []
    for raw, earlier, op in zip(
        raw_ops, before.raw[name][die], before.lists[name][die], strict=False
    ):
        if raw != earlier:
            break
        shared.append(op)
    return shared
