"""Excerpts: some runs of a trace, or all of what there is, copied into another."""

from __future__ import annotations

import os
from itertools import pairwise

import numpy as np

from nandtrace.trace.buffer import Block, slice_block
from nandtrace.trace.chunk import Chunk, Table
from nandtrace.trace.columns import Int64s
from nandtrace.trace.reader import TraceReader
from nandtrace.trace.writer import TraceWriter
from nandtrace.vocab import NULL, ColumnType, Vocabulary


def write_excerpt(reader: TraceReader, runs: range, path: str | os.PathLike[str]) -> int:
    """Write the events and snapshots of runs under the trace's own header; returns how many events.

    Events are numbered from 0. Raises TraceError where a chunk of these runs can't be read.
    """
    writer = TraceWriter(path, reader.header)
    try:
        events = sum(copy_chunk(writer, chunk, runs) for chunk in reader.chunks_of_runs(runs))
        writer.close()
    except BaseException:
        writer.discard()
        raise
    return events


def copy_chunk(writer: TraceWriter, chunk: Chunk, runs: range) -> int:
    """Copy a chunk's events of the runs, with their snapshots; returns how many events."""
    vocabulary = writer.header.vocabulary
    places = np.flatnonzero((chunk.run >= runs.start) & (chunk.run < runs.stop))
    if not len(places):
        return 0
    start, stop = int(places[0]), int(places[-1]) + 1
    states = {item.seq - chunk.meta.first_seq: item.state for item in chunk.snapshots}
    # In stretches that end before an event with a snapshot.
    bounds = [start, *(at for at in sorted(states) if start < at < stop), stop]
    block = _decoded(chunk, writer, vocabulary)
    for begin, end in pairwise(bounds):
        if begin in states:
            writer.snapshot(states[begin])
        part = slice_block(block, begin, end, vocabulary)
        writer.append_columns(part.time_ns, part.run, part.kind, part.tables)
    return stop - start


def _decoded(chunk: Chunk, writer: TraceWriter, vocabulary: Vocabulary) -> Block:
    """All of a chunk, its names in the codes of the writer."""
    codes = np.array([*(writer.code(text) for text in chunk.meta.strings), NULL], np.int64)
    present = np.bincount(chunk.kind, minlength=256)
    tables = {}
    for kind in vocabulary.kinds:
        if present[kind.code]:
            table = chunk.table(kind)
            for column in kind.columns:
                if column.type == ColumnType.NAME:
                    table.columns[column.name] = _renamed(table, column.name, codes)
            tables[kind.name] = table
    return Block(chunk.time_ns, chunk.run, chunk.kind, tables)


def _renamed(table: Table, name: str, codes: Int64s) -> Int64s:
    values = table.columns[name]
    last = len(codes) - 1
    renamed: Int64s = codes[np.clip(np.where(values == NULL, last, values), 0, last)]
    return renamed
