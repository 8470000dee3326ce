"""Reference checker, NAND: the pages that the ops of a sequence inherit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.reference.nand.lifecycle import role_of
from tests.reference.nand.segments import Run, Segment
from tests.reference.runs import Offence

Place = tuple[int | None, int | None]
"""die and plane."""

Pages = dict[Place, tuple[int | None, int | None]]
"""By die and plane: block and page."""

CellTypes = dict[int | None, set[str]]
"""By op, the cell types that it programs."""

PAGE_RULES = {
    "none",
    "same_page",
    "inc_page",
    "prev_page",
    "pgm_same_page",
    "same_page_from_program_suspend",
}
READS = ("READ", "CACHE_READ", "CACHE_READ_END")
PROGRAMS = ("PROGRAM", "LOAD")


def misplaced(
    celltypes: CellTypes,
    run: Run,
    head: Segment,
    steps: list[tuple[dict[str, Any], list[Segment]]],
) -> Iterator[Offence]:
    """inherit-rules, for the ops of a sequence by the steps that brought them."""
    before = _pages([head])
    role = role_of(run, head.base)
    reads = [before] if role in READS else []
    programs = [before] if role in PROGRAMS else []
    followed = head
    for step, ops in steps:
        pages = _pages(ops)
        rules = step.get("rules", [])
        rule = next((rule for rule in rules if rule in PAGE_RULES), "none")
        known = {
            "same_page": before,
            "inc_page": _next_pages(before),
            "prev_page": reads[-2] if len(reads) > 1 else reads[-1] if reads else None,
            "pgm_same_page": programs[-1] if programs else None,
        }.get(rule)
        if rule == "same_page_from_program_suspend":
            known = _suspended(run, head)
        has_targets = all(op.targets for op in ops)
        if has_targets and known and not _inherited(rule, pages, known):
            yield "inherit-rules", ops[0].commit.seq
        if has_targets and rule == "none" and set(pages) != set(_pages([head])):
            yield "inherit-rules", ops[0].commit.seq
        if "same_celltype" in rules:
            wanted = celltypes.get(followed.op, set())
            if wanted and celltypes.get(ops[0].op, set()) - wanted:
                yield "inherit-rules", ops[0].commit.seq
        before, followed = pages or before, ops[0]
        role = role_of(run, ops[0].base)
        reads += [pages] if role in READS else []
        programs += [pages] if role in PROGRAMS else []


def _inherited(rule: str, pages: Pages, known: Pages) -> bool:
    """Whether pages are those known, plane by plane; a recovery read may take some of them."""
    if rule == "same_page_from_program_suspend":
        return bool(pages) and pages.items() <= known.items()
    return list(pages.items()) == list(known.items())


def _pages(ops: list[Segment]) -> Pages:
    """What ops address, those that address a page."""
    return {
        (die, plane): (block, page)
        for op in ops
        for die, plane, block, page in op.targets
        if page is not None
    }


def _next_pages(pages: Pages) -> Pages:
    return {
        place: (block, None if page is None else page + 1) for place, (block, page) in pages.items()
    }


def _suspended(run: Run, head: Segment) -> Pages | None:
    """The pages of the program that a suspend cut."""
    for entry in run.of_kind("SUSPEND"):
        if run.by.get(entry.seq) is head:
            for segment in run.segments:
                if segment.op == entry.get("op"):
                    return _pages([segment])
    return None


def celltypes_of(runs: list[Run]) -> CellTypes:
    """What the APPLY_PGMs of a trace say of its ops."""
    celltypes: CellTypes = {}
    for run in runs:
        for segment in run.segments:
            for apply in segment.applies:
                if apply.kind == "APPLY_PGM" and apply.get("celltype") is not None:
                    celltypes.setdefault(segment.op, set()).add(apply.get("celltype"))
    return celltypes
