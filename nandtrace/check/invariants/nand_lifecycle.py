"""Invariants of the life of a segment and of an op."""

from __future__ import annotations

import numpy as np
import polars as pl

from nandtrace.check.carry import suspended_ops
from nandtrace.check.chains import follows_its_op
from nandtrace.check.event_batch import State
from nandtrace.check.facts import Facts
from nandtrace.check.registry import invariant
from nandtrace.check.tables import Finding, finding, microseconds, nothing, to_frame
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import Axis, SuspendCloses

GROUP = "nand life cycle"


@invariant(
    "one-op-start-per-segment",
    group=GROUP,
    sentence="Every committed segment has exactly one OP_START, unless it was withdrawn.",
    rationale="A segment whose start is still queued when its run stops never ran, though the resource "
    "manager holds its time.",
    source="nandtrace model: segments; how a run ends",
    needs=("COMMIT", "RUN_BEGIN"),
)
def one_op_start_per_segment(facts: Facts) -> Finding:
    frame = facts.segment_frame
    if not facts.rules.chain_op_start:
        chained = pl.col("source").eq_missing(facts.batch.code("RESUME_CHAIN"))
        frame = frame.filter(~chained | (pl.col("starts") > 1))
    owed = pl.col("owes_start") - (pl.col("start_cancels") > 0).cast(pl.Int64)
    twice = pl.col("start_cancels") > 1
    unlike = (pl.col("starts") != owed.clip(0)) & ~_handed_on(facts, "OP_START")
    wrong = frame.filter(unlike | twice)
    wrong = wrong.with_columns(
        due=owed.clip(0),
        seq=pl.when(pl.col("starts") > owed).then("last_start").otherwise("seq"),
    )
    return finding(
        len(frame),
        wrong,
        expected=pl.format("{} OP_START for segment {}", "due", "seg"),
        actual=pl.when(pl.col("starts") == pl.col("due"))
        .then(pl.format("withdrawn {} times", "start_cancels"))
        .otherwise(pl.format("{}", "starts")),
    )


@invariant(
    "one-op-end-per-segment",
    group=GROUP,
    sentence="Every committed segment is closed exactly once: by its OP_END, or by the CANCEL of a "
    "suspend or a reset; where a suspend closes it by an OP_END, a CANCEL withdraws the one that was due.",
    rationale="An OP_END that was still queued when a run stopped is lost, and what it would have done "
    "with it; one that comes twice counts its work twice.",
    source="nandtrace model: segments; how a run ends",
    needs=("COMMIT", "RUN_BEGIN"),
)
def one_op_end_per_segment(facts: Facts) -> Finding:
    frame = facts.segment_frame
    by_cancel = facts.rules.suspend_closes is SuspendCloses.CANCEL
    cuts = pl.col("cuts") if by_cancel else pl.lit(0)
    frame = frame.with_columns(
        closed=pl.col("ends") + cuts,
        due=(pl.col("owes_end") > 0).cast(pl.Int64),
    )
    reset = (pl.col("ends") == 0) & (pl.col("resets") > 0)
    wrong = frame.filter(
        pl.col("closed") != pl.col("due"), ~reset, ~_handed_on(facts, "OP_END")
    ).with_columns(
        seq=pl.when(pl.col("closed") > 1)
        .then(pl.max_horizontal("last_end", "cut_seq"))
        .otherwise("seq"),
        note=pl.when(pl.col("stray_cancels") > 0)
        .then(pl.lit(" (its OP_END was withdrawn, but no suspend or reset did it)"))
        .otherwise(pl.lit("")),
    )
    wrong = wrong.with_columns(
        rule=pl.format("segment {} closed once", "seg"),
        found=pl.format("closed {} times{}", "closed", "note"),
    )
    kept = _kept_ends(facts)
    withdrawn = _withdrawn_all_the_same(facts, frame.join(wrong, on=["run_row", "seg"], how="anti"))
    return finding(
        len(frame),
        pl.concat([wrong.select(kept.columns), kept, withdrawn.select(kept.columns)]),
        expected=pl.col("rule"),
        actual=pl.col("found"),
    )


def _withdrawn_all_the_same(facts: Facts, closed: pl.DataFrame) -> pl.DataFrame:
    """Segments that were closed once, but whose OP_END was withdrawn twice, or came and was withdrawn."""
    completed = pl.col("outcome").eq_missing(facts.batch.code("COMPLETED")) & (pl.col("ends") > 0)
    withdrawn = pl.col("cuts") + pl.col("resets") + pl.col("stray_cancels")
    wrong = closed.filter(
        (pl.col("cuts") > 1) | (pl.col("resets") > 1) | (completed & (withdrawn > 0))
    )
    return wrong.with_columns(
        seq="end_cancel",
        rule=pl.format("the OP_END of segment {} to come or to be withdrawn, once", "seg"),
        found=pl.format("withdrawn {} times, and come {} times", withdrawn, "ends"),
    )


