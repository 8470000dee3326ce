"""A trace of every released format version: it reads as it always did.

Today's writer, whose vocabulary may have grown, makes the same bytes of the same calls in any process.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import jsonschema
import msgpack
import pytest

from nandtrace import NAND, Recorder, Topology, TraceReader
from nandtrace.schema_files import load_schema
from nandtrace.trace import Chunk
from nandtrace.trace.event import Event, events_of
from nandtrace.trace.header import header_to_bytes
from tests.strategies import every_kind

V1 = Path(__file__).parent.parent / "data" / "format" / "v1.mpk"
V1_DIGEST = "8867819283cc434f4801356e615271948c4e68b55cbb2c8363797c81ddfb5d2e"
MAKE_V1 = "import sys; sys.path[:0] = sys.argv[2:]; import test_format_versions as t; t.make_v1(sys.argv[1])"


def make_v1(path: str | Path) -> None:
    """Write what v1.mpk holds: every kind, three chunks, provenance; sets where order is none."""
    with Recorder(
        path,
        topology=Topology(dies=1, planes=2, blocks_per_die=2, pages_per_block=8),
        program_bases={"PROGRAM_SLC", "ONESHOT_PROGRAM", "CACHE_PROGRAM"},
        celltype_compatible={"SLC": {"A0SLC", "ACSLC"}},
        bad_blocks={(0, 1)},
        identity={"seed": 7, "profile": {"name": "small", "tR_ns": 25_000}},
        provenance={"host": "lab"},
        chunk_events=26,
    ) as recorder:
        for method, values in every_kind():
            getattr(recorder, method)(**values)


def _events(path: Path) -> list[Event]:
    with TraceReader(path) as reader:
        chunks = list(reader.walk())
    assert all(isinstance(chunk, Chunk) for chunk in chunks)
    return [event for chunk in chunks for event in events_of(chunk, NAND)]


def test_version_1_reads_as_it_always_did() -> None:
    events = _events(V1)
    assert len(events) == 63
    assert events[0] == Event(0, 0, 0, "RUN_BEGIN", {"run_until_ns": 25})
    targets = [(0, 0, 4, 3), (0, 1, 5, 3)]
    commit = {"op_name": "Read", "base": "READ", "source": "PROPOSAL", "start_ns": 10, "end_ns": 20}
    assert events[3:5] == [
        Event(3, 0, 2, "COMMIT", {"seg": 1, "op": 7, **commit, "targets": targets}),
        Event(4, 0, 2, "COMMIT", {"seg": 2, **commit, "targets": [(0, 0, 0, None)]}),
    ]
    assert events[33].fields == {
        "seg": 1,
        "celltype": "µSLC",
        "aborted": False,
        "cells": [(0, 4, 0)],
    }
    assert events[62] == Event(62, 2, 30, "RUN_END", {"end": "DRAINED", "hooks": 1})
    assert {event.kind for event in events} == set(NAND.by_name)


def test_version_1_has_its_header_snapshots_and_index() -> None:
    with TraceReader(V1) as reader:
        states = [state for chunk in reader.walk() for state in chunk.snapshots]
        assert reader.has_footer
        assert reader.index.digest().hex() == V1_DIGEST
        assert [(entry.first_seq, entry.first_run) for entry in reader.index.chunks] == [
            (0, 0),
            (26, 1),
            (52, 2),
        ]
        assert reader.header.identity == {"profile": {"name": "small", "tR_ns": 25_000}, "seed": 7}
        assert reader.header.device["celltype_compatible"] == {"SLC": ["A0SLC", "ACSLC"]}
        assert reader.provenance == {"host": "lab"}
    assert [item.seq for item in states] == [0, 20, 21, 41, 42, 62]
    assert states[2].state == {
        "ongoing": [[]],
        "addr_state": [-2, 1],
        "metrics": {"hooks": 0.5, "why": None},
    }


def test_header_and_snapshots_are_what_their_schemas_say() -> None:
    with TraceReader(V1) as reader:
        jsonschema.validate(msgpack.unpackb(header_to_bytes(reader.header)), load_schema("header"))
        for chunk in reader.walk():
            for item in chunk.snapshots:
                jsonschema.validate(item.state, load_schema("snapshot-nand"))


@pytest.mark.parametrize("hash_seed", ["0", "1", "4242"])
def test_todays_writer_makes_the_same_bytes_in_any_process(tmp_path: Path, hash_seed: str) -> None:
    here = Path(__file__).parent
    subprocess.run(
        [sys.executable, "-c", MAKE_V1, str(tmp_path / "v1.mpk"), str(here), str(here.parents[1])],
        check=True,
        env={"PYTHONHASHSEED": hash_seed},
    )
    make_v1(tmp_path / "here.mpk")
    assert (tmp_path / "v1.mpk").read_bytes() == (tmp_path / "here.mpk").read_bytes()
