"""Invariants of a run's boundary: what may be left over, and what the next run must find."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from nandtrace.check.cells import end_states
from nandtrace.check.drains import completed_ends, crossing_ticks, drained_ends, run_untils
from nandtrace.check.facts import Facts
from nandtrace.check.folding import Folding, fold_addresses
from nandtrace.check.registry import invariant
from nandtrace.check.tables import Finding, finding, microseconds, nothing, to_frame
from nandtrace.trace.columns import Int64s
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import Source

GROUP = "nand run boundary"

Flags = npt.NDArray[np.bool_]

_LONGEST_TEXT = 120


@invariant(
    "no-open-segment-at-run-end",
    group=GROUP,
    sentence="When a run is over no OP_START or OP_END is queued and no op is ongoing.",
    rationale="What is left in the queue is lost with it: the classic bug that this tool was made for.",
    source="nandtrace model: how a run ends",
    needs=("RUN_END",),
)
def no_open_segment_at_run_end(facts: Facts) -> Finding:
    rows = []
    for seq, state in _judged_ends(facts):
        queued = [entry for entry in state.get("pending") or () if entry[1] in _QUEUED]
        ongoing = sum(len(ops) for ops in state.get("ongoing") or ())
        if queued or ongoing:
            first = f", first {queued[0][1]} of segment {queued[0][2]}" if queued else ""
            rows.append((seq, f"{len(queued)} queued{first}; {ongoing} ongoing"))
    return _boundary_finding(
        facts, rows, "no OP_START or OP_END queued, no op ongoing", ("pending", "ongoing")
    )


_QUEUED = ("OP_START", "OP_END")


@invariant(
    "suspended-lists-empty",
    group=GROUP,
    sentence="When a run is over no op is suspended.",
    rationale="A suspended op that nobody resumes blocks its block for ever, or is programmed twice.",
    source="nandtrace model: how a run ends",
    needs=("RUN_END",),
)
def suspended_lists_empty(facts: Facts) -> Finding:
    rows = []
    for seq, state in _judged_ends(facts):
        left = {
            axis: sum(len(ops) for ops in state.get(f"suspended_{axis}") or ())
            for axis in ("erase", "program")
        }
        if any(left.values()):
            rows.append((seq, f"{left['erase']} erases and {left['program']} programs suspended"))
    names = ("suspended_erase", "suspended_program")
    return _boundary_finding(facts, rows, "no op suspended", names)


def _judged_ends(facts: Facts) -> list[tuple[int, dict[str, Any]]]:
    """End snapshots, with their RUN_END, of runs that may leave nothing over."""
    batch, runs = facts.batch, facts.batch.runs
    return [
        (int(batch.seq[runs.end[row]]), state)
        for row in np.flatnonzero(facts.judged_end).tolist()
        if (state := batch.end_states[row]) is not None
    ]


def _boundary_finding(
    facts: Facts, rows: list[tuple[int, str]], expected: str, fields: tuple[str, ...]
) -> Finding:
    ends = [state for _, state in _judged_ends(facts) if any(name in state for name in fields)]
    frame = pl.DataFrame(rows, schema={"seq": pl.Int64, "found": pl.String}, orient="row")
    return finding(len(ends), frame, expected=expected, actual=pl.col("found"))


@invariant(
    "nothing-proposed-after-run-until",
    group=GROUP,
    sentence="Nothing is proposed or committed at or after run_until, but in the one tick that crosses "
    "it and by the drain.",
    rationale="A run that goes on deciding after its end is longer than it was asked to be.",
    source="nandtrace model: ticks; how a run ends",
    needs=("RUN_BEGIN",),
)
def nothing_proposed_after_run_until(facts: Facts) -> Finding:
    batch = facts.batch
    until = run_untils(batch)
    crossing = crossing_ticks(batch, until)
    drained = _first_drained(facts)
    parts, evaluated, exercised = [], 0, 0
    for kind in ("PROPOSE", "COMMIT"):
        positions = batch.rows(kind)
        rows = batch.run_row[positions]
        known = until[rows] != NULL
        late = known & (batch.time_ns[positions] >= until[rows])
        evaluated += int(known.sum())
        exercised += int(late.sum())
        if kind == "COMMIT":
            late &= ~_by_the_drain(facts)
        beyond = batch.time_ns[positions] > crossing[rows]
        late &= beyond | (batch.seq[positions] > drained[rows])
        parts.append(
            pl.DataFrame(
                {
                    "seq": batch.seq[positions[late]],
                    "time_ns": batch.time_ns[positions[late]],
                    "until_ns": until[rows[late]],
                }
            )
        )
    return finding(
        evaluated,
        pl.concat(parts).sort("seq"),
        exercised=exercised,
        expected=pl.format("nothing new after run_until, {}", microseconds("until_ns")),
        actual=pl.format("decided at {}", microseconds("time_ns")),
    )


def _by_the_drain(facts: Facts) -> Any:
    """Which COMMITs the drain made: its own, and the chain segments of what it resumed."""
    batch = facts.batch
    source = batch.column("COMMIT", "source")
    drained = source == batch.code("DRAIN")
    resumes = batch.rows("RESUME")[batch.column("RESUME", "source") == batch.code("DRAIN")]
    if len(resumes):
        chained = np.flatnonzero(source == batch.code("RESUME_CHAIN"))
        commits = batch.rows("COMMIT")[chained]
        op = batch.column("RESUME", "op")[np.searchsorted(batch.rows("RESUME"), resumes)]
        made = pl.DataFrame(
            {
                "run_row": batch.run_row[commits],
                "time_ns": batch.time_ns[commits],
                "op": batch.column("COMMIT", "op")[chained],
                "place": chained,
            }
        ).join(
            pl.DataFrame(
                {
                    "run_row": batch.run_row[resumes],
                    "time_ns": batch.time_ns[resumes],
                    "op": op,
                }
            ),
            on=["run_row", "time_ns", "op"],
            how="semi",
        )
        drained[made["place"].to_numpy()] = True
    return drained


def _first_drained(facts: Facts) -> Any:
    """Per run, the sequence number of the first drained OP_END: there the loop had stopped."""
    batch = facts.batch
    positions = batch.rows("OP_END")[batch.column("OP_END", "drained") == 1]
    first = np.full(len(batch.runs), np.iinfo(np.int64).max, np.int64)
    np.minimum.at(first, batch.run_row[positions], batch.seq[positions])
    return first


@invariant(
    "drain-clock",
    group=GROUP,
    sentence="A run has one drain at most, which begins and ends, and in which alone an op has source DRAIN; "
    "after it the clock stands at the last OP_END that it completed; these OP_ENDs and no others are marked "
    "as drained.",
    rationale="A clock left at run_until lets the next run begin before this one is over.",
    source="nandtrace model: the drain",
    needs=("RUN_END", "OP_END"),
)
def drain_clock(facts: Facts) -> Finding:
    batch, runs = facts.batch, facts.batch.runs
    positions = batch.rows("OP_END")[drained_ends(batch, facts.drains)]
    last = np.full(len(runs), NULL, np.int64)
    np.maximum.at(last, batch.run_row[positions], batch.time_ns[positions])
    drained = np.flatnonzero((last != NULL) & (runs.end >= 0))
    ends = runs.end[drained]
    frame = pl.DataFrame(
        {"seq": batch.seq[ends], "time_ns": batch.time_ns[ends], "last_ns": last[drained]}
    ).filter(pl.col("time_ns") != pl.col("last_ns"))
    off = frame.select(
        "seq",
        due=pl.format("the run to end at {}", microseconds("last_ns")),
        found=microseconds("time_ns"),
    )
    return finding(
        int((runs.end >= 0).sum()),
        pl.concat([off, _wrongly_marked(facts), _unpaired(facts)]).sort("seq"),
        exercised=len(drained),
        expected=pl.col("due"),
        actual=pl.col("found"),
    )


def _unpaired(facts: Facts) -> pl.DataFrame:
    """DRAIN_BEGINs and DRAIN_ENDs that are not the only ones of their run, or not in that order.

    A run that was never ended need not have ended its drain.
    """
    batch, parts = facts.batch, []
    rows = {kind: batch.run_row[batch.rows(kind)] for kind in ("DRAIN_BEGIN", "DRAIN_END")}
    counts = {kind: np.bincount(of, minlength=len(batch.runs)) for kind, of in rows.items()}
    for kind, other in (("DRAIN_BEGIN", "DRAIN_END"), ("DRAIN_END", "DRAIN_BEGIN")):
        positions, mine = batch.rows(kind), rows[kind]
        again = np.append(False, mine[1:] == mine[:-1])[: len(mine)]
        alone = (counts[other][mine] == 0) & (batch.runs.end[mine] >= 0)
        parts += [
            _worded(batch.seq[positions[again]], f"one {kind} in the run", "another"),
            _worded(batch.seq[positions[alone]], f"a {other} in the run too", "none"),
        ]
    return pl.concat([*parts, _ended_before_begun(facts), *_drained_outside(facts)])


def _drained_outside(facts: Facts) -> list[pl.DataFrame]:
    """COMMITs and RESUMEs of source DRAIN outside of a drain, in runs that tell where they drain."""
    batch, drains, parts = facts.batch, facts.drains, []
    told = np.zeros(len(batch.runs), np.bool_)
    told[drains.run_row] = True
    for kind in ("COMMIT", "RESUME"):
        positions = batch.rows(kind)
        positions = positions[batch.column(kind, "source") == batch.code(Source.DRAIN)]
        positions = positions[told[batch.run_row[positions]] & ~drains.holds(positions)]
        parts.append(
            _worded(batch.seq[positions], f"a {kind} of source DRAIN in a drain", "outside")
        )
    return parts


def _ended_before_begun(facts: Facts) -> pl.DataFrame:
    drains, ends = facts.drains, facts.batch.rows("DRAIN_END")
    first = np.searchsorted(ends, facts.batch.runs.first[drains.run_row])
    early = first < np.searchsorted(ends, drains.begin)
    seq = facts.batch.seq[drains.begin[early]]
    return _worded(seq, "a DRAIN_BEGIN before the DRAIN_END", "after it")


def _worded(seq: Int64s, due: str, found: str) -> pl.DataFrame:
    return pl.DataFrame({"seq": seq}, schema={"seq": pl.Int64}).with_columns(
        due=pl.lit(due), found=pl.lit(found)
    )


def _wrongly_marked(facts: Facts) -> pl.DataFrame:
    """OP_ENDs marked as drained that are not, or the reverse, in runs that tell where they drain."""
    batch, drains = facts.batch, facts.drains
    told = np.zeros(len(batch.runs), np.bool_)
    told[drains.run_row] = True
    positions = batch.rows("OP_END")
    marked = batch.column("OP_END", "drained") == 1
    due = drains.holds(positions) & completed_ends(batch)
    wrong = np.flatnonzero(told[batch.run_row[positions]] & (marked != due))
    words = np.array(["an OP_END not marked as drained", "an OP_END marked as drained"])
    return pl.DataFrame(
        {
            "seq": batch.seq[positions[wrong]],
            "due": words[due[wrong].astype(np.int64)].tolist(),
            "found": np.array(["not marked", "marked"])[marked[wrong].astype(np.int64)].tolist(),
        },
        schema={"seq": pl.Int64, "due": pl.String, "found": pl.String},
    )


@invariant(
    "snapshot-continuity",
    group=GROUP,
    sentence="A run begins in the state in which the one before it ended, but for what the header says "
    "may change.",
    rationale="State that changes between runs changes without an event, so nobody can replay it.",
    source="nandtrace model: how the next run starts",
    needs=("RUN_BEGIN", "RUN_END"),
)
def snapshot_continuity(facts: Facts) -> Finding:
    batch, runs = facts.batch, facts.batch.runs
    free = facts.rules.may_change_between_runs
    ends = [facts.carry.state, *batch.end_states[:-1]] if len(runs) else []
    rows, evaluated = [], 0
    for row, (before, after) in enumerate(zip(ends, batch.begin_states, strict=True)):
        if before is None or after is None:
            continue
        evaluated += 1
        changed = [
            name
            for name in sorted((before.keys() | after.keys()) - free)
            if before.get(name) != after.get(name)
        ]
        if changed:
            rows.append((int(batch.seq[runs.begin[row]]), ", ".join(changed)))
    frame = pl.DataFrame(rows, schema={"seq": pl.Int64, "found": pl.String}, orient="row")
    return finding(
        evaluated,
        frame,
        expected="the state at the end of the run before",
        actual=pl.format("other values of {}", "found"),
    )


@invariant(
    "snapshot-matches-replay",
    group=GROUP,
    sentence="At a run's end every field of the snapshot that events determine is what they say.",
    rationale="A scheduler that believes other pages programmed than it programmed will write wrong ones.",
    source="nandtrace model: snapshots and replay",
    needs=("RUN_END",),
)
def snapshot_matches_replay(facts: Facts) -> Finding:
    derivable = facts.batch.vocabulary.derivable_fields()
    parts = [_misfits(facts)]
    judged = np.zeros(len(facts.batch.runs), np.bool_)
    exercised = judged.copy()
    if "addr_state" in derivable:
        parts.append(_blocks_differ(facts, judged, exercised))
    parts.append(_fields_differ(facts, derivable, judged, exercised))
    offenders = pl.concat([part.offenders for part in parts], how="diagonal").sort("seq")
    evaluated, counted = int(judged.sum()), int((judged & exercised).sum())
    return Finding(evaluated + parts[0].evaluated, counted + parts[0].exercised, offenders)


def _blocks_differ(facts: Facts, judged: Flags, exercised: Flags) -> Finding:
    """Runs that end in another `addr_state` than their events say; marks those looked at."""
    begin, end = facts.cells.begin, end_states(facts.batch)
    if begin.shape != end.shape or not end.size:
        return nothing()
    replayed = fold_addresses(begin, facts.cells)
    known = (end[:, 0] != NULL) & (begin[:, 0] != NULL)
    judged |= known
    exercised[facts.cells.last["run_row"].to_numpy()] = True
    rows, cells = np.nonzero((end != replayed) & known[:, None])
    _, first, counts = np.unique(rows, return_index=True, return_counts=True)
    rows, cells = rows[first], cells[first]
    blocks = facts.rules.blocks_per_die or 1
    frame = to_frame(
        {
            "seq": facts.batch.seq[facts.batch.runs.end[rows]],
            "die": cells // blocks,
            "block": cells % blocks,
            "replayed": replayed[rows, cells],
            "said": end[rows, cells],
            "differing": counts,
        }
    )
    return finding(
        len(frame),
        frame,
        expected=pl.format("addr_state {} of die {} block {}", "replayed", "die", "block"),
        actual=pl.format("{} ({} blocks differ)", "said", "differing"),
    )


def _fields_differ(
    facts: Facts, derivable: frozenset[str], judged: Flags, exercised: Flags
) -> Finding:
    """Fields beside `addr_state` that end otherwise than the events say; marks the runs looked at."""
    batch, folding = facts.batch, Folding(facts)
    names = [name for name in folding.fields if name in derivable]
    rows = []
    for row, (begin, end) in enumerate(zip(batch.begin_states, batch.end_states, strict=True)):
        if begin is None or end is None:
            continue
        for name in names:
            if name not in begin or name not in end:
                continue
            judged[row] = True
            exercised[row] |= folding.changes(row, name)
            replayed = folding.value(row, name, begin[name])
            if replayed is not None and replayed != end[name]:
                seq = int(batch.seq[batch.runs.end[row]])
                rows.append((seq, *_difference(name, replayed, end[name])))
    schema = {"seq": pl.Int64, "due": pl.String, "found": pl.String}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return finding(len(frame), frame, expected=pl.col("due"), actual=pl.col("found"))


def _difference(name: str, replayed: list[Any], said: list[Any]) -> tuple[str, str]:
    """What the first entry that differs should be, and what it is."""
    pairs = enumerate(zip(replayed, said, strict=False))
    place = next((place for place, (due, found) in pairs if due != found), None)
    if len(replayed) != len(said) or place is None:
        return f"{len(replayed)} {name}: {_short(replayed)}", f"{len(said)}: {_short(said)}"
    return f"{name}[{place}] {_short(replayed[place])}", _short(said[place])


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"


def _misfits(facts: Facts) -> Finding:
    """Runs one of whose snapshots has an `addr_state` of more or fewer blocks than the device."""
    if not facts.rules.has_topology:
        return nothing()
    blocks = (facts.rules.dies or 0) * (facts.rules.blocks_per_die or 0)
    batch, runs = facts.batch, facts.batch.runs
    rows = []
    for row in np.flatnonzero(runs.end >= 0).tolist():
        states = [
            (state or {}).get("addr_state")
            for state in (batch.begin_states[row], batch.end_states[row])
        ]
        sizes = [len(state) for state in states if state is not None and len(state) != blocks]
        rows += [(int(batch.seq[runs.end[row]]), size) for size in sizes[:1]]
    frame = pl.DataFrame(rows, schema={"seq": pl.Int64, "size": pl.Int64}, orient="row")
    return finding(
        len(frame),
        frame,
        expected=f"an addr_state of the device's {blocks} blocks",
        actual=pl.format("one of {}", "size"),
    )
