"""Invariants of suspend and resume."""

from __future__ import annotations

import numpy as np
import polars as pl

from nandtrace.check.chains import follows_its_op
from nandtrace.check.facts import Facts
from nandtrace.check.items import differing_rows
from nandtrace.check.registry import invariant
from nandtrace.check.resets import bases_of
from nandtrace.check.state_windows import state_entries
from nandtrace.check.tables import Finding, finding, microseconds, nothing, to_frame
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import Axis, Role

GROUP = "nand suspend"


@invariant(
    "suspend-has-target",
    group=GROUP,
    sentence="Every SUSPEND acts on an op that is ongoing on its die and axis, and is done by the start of "
    "an op that suspends that axis there.",
    rationale="A suspend of nothing puts the scheduler in a state that no resume can undo.",
    source="NAND data sheets: program and erase suspend; nandtrace model: suspend and resume",
    needs=("SUSPEND",),
)
def suspend_has_target(facts: Facts) -> Finding:
    suspends = facts.suspends.suspends
    untargeted = suspends.filter(~pl.col("has_target")).with_columns(
        rule=pl.lit("an ongoing op to suspend"),
        found=pl.when(pl.col("op").is_null())
        .then(pl.format("none ran at {}", microseconds("at_ns")))
        .otherwise(
            pl.format("op {} was not open at {}", pl.col("op").fill_null(-1), microseconds("at_ns"))
        ),
    )
    names = ("seq", "die", "op", "rule", "found")
    undone = _not_done_by(facts, "SUSPEND", suspends.filter("has_target"))
    wrong = pl.concat([untargeted.select(names), undone.select(names)]).sort("seq")
    return finding(len(suspends), wrong, expected=pl.col("rule"), actual=pl.col("found"))


def _not_done_by(facts: Facts, kind: str, acts: pl.DataFrame) -> pl.DataFrame:
    """SUSPENDs or RESUMEs that name a segment that is of another role or die, or starts at another time.

    What is not committed in the run is for refs-resolve to report.
    """
    segments, batch = facts.segments, facts.batch
    acts = acts.filter(pl.col("by_seg").is_not_null(), pl.col("axis").is_not_null())
    by = segments.index.find(*(acts[name].to_numpy() for name in ("by_seg", "run_row", "seq")))
    known = np.flatnonzero(by >= 0)
    acts, by = acts[known], by[known]
    fits = np.zeros(len(by), np.bool_)
    for axis in Axis:
        role = Role(f"{axis}_{kind}")
        of_axis = (acts["axis"] == batch.code(axis)).to_numpy()
        fits |= of_axis & np.isin(segments.base[by], bases_of(facts, role))
    fits &= (segments.die[by] == acts["die"].fill_null(NULL).to_numpy()) | acts[
        "die"
    ].is_null().to_numpy()
    fits &= segments.start_ns[by] == batch.times(acts["seq"].to_numpy())
    # A header that tells no roles tells nothing of what an op does.
    fits |= not any(bases_of(facts, Role(f"{axis}_{kind}")) for axis in Axis)
    return acts.filter(pl.Series(~fits)).with_columns(
        rule=pl.format(
            f"a {kind} by an op that does that, at its start, not by segment {{}}", "by_seg"
        ),
        found=pl.lit("it is of another base or die, or starts at another time"),
    )


@invariant(
    "resume-has-target",
    group=GROUP,
    sentence="Every RESUME finds the op that it resumes among the suspended ones of its die and axis, and is "
    "done by the start of an op that resumes that axis there.",
    rationale="A resume of nothing starts work that was never cut, or loses work that was.",
    source="NAND data sheets: program and erase suspend; nandtrace model: suspend and resume",
    needs=("RESUME",),
)
def resume_has_target(facts: Facts) -> Finding:
    resumes = facts.suspends.resumes
    lost = resumes.filter(~pl.col("found")).with_columns(
        rule=pl.lit("a suspended op to resume"),
        found=pl.when(pl.col("ok") != 0)
        .then(pl.lit("the op was not suspended"))
        .otherwise(pl.lit("the scheduler found none")),
    )
    names = ("seq", "die", "op", "rule", "found")
    undone = _not_done_by(facts, "RESUME", resumes.filter("found").drop("found"))
    wrong = pl.concat([lost.select(names), undone.select(names)]).sort("seq")
    return finding(len(resumes), wrong, expected=pl.col("rule"), actual=pl.col("found"))


