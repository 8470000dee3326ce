"""Two traces compared: the same, or one first divergence, and what follows it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nandtrace.diff import ABSENT, Change, Realignment, Result, compare
from nandtrace.diff.compare import spans
from nandtrace.diff.side import Extent
from nandtrace.trace import TraceReader, recover

Record = Callable[..., Path]
SmallCalls = Callable[..., Any]


def _find(calls: Any, method: str, nth: int) -> int:
    places = [place for place, (name, _) in enumerate(calls) if name == method]
    return places[nth]


def _damage_chunk(path: Path, ordinal: int) -> None:
    with TraceReader(path) as reader:
        entry = reader.index.chunks[ordinal]
    raw = bytearray(path.read_bytes())
    raw[entry.offset + entry.size_bytes - 10] ^= 0x40
    path.write_bytes(raw)


def test_a_trace_is_the_same_as_its_copy(record: Record, small_calls: SmallCalls) -> None:
    diff = compare(record("a.mpk", small_calls()), record("b.mpk", small_calls()))
    assert diff.result is Result.SAME
    assert diff.same_digest
    assert diff.divergence is None
    assert diff.aftermath is None


@pytest.mark.parametrize("options", [{"chunk_events": 7}, {"compress": True}])
def test_chunk_size_and_compression_make_no_difference(
    record: Record, small_calls: SmallCalls, options: dict[str, Any]
) -> None:
    old = record("a.mpk", small_calls(), chunk_events=10)
    diff = compare(old, record("b.mpk", small_calls(), **({"chunk_events": 10} | options)))
    assert diff.result is Result.SAME
    assert diff.same_digest is (options == {"compress": True})


def test_one_changed_field(record: Record, small_calls: SmallCalls) -> None:
    changed = small_calls()
    place = _find(changed, "commit", 5)
    changed[place][1]["end_ns"] += 10
    changed[place][1]["op_name"] = "Program TLC"
    diff = compare(record("a.mpk", small_calls()), record("b.mpk", changed))
    assert diff.result is Result.DIFFERENT
    assert diff.header == []
    found = diff.divergence
    assert found is not None
    assert found.seq == place == 23
    assert found.fields == [
        Change("op_name", "Program SLC", "Program TLC"),
        Change("end_ns", 101_500, 101_510),
    ]
    assert [event.seq for event in found.before] == [20, 21, 22]
    assert [event.seq for event in found.old_after] == [24, 25, 26]
    assert [event.kind for event in found.new_after] == ["OP_START", "OP_END", "APPLY_PGM"]
    assert diff.aftermath is not None
    assert diff.aftermath.realignment == Realignment(24, 24, 30)


def test_a_list_item_that_differs(record: Record, small_calls: SmallCalls) -> None:
    changed = small_calls()
    place = _find(changed, "apply_pgm", 6)
    changed[place][1]["cells"] = [(0, 0, 3), (1, 1, 3)]
    diff = compare(record("a.mpk", small_calls()), record("b.mpk", changed))
    found = diff.divergence
    assert found is not None
    assert found.seq == place
    assert found.fields == [Change("cells", [(0, 0, 3)], [(0, 0, 3), (1, 1, 3)])]


def test_an_inserted_event_realigns_one_further(record: Record, small_calls: SmallCalls) -> None:
    changed = small_calls()
    changed.insert(20, ("hook", {"time_ns": 100_000, "hook": "PHASE_HOOK", "die": 1}))
    diff = compare(record("a.mpk", small_calls()), record("b.mpk", changed, chunk_events=16))
    found = diff.divergence
    assert found is not None
    assert found.seq == 20
    assert found.fields == [Change("kind", "OP_START", "HOOK")]
    assert diff.aftermath is not None
    assert diff.aftermath.realignment == Realignment(20, 21, 34)
    assert diff.aftermath.dies == {0: (7, 7), 1: (8, 9)}
    assert (diff.old.counts.get("HOOK"), diff.new.counts["HOOK"]) == (None, 1)


def test_a_difference_near_the_end_realigns_with_fewer_events(
    record: Record, small_calls: SmallCalls
) -> None:
    changed = small_calls()
    changed[50][1]["seg"] = 99
    diff = compare(record("a.mpk", small_calls()), record("b.mpk", changed))
    assert diff.aftermath is not None
    assert diff.aftermath.realignment == Realignment(51, 51, 3)


def test_traces_that_never_agree_again(record: Record, small_calls: SmallCalls) -> None:
    changed = small_calls()
    for _, values in changed[20:]:
        values["time_ns"] += 10
    diff = compare(record("a.mpk", small_calls()), record("b.mpk", changed))
    assert diff.divergence is not None
    assert diff.divergence.seq == 20
    assert diff.divergence.fields == [Change("time_ns", 100_000, 100_010)]
    assert diff.aftermath is not None
    assert diff.aftermath.realignment is None


def test_a_trace_that_goes_on(record: Record, small_calls: SmallCalls) -> None:
    diff = compare(record("a.mpk", small_calls()), record("b.mpk", small_calls(runs=4)))
    found = diff.divergence
    assert found is not None
    assert (found.seq, found.old, found.fields) == (54, None, [])
    assert found.new is not None
    assert found.new.kind == "RUN_BEGIN"
    assert [event.seq for event in found.before] == [51, 52, 53]
    assert found.old_after == []


def test_a_snapshot_that_differs(record: Record, small_calls: SmallCalls) -> None:
    changed = small_calls()
    place = _find(changed, "end_run", 1)
    changed[place][1]["snapshot"]["addr_state"][2] = 7
    changed[place][1]["snapshot"]["clock"] = 1
    diff = compare(record("a.mpk", small_calls()), record("b.mpk", changed))
    found = diff.divergence
    assert found is not None
    assert found.seq == place
    assert found.fields == []
    assert found.snapshot == [Change("addr_state[2]", -2, 7), Change("clock", ABSENT, 1)]
    assert diff.aftermath is not None
    assert diff.aftermath.realignment == Realignment(place + 1, place + 1, 18)


def test_headers_come_first_and_alone_make_a_difference(
    record: Record, small_calls: SmallCalls
) -> None:
    old = record("a.mpk", small_calls(), identity={"seed": 1, "options": {"drain": True}})
    new = record("b.mpk", small_calls(), identity={"seed": 2, "profile": "tlc"})
    diff = compare(old, new)
    assert diff.result is Result.DIFFERENT
    assert diff.divergence is None
    assert diff.header == [
        Change("identity.options", {"drain": True}, ABSENT),
        Change("identity.profile", ABSENT, "tlc"),
        Change("identity.seed", 1, 2),
    ]


def test_damage_is_skipped_and_reported(record: Record, small_calls: SmallCalls) -> None:
    old = record("a.mpk", small_calls(), chunk_events=10)
    new = record("b.mpk", small_calls(), chunk_events=10, compress=True)
    _damage_chunk(new, 2)
    new.write_bytes(new.read_bytes()[:-1])
    diff = compare(old, new)
    assert diff.result is Result.INCOMPLETE
    assert diff.uncompared == 10
    assert diff.new.problems[0].endswith("the checksum of the frame does not match its bytes")
    assert diff.new.problems[-1].endswith("the trace has no end: it was cut or is still written")
    assert diff.old.problems == []


def test_damage_below_a_sound_footer_is_found_when_it_is_read(
    record: Record, small_calls: SmallCalls
) -> None:
    changed = small_calls()
    changed[45][1]["seg"] = 99
    old = record("a.mpk", changed, chunk_events=10)
    _damage_chunk(old, 2)
    diff = compare(old, record("b.mpk", small_calls(), chunk_events=7))
    assert diff.divergence is not None
    assert diff.divergence.seq == 45
    assert diff.uncompared == 10
    assert [problem.split(": ")[1] for problem in diff.old.problems] == [
        "the checksum of the frame does not match its bytes"
    ]


def test_a_difference_goes_before_damage(record: Record, small_calls: SmallCalls) -> None:
    changed = small_calls()
    changed[3][1]["seg"] = 99
    old = record("a.mpk", small_calls(), chunk_events=10)
    new = record("b.mpk", changed, chunk_events=10)
    new.write_bytes(new.read_bytes()[:-100])
    assert compare(old, new).result is Result.DIFFERENT


def test_a_recovered_trace_is_the_same_as_far_as_it_goes(
    record: Record, small_calls: SmallCalls, tmp_path: Path
) -> None:
    old = record("a.mpk", small_calls(), chunk_events=10)
    cut = tmp_path / "cut.mpk"
    cut.write_bytes(old.read_bytes()[: old.stat().st_size // 2])
    saved = recover(cut, tmp_path / "saved.mpk")
    diff = compare(old, tmp_path / "saved.mpk")
    assert diff.result is Result.INCOMPLETE
    assert diff.uncompared == 54 - saved.events


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    place=st.integers(1, 52),
    how=st.sampled_from(["drop", "double", "time"]),
    sizes=st.tuples(st.integers(1, 60), st.integers(1, 60)),
)
def test_any_change_is_found_where_it_is(
    record: Record, small_calls: SmallCalls, place: int, how: str, sizes: tuple[int, int]
) -> None:
    changed = small_calls()
    if changed[place][0] in ("begin_run", "end_run"):
        return
    if how == "drop":
        del changed[place]
        expected = place
    elif how == "double":
        changed.insert(place, changed[place])
        expected = place + 1
    else:
        changed[place][1]["time_ns"] += 1
        expected = place
    old = record("a.mpk", small_calls(), chunk_events=sizes[0])
    new = record("b.mpk", changed, chunk_events=sizes[1])
    diff = compare(old, new)
    assert diff.divergence is not None
    assert diff.divergence.seq == expected
    old.unlink()
    new.unlink()


def test_spans_cut_at_every_border() -> None:
    old = [Extent(0, 10, 0), Extent(10, 20, 1), Extent(25, 30, 2)]
    new = [Extent(0, 12, 0), Extent(12, 35, 1)]
    assert list(spans(old, new)) == [
        (0, 10, 0, 0),
        (10, 12, 1, 0),
        (12, 20, 1, 1),
        (20, 25, None, 1),
        (25, 30, 2, 1),
        (30, 35, None, 1),
    ]