def _kept_ends(facts: Facts) -> pl.DataFrame:
    """Segments that a SUSPEND cut by an OP_END of its own, and whose queued OP_END none withdrew.

    Only SUSPENDs that name the op that does it are judged: a log that does not may tell no CANCELs.
    """
    segments, rows = facts.segments, np.empty(0, np.int64)
    tells = "CANCEL" in facts.batch.vocabulary.by_name
    if tells and facts.rules.suspend_closes is SuspendCloses.OP_END:
        suspends = facts.suspends.suspends.filter(
            pl.col("by_seg").is_not_null(), pl.col("row").is_not_null()
        )
        rows = np.unique(suspends["row"].to_numpy())
    is_cut = (segments.ends[rows] == 1) & (segments.cuts[rows] == 0)
    rows = rows[is_cut & (segments.outcome[rows] == facts.batch.code("SUSPENDED"))]
    columns = {name: getattr(segments, name)[rows] for name in ("seg", "op", "die")}
    return to_frame({"seq": segments.last_end[rows]} | columns).with_columns(
        rule=pl.format("a CANCEL of the OP_END that was due for segment {}", "seg"),
        found=pl.lit("none at its SUSPEND"),
    )


def _handed_on(facts: Facts, event: str) -> pl.Expr:
    """Segments whose queued event the next run took over, by its begin snapshot."""
    pairs = [
        (run_row - 1, seg)
        for run_row, state in enumerate(facts.batch.begin_states)
        if run_row and state
        for _, kind, seg in state.get("pending") or ()
        if kind == event
    ]
    last = len(facts.batch.runs) - 1
    pairs += [(last, seg) for kind, seg in facts.handed_on if kind == event]
    if not pairs:
        return pl.lit(False)
    keys = pl.DataFrame(pairs, schema={"run_row": pl.Int64, "seg": pl.Int64}, orient="row")
    return pl.struct("run_row", "seg").is_in(keys.to_struct().implode())


@invariant(
    "op-on-time",
    group=GROUP,
    sentence="A segment starts and ends at the times it was committed with, or ends where a suspend "
    "cut it.",
    rationale="A reservation that is not kept is no reservation: what else was placed around it would "
    "collide.",
    source="nandtrace model: suspend and resume",
    needs=("OP_START", "OP_END"),
)
def op_on_time(facts: Facts) -> Finding:
    parts = [_off_time(facts, "OP_START", "start_ns"), _off_time(facts, "OP_END", "end_ns")]
    wrong = pl.concat([frame for _, frame in parts]).sort("seq")
    return finding(
        sum(evaluated for evaluated, _ in parts),
        wrong,
        expected=pl.format("{} of segment {} at {}", "event", "seg", microseconds("due_ns")),
        actual=microseconds("time_ns"),
    )


def _off_time(facts: Facts, kind: str, due: str) -> tuple[int, pl.DataFrame]:
    """How many events of a kind have a time that they are due at, and those that came at another."""
    batch, segments, rows = facts.batch, facts.segments, facts.rows_of(kind)
    known = np.flatnonzero(rows >= 0)
    rows, positions = rows[known], batch.rows(kind)[known]
    due_ns = getattr(segments, due)[rows]
    if kind == "OP_END":
        # A suspended segment ends where its SUSPEND cut it; a reset comes whenever it comes.
        outcome = batch.column(kind, "outcome")[known]
        suspended, reset = batch.code("SUSPENDED"), batch.code("RESET")
        due_ns = np.where(outcome == suspended, segments.cut_ns[rows], due_ns)
        due_ns = np.where(outcome == reset, NULL, due_ns)
    time_ns = batch.time_ns[positions]
    wrong = np.flatnonzero((time_ns != due_ns) & (due_ns != NULL))
    frame = pl.DataFrame(
        {
            "seq": batch.seq[positions[wrong]],
            "seg": segments.seg[rows[wrong]],
            "time_ns": time_ns[wrong],
            "due_ns": due_ns[wrong],
        }
    )
    return int(np.count_nonzero(due_ns != NULL)), frame.with_columns(event=pl.lit(kind))


