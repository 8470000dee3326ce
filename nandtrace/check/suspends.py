"""Suspends: every SUSPEND and RESUME, with the segment cut and the suspend undone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from nandtrace.check.batch import Batch
from nandtrace.check.segments import MISSING, Segments, segment_rows
from nandtrace.check.stacks import Left, replay_stacks
from nandtrace.check.tables import to_frame
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import Axis


@dataclass(frozen=True, slots=True)
class Suspends:
    """`suspends` has a row per SUSPEND, `resumes` one per RESUME, in order.

    Columns of `suspends`: `seq`, `run_row`, `die`, `axis`, `op`, `at_ns`, `remaining_ns`, `by_seg`, `row`
    (of the segment cut, null if unknown), `has_target`, and of that segment `seg`, `start_ns`,
    `end_ns`, `work_ns` (what it had to do), `begun_ns` (when it began to do it); null if unknown.
    Columns of `resumes`: `seq`, `run_row`, `time_ns`, `die`, `axis`, `op`, `ok`, `remaining_ns`,
    `by_seg`, and what stacks of suspended ops say: `found`, `in_order`, `program_waits` (0 or 1), `kept_ns`.
    `left` are the ops suspended at the end of runs, as of `StackReplay`.
    """

    suspends: pl.DataFrame
    resumes: pl.DataFrame
    left: dict[int, Left]


def derive_suspends(batch: Batch, segments: Segments) -> Suspends:
    """Build the tables from SUSPEND, RESUME, resets, the segments and the begin snapshots."""
    suspends = _suspends(batch)
    suspends = _with_numbered_targets(batch, suspends, segments)
    suspends = _with_unnumbered_targets(batch, suspends, segments)
    suspends = suspends.with_columns(has_target=_has_target(batch, suspends))
    suspends = suspends.hstack(_cut_segments(segments, suspends["row"]))
    resumes = _columns(batch, "RESUME", ("die", "axis", "op", "ok", "remaining_ns", "by_seg"))
    replay = replay_stacks(batch, suspends, resumes, _reset_ops(batch, segments))
    resumes = resumes.with_columns(**replay.resumes)
    suspends = _without_targets(suspends, replay.again)
    return Suspends(_with_work(batch, suspends, replay.kept_before), resumes, replay.left)


def _columns(batch: Batch, kind: str, names: tuple[str, ...]) -> pl.DataFrame:
    positions = batch.rows(kind)
    return to_frame(
        {
            "seq": batch.seq[positions],
            "run_row": batch.run_row[positions],
            "time_ns": batch.time_ns[positions],
        }
        | {name: batch.column(kind, name) for name in names}
    )


def _suspends(batch: Batch) -> pl.DataFrame:
    frame = _columns(batch, "SUSPEND", ("die", "axis", "op", "at_ns", "remaining_ns", "by_seg"))
    return frame.with_columns(at_ns=pl.col("at_ns").fill_null(pl.col("time_ns"))).with_row_index(
        "place"
    )


def _segment_rows(batch: Batch, segments: Segments) -> pl.DataFrame:
    """Segments with `closed` (when another event than a suspend closed them: a sequence number) and
    `cut_at` (the time at which a suspend did)."""
    suspended = segments.outcome == batch.code("SUSPENDED")
    ended = (segments.first_end != MISSING) & ~suspended
    return pl.DataFrame(
        {
            "row": np.arange(len(segments)),
            "seq": segments.seq,
            "run_row": segments.run_row,
            "op": segments.op,
            "die": segments.die,
            "base": segments.base,
            "start_ns": segments.start_ns,
            "end_ns": segments.end_ns,
            "source": segments.source,
            "seg": segments.seg,
            "closed": np.where(ended, segments.first_end, _NEVER),
            "cut_at": np.where(
                suspended,
                segments.last_end_ns,
                np.where(segments.cuts > 0, segments.cut_ns, _NEVER),
            ),
        }
    )


def _cut_segments(segments: Segments, rows: pl.Series) -> pl.DataFrame:
    """What was committed of the segments in `rows`; null where the row is."""
    known = rows.is_not_null().to_numpy()
    places = rows.fill_null(0).to_numpy()
    columns = {}
    for name in ("seg", "start_ns", "end_ns", "source"):
        values = np.full(len(rows), NULL, np.int64)
        values[known] = getattr(segments, name)[places[known]]
        columns[name] = values
    return to_frame(columns)


_NEVER = np.iinfo(np.int64).max


def _with_numbered_targets(
    batch: Batch, suspends: pl.DataFrame, segments: Segments
) -> pl.DataFrame:
    """The last segment of the op, if it was still open, and of that die and axis."""
    wanted = suspends.filter(pl.col("op").is_not_null()).select(
        "place", "seq", "run_row", "op", "time_ns", "at_ns", "axis", at_die="die"
    )
    if wanted.is_empty():
        return suspends.with_columns(row=pl.lit(None, pl.Int64))
    ops = wanted.select("run_row", "op").unique()
    rows = (
        _segment_rows(batch, segments)
        .select("row", "seq", "run_row", "op", "die", "base", "closed", "cut_at")
        .join(ops, on=["run_row", "op"], how="semi")
        .sort("seq")
    )
    found = wanted.sort("seq").join_asof(
        rows, on="seq", by=["run_row", "op"], check_sortedness=False
    )
    # A log may withdraw the OP_END when the suspend is decided, before it takes effect.
    cut = pl.col("cut_at") < pl.min_horizontal("at_ns", "time_ns")
    found = found.filter(
        pl.col("row").is_not_null(), pl.col("closed") > pl.col("seq"), ~cut, _of_die_and_axis(batch)
    )
    return suspends.join(found.select("place", "row"), on="place", how="left").sort("place")


def _of_die_and_axis(batch: Batch) -> pl.Expr:
    """Whether a segment is of its SUSPEND's die and axis, as far as known."""
    is_erase = pl.col("base").is_in(batch.codes(batch.rules.erase_bases))
    of_axis = is_erase == (pl.col("axis") == batch.code(Axis.ERASE))
    return ((pl.col("base") == NULL) | pl.col("axis").is_null() | of_axis) & (
        (pl.col("die") == NULL) | pl.col("at_die").is_null() | (pl.col("die") == pl.col("at_die"))
    )