@invariant(
    "suspend-in-core-busy",
    group=GROUP,
    sentence="A SUSPEND begins while its target is in CORE_BUSY.",
    rationale="Before its core is busy an op has nothing to suspend; after it, nothing is left.",
    source="NAND data sheets: program and erase suspend; nandtrace model: suspend and resume",
    needs=("SUSPEND",),
)
def suspend_in_core_busy(facts: Facts) -> Finding:
    suspends = facts.suspends.suspends.filter(
        pl.col("begun_ns").is_not_null(), pl.col("end_ns").is_not_null()
    )
    suspends = _with_state(facts, suspends)
    outside = (pl.col("at_ns") < pl.col("begun_ns")) | (pl.col("at_ns") >= pl.col("end_ns"))
    other = pl.col("state").is_not_null() & (pl.col("state") != facts.batch.code("CORE_BUSY"))
    return finding(
        len(suspends),
        suspends.filter(outside | other)
        .drop("row")
        .select("seq", "die", "op", "seg", "at_ns", "begun_ns", "end_ns"),
        expected=pl.format(
            "a time while segment {} is busy, within {} to {}",
            "seg",
            microseconds("begun_ns"),
            microseconds("end_ns"),
        ),
        actual=microseconds("at_ns"),
    )


def _with_state(facts: Facts, suspends: pl.DataFrame) -> pl.DataFrame:
    """The state that the segment was in at each SUSPEND, where the trace has STATE events."""
    batch = facts.batch
    positions, rows = batch.rows("STATE"), facts.rows_of("STATE")
    if not len(positions) or suspends.is_empty():
        return suspends.with_columns(state=pl.lit(None, pl.Int64))
    wanted = np.zeros(len(facts.segments) + 1, np.bool_)
    wanted[suspends["row"].drop_nulls().to_numpy()] = True
    mine = np.flatnonzero(wanted[rows])
    states = pl.DataFrame(
        {
            "row": rows[mine],
            "state": batch.column("STATE", "state")[mine],
            "state_seq": batch.seq[positions[mine]],
            "entry_ns": state_entries(batch, rows)[mine],
        }
    )
    entered = (
        suspends.join(states, on="row", maintain_order="left_right")
        .filter(pl.col("entry_ns") <= pl.col("at_ns"), pl.col("state_seq") < pl.col("seq"))
        .unique("seq", keep="last", maintain_order=True)
    )
    return suspends.join(entered.select("seq", "state"), on="seq", how="left")


@invariant(
    "remaining-exact",
    group=GROUP,
    sentence="What a SUSPEND keeps of its target is exactly the work not yet done.",
    rationale="Time that a suspend loses or invents is lost or invented on the device.",
    source="NAND data sheets: program and erase suspend; nandtrace model: suspend and resume",
    needs=("SUSPEND",),
)
def remaining_exact(facts: Facts) -> Finding:
    suspends = facts.suspends.suspends.filter(
        pl.col("work_ns").is_not_null(), pl.col("remaining_ns").is_not_null()
    ).with_columns(
        due_ns=pl.max_horizontal(
            pl.min_horizontal(pl.col("end_ns") - pl.col("at_ns"), "work_ns"), pl.lit(0)
        )
    )
    wrong = suspends.filter(pl.col("remaining_ns") != pl.col("due_ns"))
    return finding(
        len(suspends),
        wrong.select("seq", "die", "op", "seg", "due_ns", "remaining_ns"),
        expected=pl.format("{} left of segment {}", microseconds("due_ns"), "seg"),
        actual=microseconds("remaining_ns"),
    )


