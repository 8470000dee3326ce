"""Compare two traces: digests, headers, the chain of chunks, and then one first divergence.

Equal digests end the comparison with the footers. Otherwise the chains in the indices lead to the
first pair of chunks that can differ; columns are decoded only from there on. Where the chunks do
not correspond (other chunk sizes, a recovered trace), stretches of events are compared, chunk by
chunk.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from nandtrace.diff.decoded import Words
from nandtrace.diff.equality import first_difference
from nandtrace.diff.model import ABSENT, Change, Divergence, TraceDiff
from nandtrace.diff.realign import follow
from nandtrace.diff.side import Extent, Side
from nandtrace.diff.structure import header_changes, structure_changes
from nandtrace.trace.event import Event

CONTEXT_EVENTS = 3


def compare(
    old: Path, new: Path, labels: tuple[str, str] | None = None, context: int = CONTEXT_EVENTS
) -> TraceDiff:
    """Compare trace `old` (A) with trace `new` (B).

    `labels` are how the two are named to the user; `context` is how many events are shown before
    and after the divergence. Raises TraceError when a side is no trace at all; damage further on is
    listed in the result.
    """
    labels = labels or (str(old), str(new))
    with Side(old, labels[0]) as mine, Side(new, labels[1]) as theirs:
        return _Comparison(mine, theirs, context).run()


class _Comparison:
    def __init__(self, old: Side, new: Side, context: int) -> None:
        self._old = old
        self._new = new
        self._context = context
        self._words = Words(old.vocabulary, new.vocabulary)
        self._uncompared = 0

    def run(self) -> TraceDiff:
        old_header, new_header = self._old.reader.header, self._new.reader.header
        same = self._same_by_digest()
        changes = [] if same else header_changes(old_header, new_header)
        seq = None if same else self._first_divergent_seq()
        divergence = None if seq is None else self._divergence(seq)
        aftermath = None if seq is None else follow(self._old, self._new, seq)
        return TraceDiff(
            old=self._old.facts(),
            new=self._new.facts(),
            vocabularies=(self._old.vocabulary, self._new.vocabulary),
            header=changes,
            divergence=divergence,
            aftermath=aftermath,
            uncompared=self._uncompared,
        )

    def _same_by_digest(self) -> bool:
        """Whether the indices alone prove that both hold the same.

        The digest of a trace with gaps covers what was lost too, so there every link must agree.
        """
        mine, theirs = self._old.index, self._new.index
        if mine.digest() != theirs.digest():
            return False
        return [entry.chain for entry in mine.chunks] == [entry.chain for entry in theirs.chunks]

    def _first_divergent_seq(self) -> int | None:
        for start, stop, mine, theirs in spans(self._old.extents, self._new.extents):
            if mine is None or theirs is None:
                if (self._old if mine is None else self._new).complete:
                    return start
                self._uncompared += stop - start
            elif not self._same_chunks(mine, theirs):
                seq = self._first_difference(start, stop, mine, theirs)
                if seq is not None:
                    return seq
        return None

    def _same_chunks(self, mine: int, theirs: int) -> bool:
        """Whether the chain proves two chunks equal. It covers codes, not names."""
        left, right = self._old.index.chunks[mine], self._new.index.chunks[theirs]
        return (
            self._words.aligned
            and left.chain == right.chain
            and (left.first_seq, left.events) == (right.first_seq, right.events)
        )

    def _first_difference(self, start: int, stop: int, mine: int, theirs: int) -> int | None:
        left, right = self._old.decoded(mine), self._new.decoded(theirs)
        if left is None or right is None:
            self._uncompared += stop - start
            return None
        return first_difference(left, right, start, stop, self._words)

    def _divergence(self, seq: int) -> Divergence:
        after = (seq + 1, seq + 1 + self._context)
        old, new = _single(self._old, seq), _single(self._new, seq)
        both = old is not None and new is not None
        return Divergence(
            seq=seq,
            old=old,
            new=new,
            fields=_event_changes(old, new),
            snapshot=self._snapshot_changes(seq) if both else [],
            before=self._old.events(max(seq - self._context, 0), seq),
            old_after=self._old.events(*after),
            new_after=self._new.events(*after),
        )

    def _snapshot_changes(self, seq: int) -> list[Change]:
        old, new = self._old.snapshot(seq), self._new.snapshot(seq)
        if old is None and new is None:
            return []
        if old is None or new is None:
            whole = (ABSENT if side is None else side for side in (old, new))
            return [Change("snapshot", *whole)]
        return structure_changes(old, new)


def spans(
    old: list[Extent], new: list[Extent]
) -> Iterator[tuple[int, int, int | None, int | None]]:
    """Cut two rows of extents at all their borders: (start, stop, chunk of A, chunk of B).

    A side that holds none of a span has None. Both rows rise and do not overlap themselves.
    """
    mine, theirs = list(reversed(old)), list(reversed(new))
    position = 0
    while mine or theirs:
        heads = [row[-1] for row in (mine, theirs) if row]
        position = max(position, min(head.start for head in heads))
        borders = [head.stop if head.start <= position else head.start for head in heads]
        stop = min(borders)
        yield position, stop, _covering(mine, position), _covering(theirs, position)
        position = stop
        for row in (mine, theirs):
            if row and row[-1].stop <= position:
                row.pop()


def _covering(row: list[Extent], position: int) -> int | None:
    return row[-1].ordinal if row and row[-1].start <= position else None


def _single(side: Side, seq: int) -> Event | None:
    return next(iter(side.events(seq, seq + 1)), None)


def _event_changes(old: Event | None, new: Event | None) -> list[Change]:
    """The fields that differ between two events of one kind; of different kinds, the kind alone."""
    if old is None or new is None:
        return []
    changes = [
        Change(name, getattr(old, name), getattr(new, name))
        for name in ("run", "time_ns", "kind")
        if getattr(old, name) != getattr(new, name)
    ]
    if old.kind != new.kind:
        return changes
    return changes + [
        Change(name, old.fields.get(name, ABSENT), new.fields.get(name, ABSENT))
        for name in old.fields | new.fields
        if old.fields.get(name, ABSENT) != new.fields.get(name, ABSENT)
    ]
