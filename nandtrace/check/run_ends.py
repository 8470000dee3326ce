"""How the runs of a batch end, and which of them one history of the device goes through."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nandtrace.check.batch import Batch
from nandtrace.trace.columns import Int64s
from nandtrace.vocab.nand import RunEnd


def carried_runs(batch: Batch) -> npt.NDArray[np.bool_]:
    """Per run: it ended CARRIED, so that what is queued goes on in the next."""
    carried = np.zeros(len(batch.runs), np.bool_)
    ends = batch.rows("RUN_END")
    carried[batch.run_row[ends]] = batch.column("RUN_END", "end") == batch.code(RunEnd.CARRIED)
    return carried


def last_of_stretch(batch: Batch) -> Int64s:
    """Per run the row of the last run of its stretch: the next one, or itself, that is not CARRIED."""
    rows = np.arange(len(batch.runs))
    stops = ~carried_runs(batch)
    stops[-1:] = True
    last: Int64s = np.minimum.accumulate(np.where(stops, rows, len(rows))[::-1])[::-1]
    return last