@invariant(
    "resume-restores",
    group=GROUP,
    sentence="A RESUME gives the op back the work that its SUSPEND kept, in a chain segment committed "
    "with it, which starts when the op that resumes it ends.",
    rationale="An op that leaves the suspended list without a segment is neither suspended nor running.",
    source="NAND data sheets: program and erase suspend; nandtrace model: suspend and resume",
    needs=("RESUME",),
)
def resume_restores(facts: Facts) -> Finding:
    resumes = _good_resumes(facts).filter(pl.col("op").is_not_null())
    segments, batch = facts.segments, facts.batch
    chained = (segments.source == batch.code("RESUME_CHAIN")) & (segments.carried == 0)
    rows = np.flatnonzero(chained & (segments.op != NULL))
    chains = pl.DataFrame(
        {
            "run_row": segments.run_row[rows],
            "op": segments.op[rows],
            "time_ns": batch.times(segments.seq[rows]),
            "start_ns": segments.start_ns[rows],
        }
    )
    unchained = resumes.join(chains, on=["run_row", "op", "time_ns"], how="anti").with_columns(
        rule=pl.lit("a RESUME_CHAIN segment committed with the RESUME"), found=pl.lit("none")
    )
    changed = resumes.filter(pl.col("remaining_ns") != pl.col("kept_ns")).with_columns(
        rule=pl.format("the {} that its SUSPEND kept", microseconds("kept_ns")),
        found=microseconds("remaining_ns"),
    )
    parts = [unchained, changed, _chained_elsewhen(facts, resumes, chains, unchained.columns)]
    wrong = pl.concat(parts).sort("seq")
    return finding(len(resumes), wrong, expected=pl.col("rule"), actual=pl.col("found"))


def _chained_elsewhen(
    facts: Facts, resumes: pl.DataFrame, chains: pl.DataFrame, columns: list[str]
) -> pl.DataFrame:
    """RESUMEs whose chain segment does not start at the committed end of the op that resumes."""
    segments = facts.segments
    named = resumes.filter(pl.col("by_seg").is_not_null())
    found = segments.index.find(*(named[name].to_numpy() for name in ("by_seg", "run_row", "seq")))
    known = np.flatnonzero(found >= 0)
    named = named[known].with_columns(to_frame({"due_ns": segments.end_ns[found[known]]}))
    return (
        named.join(chains, on=["run_row", "op", "time_ns"], maintain_order="left")
        .filter(pl.col("start_ns") != pl.col("due_ns"))
        .with_columns(
            rule=pl.format("its chain segment to start at {}", microseconds("due_ns")),
            found=microseconds("start_ns"),
        )
        .select(columns)
    )


@invariant(
    "resume-same-target",
    group=GROUP,
    sentence="What a resumed op goes on with is the same op: name, base and targets as committed first.",
    rationale="A program that goes on in another block destroys that block and leaves its own half done.",
    source="NAND data sheets: program and erase suspend; nandtrace model: suspend and resume",
    needs=("COMMIT",),
)
def resume_same_target(facts: Facts) -> Finding:
    frame = facts.chained_segments.filter(pl.col("carried") == 0)
    frame = frame.sort("run_row", "op", maintain_order=True)
    chained = frame.with_columns(before=pl.col("row").shift(1)).filter(
        follows_its_op(), pl.col("source") == facts.batch.code("RESUME_CHAIN")
    )
    if chained.is_empty():
        return nothing()
    rows, before = chained["row"].to_numpy(), chained["before"].to_numpy()
    targets = facts.batch.items("COMMIT", "targets")
    changed = differing_rows(targets, rows, targets, before, ("die", "plane", "block", "page"))
    for name in ("op_name", "base"):
        column = getattr(facts.segments, name)
        changed |= column[rows] != column[before]
    wrong = chained.filter(pl.Series(changed))
    return finding(
        len(chained),
        wrong.sort("seq").select("seq", "seg", "op"),
        expected=pl.format("op {} to go on where it was cut", "op"),
        actual=pl.format("segment {} is of another name, base or target", "seg"),
    )


@invariant(
    "nested-order",
    group=GROUP,
    sentence="Suspended ops are resumed last first, and a program before an erase.",
    rationale="A program suspended within an erase suspend must end before the erase can go on.",
    source="NAND data sheets: program and erase suspend; nandtrace model: suspend and resume",
    needs=("RESUME",),
)
def nested_order(facts: Facts) -> Finding:
    resumes = _good_resumes(facts)
    wrong = resumes.filter(~pl.col("in_order") | pl.col("program_waits"))
    return finding(
        len(resumes),
        wrong,
        expected="the op suspended last, a program before an erase",
        actual=pl.when(pl.col("program_waits"))
        .then(pl.lit("an erase is resumed while a program is suspended"))
        .otherwise(pl.lit("an op suspended earlier")),
    )