def _with_unnumbered_targets(
    batch: Batch, suspends: pl.DataFrame, segments: Segments
) -> pl.DataFrame:
    """Where a scheduler numbers no ops: the segment of the axis and die that was cut, ran or waited."""
    wanted = suspends.filter(pl.col("op").is_null() & pl.col("remaining_ns").is_not_null())
    if wanted.is_empty():
        return suspends
    rows = _segment_rows(batch, segments)
    parts = []
    for axis in Axis:
        codes = _axis_codes(batch, axis)
        mine = wanted.filter(pl.col("axis") == batch.code(axis))
        of_axis = rows.filter(pl.col("base").is_in(codes))
        parts += [_cut_with(mine, of_axis), _running_or_waiting(mine, of_axis)]
    found = pl.concat(parts).unique("place", keep="first", maintain_order=True)
    return (
        suspends.join(found, on="place", how="left", suffix="_found")
        .with_columns(row=pl.coalesce("row", "row_found"))
        .drop("row_found")
        .sort("place")
    )


def _cut_with(suspends: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The segment whose OP_END was withdrawn together with the SUSPEND."""
    return (
        suspends.select("place", "run_row", "die", "time_ns")
        .join(
            rows.select("row", "run_row", "die", "cut_at"),
            left_on=["run_row", "die", "time_ns"],
            right_on=["run_row", "die", "cut_at"],
            maintain_order="left_right",
        )
        .select("place", "row")
    )


def _running_or_waiting(suspends: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    wanted = suspends.select("place", "run_row", "die", "at_ns", suspend_seq="seq").sort("at_ns")
    rows = rows.select(
        "row", "run_row", "die", "seq", "start_ns", "end_ns", "closed", "cut_at"
    ).sort("start_ns")
    found = [
        wanted.join_asof(
            rows,
            left_on="at_ns",
            right_on="start_ns",
            by=["run_row", "die"],
            strategy=strategy,
            check_sortedness=False,
        ).filter(
            (pl.col("seq") < pl.col("suspend_seq"))
            & (pl.col("closed") > pl.col("suspend_seq"))
            & (pl.col("cut_at") >= pl.col("at_ns"))
            & (pl.col("end_ns") > pl.col("at_ns"))
        )
        for strategy in ("backward", "forward")
    ]
    return (
        pl.concat([part.select("place", "row") for part in found])
        .unique("place", keep="first", maintain_order=True)
        .sort("place")
    )


def _axis_codes(batch: Batch, axis: Axis) -> list[int]:
    if axis is Axis.ERASE:
        return batch.codes(batch.rules.erase_bases)
    names = [
        name
        for name in batch.names
        if "PROGRAM" in name and not name.endswith(("_SUSPEND", "_RESUME"))
    ]
    return batch.codes(dict.fromkeys([*names, *(batch.rules.program_bases or ())]))


def _has_target(batch: Batch, suspends: pl.DataFrame) -> pl.Series:
    """1 where the op acted on was open by the events, or ongoing in the run's begin snapshot."""
    lost = suspends.filter(pl.col("row").is_null(), pl.col("op").is_not_null())
    carried = [
        place
        for place, run_row, op in lost.select("place", "run_row", "op").iter_rows()
        if op in _ongoing(batch.begin_states[run_row])
    ]
    return suspends.select(
        has_target=pl.col("row").is_not_null() | pl.col("place").is_in(carried)
    ).to_series()


def _without_targets(suspends: pl.DataFrame, where: npt.NDArray[np.bool_]) -> pl.DataFrame:
    """SUSPENDs at these places have no target after all."""
    lost = pl.lit(pl.Series(where))
    names = ("row", "seg", "start_ns", "end_ns", "source")
    return suspends.with_columns(
        pl.col("has_target") & ~lost,
        *(pl.when(~lost).then(pl.col(name)).alias(name) for name in names),
    )


def _ongoing(state: dict[str, Any] | None) -> set[int]:
    lists = (state or {}).get("ongoing") or []
    return {op for ops in lists for op in ops if op is not None}


def _with_work(batch: Batch, suspends: pl.DataFrame, kept_before: Int64s) -> pl.DataFrame:
    """Join the cut segment's times: the work it had to do, and when it began to do it."""
    kept = to_frame({"kept": kept_before})["kept"]
    chained = pl.lit(not batch.rules.chain_op_start) & (
        pl.col("source") == batch.code("RESUME_CHAIN")
    )
    return suspends.with_columns(
        work_ns=pl.when(chained).then(kept).otherwise(pl.col("end_ns") - pl.col("start_ns"))
    ).with_columns(begun_ns=pl.col("end_ns") - pl.col("work_ns"))


def _reset_ops(batch: Batch, segments: Segments) -> list[tuple[int, int, int]]:
    """Ops closed by a CANCEL with reason RESET: (seq, run_row, op)."""
    positions = batch.rows("CANCEL")
    if not len(positions):
        return []
    rows = segment_rows(batch, segments, "CANCEL")
    reset = (batch.column("CANCEL", "reason") == batch.code("RESET")) & (rows >= 0)
    return [
        (int(batch.seq[positions[place]]), int(batch.run_row[positions[place]]), int(op))
        for place in np.flatnonzero(reset).tolist()
        if (op := segments.op[rows[place]]) != NULL
    ]
