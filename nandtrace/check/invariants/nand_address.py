"""Invariants of addresses: what is erased, programmed and targeted, and how often."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl

from nandtrace.check.applies import apply_balance
from nandtrace.check.cells import cell_numbers
from nandtrace.check.facts import Facts
from nandtrace.check.items import item_rows
from nandtrace.check.registry import invariant
from nandtrace.check.tables import PLACES, Finding, finding, nothing, to_frame
from nandtrace.vocab import NULL
from nandtrace.vocab.nand import NEVER_ERASED

GROUP = "nand address"


@invariant(
    "apply-pgm-matched",
    group=GROUP,
    sentence="Every completed op that programs a page has one APPLY_PGM of its targets, in their order, at "
    "its OP_END, and nothing else has one (policy per_segment: one at every ended segment).",
    rationale="Counted twice, as after a resume, a page is skipped; not counted, it is written twice.",
    source="nandtrace model: when a program counts",
    needs=("APPLY_PGM", "OP_END"),
)
def apply_pgm_matched(facts: Facts) -> Finding:
    if facts.rules.program_bases is None:
        return nothing()
    return _apply_finding(facts, "APPLY_PGM", facts.rules.program_bases)


@invariant(
    "apply-erase-matched",
    group=GROUP,
    sentence="Every completed erase has one APPLY_ERASE of its targets, in their order, at its OP_END, and "
    "nothing else has one.",
    rationale="A block that was erased but is not known to be erased is never programmed again.",
    source="nandtrace model: when an erase counts",
    needs=("APPLY_ERASE", "OP_END"),
)
def apply_erase_matched(facts: Facts) -> Finding:
    return _apply_finding(facts, "APPLY_ERASE", facts.rules.erase_bases)


def _apply_finding(facts: Facts, kind: str, bases: Iterable[str]) -> Finding:
    balance = apply_balance(facts, kind, bases)
    wrong = pl.concat(
        [
            balance.ops.filter(pl.col("applied") != pl.col("due")).select(
                "seq",
                "seg",
                "op",
                expected=pl.format("{} {} for segment {}", "due", pl.lit(kind), "seg"),
                actual=pl.format("{}", "applied"),
            ),
            balance.misplaced,
        ]
    ).sort("seq")
    return Finding(len(balance.ops), int((balance.ops["due"] > 0).sum()) + len(wrong), wrong)


@invariant(
    "program-after-erase",
    group=GROUP,
    sentence="A page is programmed only in a block that was erased.",
    rationale="A cell can only be programmed from the erased state.",
    source="NAND data sheets: erase before program",
    needs=("APPLY_PGM",),
)
def program_after_erase(facts: Facts) -> Finding:
    programs = _programs(facts).filter(pl.col("before").is_not_null())
    return finding(
        len(programs),
        programs.filter(pl.col("before") == NEVER_ERASED).sort("seq"),
        expected="a block that was erased",
        actual=pl.format("page {} of die {} block {}, never erased", "page", "die", "block"),
    )


@invariant(
    "page-ascending",
    group=GROUP,
    sentence="The pages of a block are programmed in order from 0, each the last plus one.",
    rationale="NAND disturbs its neighbours: the data sheet allows no other order.",
    source="NAND data sheets: page programming order within a block",
    needs=("APPLY_PGM",),
)
def page_ascending(facts: Facts) -> Finding:
    programs = _programs(facts).filter(pl.col("before").is_not_null(), pl.col("page").is_not_null())
    programs = programs.with_columns(due=pl.max_horizontal(pl.col("before") + 1, pl.lit(0)))
    return finding(
        len(programs),
        programs.filter(pl.col("page") != pl.col("due")).sort("seq"),
        expected=pl.format("page {} of die {} block {}", "due", "die", "block"),
        actual=pl.format("page {}", "page"),
    )


@invariant(
    "page-programmed-once",
    group=GROUP,
    sentence="A page is programmed once between two erases of its block.",
    rationale="A second program of a page destroys what the first one wrote.",
    source="NAND data sheets: number of partial programs; when a program counts",
    needs=("APPLY_PGM",),
    implies=("page-ascending",),
    stays="it says that what was written before is lost, which a page out of order need not mean.",
)
def page_programmed_once(facts: Facts) -> Finding:
    rows = facts.cells.frame
    programs = rows.filter(pl.col("erase") == 0, pl.col("page").is_not_null())
    suspects = programs.filter(pl.col("page") <= pl.col("before"))
    if suspects.is_empty():
        return finding(len(programs), suspects, expected="", actual="")
    group = ["run_row", "cell"]
    rows = rows.join(suspects.select(group).unique(), on=group, how="semi", maintain_order="left")
    rows = rows.with_columns(epoch=pl.col("erase").cum_sum().over(group))
    page = [*group, "epoch", "page"]
    rows = rows.with_columns(
        nth=pl.int_range(pl.len()).over(page),
        begun=pl.col("before").first().over(group),
    )
    again = (pl.col("nth") > 0) | ((pl.col("epoch") == 0) & (pl.col("page") <= pl.col("begun")))
    return finding(
        len(programs),
        rows.filter((pl.col("erase") == 0) & again).sort("seq"),
        expected=pl.format("page {} of die {} block {} programmed once", "page", "die", "block"),
        actual="programmed again without an erase",
    )


@invariant(
    "celltype-match",
    group=GROUP,
    sentence="A block is programmed in the cell mode it was erased in, or one that this mode takes.",
    rationale="An SLC-erased block has other thresholds than a TLC one; the data would not read back.",
    source="NAND data sheets: SLC mode is chosen at the erase",
    needs=("APPLY_PGM", "APPLY_ERASE"),
)
def celltype_match(facts: Facts) -> Finding:
    batch, compatible = facts.batch, facts.rules.celltype_compatible
    if compatible is None:
        return nothing()
    programs = _programs(facts).filter(
        pl.col("mode").is_not_null(), pl.col("celltype").is_not_null()
    )
    taken = [
        (batch.code(erased), batch.code(programmed))
        for erased, modes in compatible.items()
        for programmed in modes
    ]
    pairs = pl.DataFrame(taken, schema={"mode": pl.Int64, "celltype": pl.Int64}, orient="row")
    wrong = programs.filter(pl.col("mode") != pl.col("celltype")).join(
        pairs, on=["mode", "celltype"], how="anti"
    )
    names = dict(enumerate(batch.names))
    wrong = wrong.with_columns(
        pl.col(column).replace_strict(names, default="an unknown mode", return_dtype=pl.String)
        for column in ("mode", "celltype")
    )
    return finding(
        len(programs),
        wrong.sort("seq"),
        expected=pl.format("a mode that die {} block {}, erased {}, takes", "die", "block", "mode"),
        actual=pl.format("programmed {}", "celltype"),
    )


def _programs(facts: Facts) -> pl.DataFrame:
    return facts.cells.frame.filter(pl.col("erase") == 0)


@invariant(
    "bad-block-untouched",
    group=GROUP,
    sentence="No bad block is erased, programmed or targeted.",
    rationale="A bad block holds no data; the factory's marks must not be destroyed.",
    source="NAND data sheets: factory bad blocks",
    needs=("COMMIT", "APPLY_ERASE", "APPLY_PGM"),
)
def bad_block_untouched(facts: Facts) -> Finding:
    rules = facts.rules
    if not rules.bad_blocks or not rules.has_topology:
        return nothing()
    bad = [die * (rules.blocks_per_die or 0) + block for die, block in rules.bad_blocks]
    targets = _addressed(facts, "COMMIT")
    touched = [(targets, targets["page"] != NULL)]
    for kind in ("APPLY_ERASE", "APPLY_PGM"):
        cells = _applied(facts, kind)
        touched.append((cells, np.ones(len(cells["seq"]), np.bool_)))
    parts = [
        to_frame(rows).filter(
            pl.Series(judged & np.isin(cell_numbers(rules, rows["die"], rows["block"]), bad))
        )
        for rows, judged in touched
    ]
    return finding(
        sum(int(judged.sum()) for _, judged in touched),
        pl.concat(parts, how="diagonal").sort("seq", maintain_order=True),
        expected="no op on a bad block",
        actual=pl.format("die {} block {}", "die", "block"),
    )


def _addressed(facts: Facts, kind: str) -> dict[str, np.ndarray]:
    """One row per target of a COMMIT or an OP_END."""
    return item_rows(facts.batch, kind, "targets", ("die", "plane", "block", "page"))


@invariant(
    "address-in-range",
    group=GROUP,
    sentence="Every die, plane, block and page that is targeted or applied is one of the device, and "
    "the block lies in its plane.",
    rationale="An address outside the device reaches another cell or none.",
    source="NAND data sheets: array organisation and addressing",
    needs=("COMMIT", "OP_END", "APPLY_ERASE", "APPLY_PGM"),
)
def address_in_range(facts: Facts) -> Finding:
    if not facts.rules.has_topology:
        return nothing()
    parts, evaluated = [], 0
    for kind in ("COMMIT", "OP_END"):
        targets = _addressed(facts, kind)
        evaluated += len(targets["seq"])
        parts.append(_misaddressed(facts, targets, whole=False))
    for kind in ("APPLY_ERASE", "APPLY_PGM"):
        cells = _applied(facts, kind)
        evaluated += len(cells["seq"])
        parts.append(_misaddressed(facts, cells, whole=True))
    wrong = pl.concat(parts).sort("seq")
    return finding(evaluated, wrong, expected=pl.col("rule"), actual=pl.col("found"))


def _applied(facts: Facts, kind: str) -> dict[str, np.ndarray]:
    """One row per cell of an APPLY; a cell tells no plane, that of an erase no page."""
    rows = item_rows(facts.batch, kind, "cells", ("die", "block", "page"))
    blank = np.full(len(rows["seq"]), NULL, np.int64)
    return rows | {"plane": blank} | ({} if kind == "APPLY_PGM" else {"page": blank})


def _misaddressed(facts: Facts, rows: dict[str, np.ndarray], whole: bool) -> pl.DataFrame:
    """Rows outside the device. Where a target names no page, only its die is meant (`whole` false)."""
    rules = facts.rules
    assert rules.dies is not None
    assert rules.planes is not None
    assert rules.blocks_per_die is not None
    assert rules.pages_per_block is not None
    die, plane, block, page = (rows[name] for name in ("die", "plane", "block", "page"))
    meant = np.full(len(die), True) if whole else page != NULL
    tests = {
        f"a die below {rules.dies}": (die < 0) | (die >= rules.dies),
        f"a plane below {rules.planes}": meant
        & (plane != NULL)
        & ((plane < 0) | (plane >= rules.planes)),
        f"a block below {rules.blocks_per_die}": meant
        & ((block < 0) | (block >= rules.blocks_per_die)),
        f"a page below {rules.pages_per_block}": (page != NULL)
        & ((page < 0) | (page >= rules.pages_per_block)),
        f"a block that lies in its plane (block % {rules.planes})": meant
        & (plane != NULL)
        & (block % rules.planes != plane),
    }
    wrong = np.full(len(die), -1)
    for number, test in reversed(list(enumerate(tests.values()))):
        wrong[test] = number
    places = np.flatnonzero(wrong >= 0)
    frame = to_frame({name: rows[name][places] for name in ("seq", *PLACES) if name in rows})
    return frame.with_columns(
        rule=pl.Series([list(tests)[number] for number in wrong[places].tolist()], dtype=pl.String),
        found=pl.format(
            "die {}, plane {}, block {}, page {}",
            *(
                pl.col(name).cast(pl.String).fill_null("-")
                for name in ("die", "plane", "block", "page")
            ),
        ),
    )


@invariant(
    "multi-plane-address",
    group=GROUP,
    sentence="The targets of a multi-plane op lie on one die, on ascending planes, at one page and one "
    "block row (block // planes).",
    rationale="The planes share one row decoder; anything else is no multi-plane command.",
    source="ONFI and data sheets: multi-plane address restrictions",
    needs=("COMMIT",),
)
def multi_plane_address(facts: Facts) -> Finding:
    batch, planes = facts.batch, facts.rules.planes
    items = batch.items("COMMIT", "targets")
    if planes is None or not items.columns:
        return nothing()
    op = np.repeat(np.arange(len(items.counts)), items.counts)
    die, plane, block, page = (items.columns[name] for name in ("die", "plane", "block", "page"))
    same = (op[1:] == op[:-1]) & (page[1:] != NULL) & (page[:-1] != NULL)
    broken = same & (
        (die[1:] != die[:-1])
        | (plane[1:] <= plane[:-1])
        | (page[1:] != page[:-1])
        | (block[1:] // planes != block[:-1] // planes)
    )
    wrong = np.unique(op[1:][broken])
    positions = batch.rows("COMMIT")
    frame = pl.DataFrame(
        {"seq": batch.seq[positions[wrong]], "seg": batch.column("COMMIT", "seg")[wrong]}
    )
    listed = [
        _listed(items.columns, int(items.counts[:row].sum()), int(items.counts[row]))
        for row in wrong.tolist()
    ]
    return finding(
        len(items.counts),
        frame.with_columns(found=pl.Series(listed, dtype=pl.String)),
        exercised=int((items.counts > 1).sum()),
        expected="targets on one die, ascending planes, one page and block row",
        actual=pl.col("found"),
    )


def _listed(columns: dict[str, np.ndarray], first: int, count: int) -> str:
    names = ("die", "plane", "block", "page")
    rows = zip(*(columns[name][first : first + count].tolist() for name in names), strict=True)
    return " ".join("/".join("-" if value == NULL else str(value) for value in row) for row in rows)