def _good_resumes(facts: Facts) -> pl.DataFrame:
    return facts.suspends.resumes.filter(pl.col("found"))


@invariant(
    "backlog-fifo",
    group=GROUP,
    sentence="Ops leave the backlog of their die in the order in which they came, and a COMMIT from the "
    "backlog is of the op that left it just before, at that time.",
    rationale="An op that others overtake may wait for ever; one that never waited, or waits still, is "
    "done twice.",
    source="nandtrace model: the backlog",
    needs=("BACKLOG", "COMMIT"),
)
def backlog_fifo(facts: Facts) -> Finding:
    batch = facts.batch
    frame = pl.DataFrame(
        {"seq": batch.seq[batch.rows("BACKLOG")]}
        | {name: batch.column("BACKLOG", name) for name in ("on", "op", "die")}
    )
    frame = pl.concat([_waiting_before(facts), frame])
    frame = frame.with_columns(nth=pl.int_range(pl.len()).over("die", "on"))
    came = frame.filter(pl.col("on") == 1).select("die", "nth", due="op", came="seq")
    left = frame.filter(pl.col("on") == 0).join(came, on=["die", "nth"], how="left")
    wrong = left.filter(
        pl.col("due").is_null() | (pl.col("due") != pl.col("op")) | (pl.col("came") > pl.col("seq"))
    )
    wrong = wrong.with_columns(
        rule=pl.format("op {} to leave first", pl.col("due").cast(pl.String).fill_null("no")),
        found=pl.format("op {}", "op"),
    )
    commits, unlisted = _from_the_backlog(facts)
    wrong = pl.concat([wrong.select(unlisted.columns), unlisted]).sort("seq")
    return finding(len(left) + commits, wrong, expected=pl.col("rule"), actual=pl.col("found"))


def _from_the_backlog(facts: Facts) -> tuple[int, pl.DataFrame]:
    """How many COMMITs are from the backlog, and those whose op did not leave it just before.

    Only runs that tell of a backlog are judged: by their begin snapshot, or by a BACKLOG event.
    """
    batch, segments = facts.batch, facts.segments
    left = batch.rows("BACKLOG")
    tells = np.array(["backlog" in (state or {}) for state in batch.begin_states], np.bool_)
    tells[batch.run_row[left]] = True
    commits = batch.rows("COMMIT")
    from_it = (batch.column("COMMIT", "source") == batch.code("BACKLOG")) & tells[
        batch.run_row[commits]
    ]
    rows = np.flatnonzero(from_it & (batch.column("COMMIT", "op") != NULL))
    positions = commits[rows]
    stray = np.ones(len(rows), np.bool_)
    if len(left):
        last = np.searchsorted(left, positions) - 1
        event = left[last]
        same = (last >= 0) & (batch.column("BACKLOG", "on")[last] == 0)
        same &= batch.column("BACKLOG", "op")[last] == segments.op[rows]
        same &= (batch.time_ns[event] == batch.time_ns[positions]) & (
            batch.run_row[event] == batch.run_row[positions]
        )
        stray = ~same
    wrong = rows[stray]
    columns = {
        "seq": batch.seq[positions[stray]],
        "op": segments.op[wrong],
        "die": segments.die[wrong],
    }
    frame = to_frame(columns).with_columns(
        rule=pl.format("op {} to leave the backlog just before its COMMIT", "op"),
        found=pl.lit("it did not"),
    )
    return len(rows), frame


def _waiting_before(facts: Facts) -> pl.DataFrame:
    """Ops in the backlog when the batch begins, as if they came just before it."""
    state = (facts.batch.begin_states or [None])[0] or {}
    rows = [
        (-1, 1, op, die)
        for die, ops in enumerate(state.get("backlog") or ())
        for op in ops
        if op is not None
    ]
    schema = dict.fromkeys(("seq", "on", "op", "die"), pl.Int64)
    return pl.DataFrame(rows, schema=schema, orient="row")
