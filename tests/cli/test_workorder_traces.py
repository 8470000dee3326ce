"""The commands on a work-order trace: those that read any trace, and those that are for nand alone."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from nandtrace.cli.main import run
from nandtrace.report.companion import companion_text
from nandtrace.schema_files import load_schema
from nandtrace.trace import TraceReader
from tests.check.small_orders import MS, order_calls, record_orders

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """30 events in 4 chunks: a checkpoint at event 13, the end at 29."""
    monkeypatch.chdir(tmp_path)
    return record_orders(Path("a.mpk"))


def test_cat(trace: Path, capsys: Capture) -> None:
    assert run(["cat", "a.mpk"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "# domain: workorder"
    assert "# device.max_depth: null" in lines
    assert "          snapshot last_claim_ns=null" in lines
    assert "          snapshot slots=[[0, 1]]" in lines
    assert (
        "          snapshot orders[1]={order: 1, id: test, state: PREPARING, priority: 0, max_retries: 0,"
        " attempts: 1, since_ns: 2000000, claimed_ns: 2000000, due_ns: null, terminate: null}"
    ) in lines
    events = [line for line in lines if not line.startswith(("#", "          "))]
    reading = "total_bytes=17179869184 available_bytes=8589934592"
    assert events[2:13] == [
        "        2    0          0.000 ENQUEUE      order=0 id=build priority=0 max_retries=1 depth=1",
        "        3    0          0.000 ENQUEUE      order=1 id=test priority=0 max_retries=0 depth=2",
        "        4    0          0.000 MODE         mode=RUNNING",
        f"        5    0          0.000 CLAIM        order=0 attempt=1 slot=0 {reading}",
        f"        6    0          0.000 HOLD         gate=SLOT order=1 {reading}",
        "        7    0          0.000 HEALTH       healthy=no",
        "        8    0          0.000 READY        order=0",
        "        9    0       2000.000 FAIL         order=0 attempt=1 cause=ERROR"
        ' error="ValueError: no luck" state=WAITING_RETRY due_us=3000',
        "       10    0       2000.000 RELEASE      order=0 slot=0 forced=no",
        f"       11    0       2000.000 CLAIM        order=1 attempt=1 slot=0 {reading}",
        "       12    0       2000.000 HOLD         gate=QUEUE",
    ]


def test_cat_as_json_has_ns_and_flags(trace: Path, capsys: Capture) -> None:
    assert run(["cat", "a.mpk", "--json", "--kind", "MODE", "--kind", "HEALTH", "--run", "1"]) == 0
    header, *events = map(json.loads, capsys.readouterr().out.splitlines())
    assert header["domain"] == "workorder"
    assert [event["fields"] for event in events] == [
        {"healthy": True},
        {"mode": "STOPPING", "until_ns": 30_006_000_000},
        {"mode": "STOPPED"},
    ]


def test_info(trace: Path, capsys: Capture) -> None:
    assert run(["info", "a.mpk"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "  domain: workorder"
    assert "  device.policy: fifo" in lines
    assert lines[lines.index("  runs: 2") + 1 :][:3] == [
        "  events: 30",
        "    CLAIM: 3",
        "    COMPLETE: 2",
    ]
    assert "  time: 0.000 to 6000.000 µs" in lines
    assert run(["info", "a.mpk", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    jsonschema.validate(report, load_schema("info"))
    assert report["traces"][0]["domain"] == "workorder"
    assert report["traces"][0]["device"]["slots"] == 1


def test_diff_counts_by_order(trace: Path, capsys: Capture) -> None:
    calls = order_calls()
    del calls[16:18]
    record_orders(Path("b.mpk"), calls)
    assert run(["diff", "a.mpk", "b.mpk", "-U", "1"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[4] == "first divergence: event 16, run 1, 3000.000 µs, RETRY -> COMPLETE"
    assert ("  by order, in the 14 events from the divergence on: order 0: 6 -> 4 (-2)") in lines
    assert not [line for line in lines if "by die" in line or "by node" in line]
    assert run(["diff", "a.mpk", "b.mpk", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    jsonschema.validate(report, load_schema("diff"))
    assert report["aftermath"]["dies"] == report["aftermath"]["nodes"] == {}
    assert report["aftermath"]["orders"] == {"0": {"a": 6, "b": 4}, "1": {"a": 2, "b": 2}}


def test_diff_shows_fields_and_snapshots(trace: Path, capsys: Capture) -> None:
    calls = order_calls()
    calls[9] = ("fail", calls[9][1] | {"due_ns": 4 * MS, "error": "ValueError: bad luck"})
    record_orders(Path("b.mpk"), calls)
    assert run(["diff", "a.mpk", "b.mpk"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert '  error: "ValueError: no luck" -> "ValueError: bad luck"' in lines
    assert "  due_us: 3000 -> 4000" in lines
    assert "  by order, in the 21 events from the divergence on: as many of each" in lines
    calls = order_calls()
    calls[13] = (
        "end_run",
        calls[13][1] | {"snapshot": calls[13][1]["snapshot"] | {"healthy": True}},
    )
    record_orders(Path("c.mpk"), calls)
    assert run(["diff", "a.mpk", "c.mpk"]) == 1
    assert "    healthy: false -> true" in capsys.readouterr().out.splitlines()


def test_diff_shows_other_limits(trace: Path, capsys: Capture) -> None:
    record_orders(Path("b.mpk"), slots=2, max_depth=7)
    assert run(["diff", "a.mpk", "b.mpk"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[2:] == [
        "different: the headers; the events are the same",
        "",
        "header",
        "  device.max_depth: null -> 7",
        "  device.slots: 1 -> 2",
    ]


def test_the_companion_of_work_orders(trace: Path) -> None:
    with TraceReader(trace) as reader:
        lines = companion_text(reader, {"shows": "a retry"}).splitlines()
    assert lines[0] == "shows: a retry"
    assert lines[2:4] == ["runs: 2", "simulated time: 6000 µs"]
    assert lines[-3:] == ["holds: 5", "  QUEUE: 3", "  SLOT: 2"]
