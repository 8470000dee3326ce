"""What the recorders of all domains but nand do alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nandtrace.errors import RecordError
from tests.trace.graph_recording import GRAPHS
from tests.trace.order_recording import ORDERS
from tests.trace.recording import Recording, chunks_in, events_in

RECORDINGS = [pytest.param(item, id=item.vocabulary.domain) for item in (GRAPHS, ORDERS)]


@pytest.mark.parametrize("domain", RECORDINGS)
def test_what_is_written_is_what_is_read(domain: Recording, tmp_path: Path) -> None:
    path = domain.record(tmp_path / "a.mpk", domain.calls())
    expected = domain.events()
    assert events_in(path, domain.vocabulary) == expected
    assert {event.kind for event in expected} == set(domain.vocabulary.by_name)
    (chunk,) = chunks_in(path)
    assert [(item.seq, item.state) for item in chunk.snapshots] == [
        (0, domain.state()),
        (len(expected) - 1, domain.last),
    ]


BAD_VALUES = [
    pytest.param(item, *bad, id=f"{item.vocabulary.domain}: {bad[2]}")
    for item in (GRAPHS, ORDERS)
    for bad in item.bad_values
]


@pytest.mark.parametrize(("domain", "method", "values", "reason"), BAD_VALUES)
def test_a_bad_value_is_refused_at_once_and_leaves_nothing(
    domain: Recording, method: str, values: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    expected = domain.record(tmp_path / "expected.mpk", domain.calls())
    with domain.open(tmp_path / "a.mpk") as recorder:
        for place, (name, arguments) in enumerate(domain.calls()):
            if place == 4:
                with pytest.raises(RecordError, match=reason):
                    getattr(recorder, method)(**{"time_ns": 5, **values})
            getattr(recorder, name)(**arguments)
    assert (tmp_path / "a.mpk").read_bytes() == expected.read_bytes()


@pytest.mark.parametrize("domain", RECORDINGS)
def test_events_outside_a_run_are_refused(domain: Recording, tmp_path: Path) -> None:
    begin, first, *_, end = domain.calls()
    kind = domain.every_kind[0][1]
    for name, given, reason in (
        ("a", [first], f"{kind} outside a run"),
        ("b", [begin, end, first], f"{kind} outside a run"),
        ("c", [begin, begin], "run 0 has not ended"),
        ("d", [end], "no run is open"),
        ("e", [begin, end, begin], "run 1 was never ended"),
    ):
        with pytest.raises(RecordError, match=reason):
            domain.record(tmp_path / f"{name}.mpk", given)


@pytest.mark.parametrize("domain", RECORDINGS)
def test_runs_are_numbered_from_the_first(domain: Recording, tmp_path: Path) -> None:
    path = domain.record(tmp_path / "a.mpk", domain.calls(runs=2), first_run=5)
    events = len(domain.calls())
    found = [event.run for event in events_in(path, domain.vocabulary)]
    assert found == [5] * events + [6] * events


BAD_STATES = [
    pytest.param(item, *bad, id=f"{item.vocabulary.domain}: {bad[1]}")
    for item in (GRAPHS, ORDERS)
    for bad in item.bad_states
]


@pytest.mark.parametrize(("domain", "changes", "reason"), BAD_STATES)
def test_a_bad_snapshot_is_refused_and_the_trace_goes_on(
    domain: Recording, changes: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    begin, *_, end = domain.calls()
    bad = domain.state(**changes)
    with domain.open(tmp_path / "a.mpk") as recorder:
        with pytest.raises(RecordError, match=f"RUN_BEGIN: .*{reason}"):
            recorder.begin_run(0, snapshot=bad)
        recorder.begin_run(**begin[1])
        with pytest.raises(RecordError, match=f"RUN_END: .*{reason}"):
            recorder.end_run(9, domain.ends[1], snapshot=bad)
        recorder.end_run(**end[1])
    whole = domain.record(tmp_path / "b.mpk", [begin, end])
    assert (tmp_path / "a.mpk").read_bytes() == whole.read_bytes()
