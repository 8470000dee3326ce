"""What the import's tests share: the real logs, a small log, and columns of what was imported."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from nandtrace.convert.jsonl import import_jsonl
from nandtrace.trace import Chunk, TraceReader
from nandtrace.vocab import NAND, NULL

HEADER = {
    "kind": "HEADER",
    "format": "nandtrace-jsonl",
    "version": 1,
    "domain": "nand",
    "time_unit": "us",
    "topology": {"dies": 1, "planes": 2, "blocks_per_die": 4, "pages_per_block": 8},
    "program_bases": ["PROGRAM_SLC"],
}


class Imported:
    """A trace read back whole: headers, and per kind the rows as tuples with None for NULL."""

    def __init__(self, path: Path) -> None:
        with TraceReader(path) as reader:
            chunks = list(reader.walk())
            self.header = reader.header
            self.counts = reader.index.counts()
        assert all(isinstance(chunk, Chunk) for chunk in chunks)
        self.chunks = [chunk for chunk in chunks if isinstance(chunk, Chunk)]
        self.snapshots = [item.state for chunk in self.chunks for item in chunk.snapshots]

    def rows(self, kind: str, *columns: str) -> list[tuple[Any, ...]]:
        """The named columns of every event of a kind; time_ns and run can be named too."""
        entry = NAND.by_name[kind]
        names = {column.name for column in entry.columns if column.type == "name"}
        rows: list[tuple[Any, ...]] = []
        for chunk in self.chunks:
            table, at = chunk.table(entry), chunk.rows(entry)
            given = {**table.columns, "time_ns": chunk.time_ns[at], "run": chunk.run[at]}
            values = [
                [_plain(value, chunk, name in names) for value in given[name].tolist()]
                for name in columns
            ]
            rows += zip(*values, strict=True)
        return rows

    def items(self, kind: str, name: str) -> list[list[tuple[int | None, ...]]]:
        """The list of every event of a kind."""
        lists: list[list[tuple[int | None, ...]]] = []
        for chunk in self.chunks:
            item = chunk.table(NAND.by_name[kind]).lists[name]
            columns = [[_plain(v, chunk, False) for v in c.tolist()] for c in item.columns.values()]
            rows = iter(zip(*columns, strict=True))
            lists += [[next(rows) for _ in range(count)] for count in item.counts.tolist()]
        return lists


def _plain(value: int, chunk: Chunk, is_name: bool) -> Any:
    if value == NULL:
        return None
    return chunk.meta.strings[value] if is_name else value


@pytest.fixture(scope="session")
def real_logs() -> Path:
    return Path(__file__).parent.parent / "data" / "real"


@pytest.fixture
def write_log(tmp_path: Path) -> Callable[..., Path]:
    """Write a log of these lines, after a HEADER with these fields beside the usual ones."""

    def write(lines: Iterable[dict[str, Any]], **header: Any) -> Path:
        path = tmp_path / "small.jsonl"
        path.write_text("".join(f"{json.dumps(line)}\n" for line in ({**HEADER, **header}, *lines)))
        return path

    return write


@pytest.fixture
def imported(tmp_path: Path) -> Callable[..., Imported]:
    """Import a log and read the trace back."""

    def run(log: Path, **options: Any) -> Imported:
        target = tmp_path / "imported.mpk"
        import_jsonl(log, target, **options)
        return Imported(target)

    return run
