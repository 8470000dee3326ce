"""How runs end, in domains whose snapshots have a fixed shape."""

from __future__ import annotations

from collections.abc import Iterator

from nandtrace.check.event_batch import EventBatch, State
from nandtrace.coverage.collector import NOTHING


def ends_of(batch: EventBatch) -> Iterator[tuple[str, State]]:
    """How runs ended, each with its snapshot where there is one."""
    codes = batch.column("RUN_END", "end").tolist()
    for position, code in zip(batch.rows("RUN_END").tolist(), codes, strict=True):
        state = batch.end_states[int(batch.run_row[position])]
        if state is not None:
            yield batch.name(code) or NOTHING, state