@invariant(
    "segment-chain",
    group=GROUP,
    sentence="The segments of an op follow each other, each after the first the RESUME_CHAIN of one that a "
    "suspend cut, committed with a RESUME, and their durations conserve the committed work.",
    rationale="Work that a suspend loses or doubles makes the device finish too early or too late.",
    source="nandtrace model: suspend and resume",
    needs=("COMMIT", "RUN_BEGIN"),
)
def segment_chain(facts: Facts) -> Finding:
    frame = _chain_frame(facts)
    unbegun = _unbegun(facts, frame)
    if frame.is_empty() and unbegun.is_empty():
        return nothing()
    problems = {
        "its source to be RESUME_CHAIN": ~pl.col("chained"),
        "the segment before it to be cut by a suspend": pl.col("cut_before").is_null(),
        "a start not before that cut": pl.col("start_ns") < pl.col("cut_before"),
        "a RESUME at its COMMIT": pl.col("chained") & ~pl.col("resumed"),
    }
    if facts.rules.chain_op_start:
        work = pl.col("end_ns") - pl.col("start_ns")
        problems["exactly the work that remained"] = work != pl.col("left_before")
    parts = [frame.filter(test).with_columns(rule=pl.lit(rule)) for rule, test in problems.items()]
    begun = unbegun.with_columns(rule=pl.lit("a segment before it that a suspend cut"))
    columns = ("seq", "seg", "op", "start_ns", "end_ns", "rule")
    parts = [part.select(columns) for part in (*parts, begun)]
    wrong = pl.concat(parts).unique("seq", keep="first", maintain_order=True).sort("seq")
    return finding(
        len(frame) + len(unbegun),
        wrong,
        expected=pl.format("{} in segment {} of op {}", "rule", "seg", "op"),
        actual=pl.format(
            "a segment from {} to {}", microseconds("start_ns"), microseconds("end_ns")
        ),
    )


def _chain_frame(facts: Facts) -> pl.DataFrame:
    """Second and later segments of ops, with `cut_before` and `left_before` of the one before.

    `left_before` is the work, in ns, that the cut left of the segment before; `resumed` whether a
    RESUME came with the COMMIT, of whatever op: what it finds is for other invariants to judge.
    """
    frame = facts.chained_segments.sort("run_row", "op", maintain_order=True)
    begun = pl.max_horizontal("cut_at", "start_ns")
    frame = frame.with_columns(
        chained=pl.col("source").eq_missing(facts.batch.code("RESUME_CHAIN")),
        cut_before=pl.col("cut_at").shift(1),
        left_before=(pl.col("end_ns") - begun).shift(1),
    ).filter(follows_its_op())
    return frame.with_columns(resumed=_resumed_with(facts, frame))


def _unbegun(facts: Facts, follow: pl.DataFrame) -> pl.DataFrame:
    """RESUME_CHAINs that are the first segment of their op, though no run before began it.

    `follow` are the segments that are not the first of theirs.
    Where the snapshot at the run's begin does not tell what is suspended and what is open, nobody knows.
    """
    segments = facts.segments
    knows = np.array([_tells_suspended(state) for state in facts.batch.begin_states], np.bool_)
    knows[segments.run_row[(segments.carried == 1) & (segments.op == NULL)]] = False
    chains = (segments.source == facts.batch.code("RESUME_CHAIN")) & (segments.carried == 0)
    rows = np.flatnonzero(chains & (segments.op != NULL))
    rows = rows[knows[segments.run_row[rows]]]
    suspended = [
        (run_row, op)
        for run_row in np.unique(segments.run_row[rows]).tolist()
        for op in suspended_ops(facts.batch.begin_states[run_row])
    ]
    places = pl.DataFrame(suspended, schema={"run_row": pl.Int64, "op": pl.Int64}, orient="row")
    frame = facts.segment_frame[rows].join(places, on=["run_row", "op"], how="anti")
    return frame.join(follow, on="seq", how="anti", maintain_order="left")


def _tells_suspended(state: State | None) -> bool:
    return all((state or {}).get(f"suspended_{axis.lower()}") is not None for axis in Axis)


def _resumed_with(facts: Facts, chains: pl.DataFrame) -> pl.Series:
    """Which segments were committed at the time of a RESUME; true of those that were carried."""
    batch = facts.batch
    commits = chains.select("run_row", time_ns=batch.times(chains["seq"].to_numpy()))
    resumes = facts.suspends.resumes.select("run_row", "time_ns", resumed=pl.lit(True))
    found = commits.join(resumes.unique(), on=commits.columns, how="left", maintain_order="left")
    return found["resumed"].fill_null(False) | (chains["carried"] == 1)


@invariant(
    "op-closed",
    group=GROUP,
    sentence="The last segment of every op is COMPLETED or RESET.",
    rationale="An op left suspended was neither done nor given up: its page is lost without a trace.",
    source="nandtrace model: suspend and resume; reset",
    needs=("COMMIT", "RUN_BEGIN"),
)
def op_closed(facts: Facts) -> Finding:
    ops = facts.ops
    chains = facts.chained_segments.unique(["run_row", "op"], keep="last", maintain_order=True)
    chains = chains.filter(pl.col("judged"))
    single = ops.judged & ~ops.several
    left_single = facts.segment_frame[ops.rows[single & ops.left_suspended]]
    left = chains.filter(pl.col("left_suspended")).select(left_single.columns)
    return finding(
        len(chains) + int(np.count_nonzero(single)),
        pl.concat([left, left_single]).sort("seq"),
        exercised=len(chains) + len(left_single),
        expected=pl.format("op {} to be completed or reset by the end of its run", "op"),
        actual=pl.format("its last segment, {}, was cut by a suspend and never resumed", "seg"),
    )
