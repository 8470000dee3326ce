"""Scenarios run by a virtual clock and are recorded, from the first event to the last, crashes included.

Times are seconds.
"""

from __future__ import annotations

import resource
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nandtrace.errors import InternalError, StorageError
from nandtrace.trace import TraceReader
from nandtrace.trace.event import events_of
from nandtrace.workorder import Scheduler
from nandtrace.workorder.pump import Pump
from nandtrace.workorder.scenario_loading import load_scenario
from nandtrace.workorder.scenario_recording import ScenarioSummary, record_scenario

Play = Callable[..., tuple[list[tuple[Any, ...]], ScenarioSummary]]
KEYS = ("id", "gate", "order", "mode", "refusal", "reason", "why", "state", "slot", "is_set", "end")
FREE = "scheduler.stagger_s = 0\n"


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Records a scenario; returns the events, in a few words, and the summary."""

    def record(text: str, **options: Any) -> tuple[list[tuple[Any, ...]], ScenarioSummary]:
        (tmp_path / "day.toml").write_text(text)
        trace = tmp_path / "day.mpk"
        summary = record_scenario(trace, load_scenario(tmp_path / "day.toml"), **options)
        with TraceReader(trace) as reader:
            assert reader.has_footer
            chunks = [reader.chunk(ordinal) for ordinal in range(len(reader.index.chunks))]
            events = [
                item for chunk in chunks for item in events_of(chunk, reader.header.vocabulary)
            ]
        told = [
            (
                event.time_ns / 1e9,
                event.kind,
                *(event.fields[key] for key in KEYS if key in event.fields),
            )
            for event in events
            if event.kind != "RUN_BEGIN"
        ]
        return told, summary

    return record


def _of(told: list[tuple[Any, ...]], *kinds: str) -> list[tuple[Any, ...]]:
    return [event for event in told if event[1] in kinds]


def test_an_empty_scenario_starts_and_stops(play: Play) -> None:
    told, summary = play("")
    assert told == [
        (0.0, "HANDLER", True),
        (0.0, "MODE", "RUNNING"),
        (0.0, "HOLD", "QUEUE"),
        (0.0, "MODE", "STOPPING"),
        (0.0, "MODE", "STOPPED"),
        (0.0, "RUN_END", "STOPPED"),
    ]
    assert (summary.runs, summary.events, summary.time_ns) == (1, 7, 0)
    assert set(summary.totals.values()) == {0}
    assert summary.left == {}


def test_orders_come_before_the_start_and_steps_after_it(play: Play) -> None:
    told, _ = play(
        FREE
        + 'steps = [{at_s = 0, do = "pause"}, {at_s = 0, do = "cancel", order = "a"}, '
        + '{at_s = 1, do = "resume"}]\norders = [{id = "a"}, {id = "b"}]'
    )
    assert told[:6] == [
        (0.0, "HANDLER", True),
        (0.0, "ENQUEUE", "a", 0),
        (0.0, "ENQUEUE", "b", 1),
        (0.0, "MODE", "RUNNING"),
        (0.0, "MODE", "PAUSED"),
        (0.0, "CANCEL", 0, "REQUESTED"),
    ]
    assert _of(told, "CLAIM") == [(1.0, "CLAIM", 1, 0)]


def test_steps_of_a_moment_happen_in_the_order_of_the_file(play: Play) -> None:
    steps = ("no-handler", "stop", "handler")
    for order in (steps, steps[::-1]):
        told, _ = play("\n".join(f'[[steps]]\nat_s = 2\ndo = "{do}"' for do in order))
        names = {"no-handler": False, "handler": True}
        expected = [names.get(do, "STOPPING") for do in order]
        # What comes after the stop comes too late: nothing is active, and it has stopped.
        expected = expected[: expected.index("STOPPING") + 1]
        found = [event[2] for event in told if event[0] == 2.0 and event[1] in ("HANDLER", "MODE")]
        assert found == [*expected, "STOPPED"]


def test_what_is_written_down_comes_before_what_else_is_due(play: Play) -> None:
    told, _ = play(
        FREE
        + 'scheduler.slots = 1\norders = [{id = "a", takes_s = 3}, {id = "b", at_s = 3}]\n'
        + 'steps = [{at_s = 3, do = "cancel", order = "a"}]'
    )
    assert [event for event in told if event[0] == 3.0][:4] == [
        (3.0, "ENQUEUE", "b", 1),
        (3.0, "TERMINATE", 0, "CANCEL"),
        (3.0, "HOLD", "SLOT", 1),
        (3.0, "CANCEL", 0, "REQUESTED"),
    ]


def test_a_start_may_come_late_or_never(play: Play) -> None:
    text = FREE + 'orders = [{id = "a"}]\nsteps = [{at_s = 5, do = "start"}]'
    told, _ = play(text)
    assert _of(told, "MODE")[0] == (5.0, "MODE", "RUNNING")
    told, summary = play(text.replace('5, do = "start"', '5, do = "stop"') + "\n")
    assert _of(told, "CLAIM")[0] == (0.0, "CLAIM", 0, 0)
    told, summary = play(text.replace('"start"}]', '"stop"}, {at_s = 6, do = "start"}]'))
    assert [event[2] for event in _of(told, "MODE")] == ["STOPPING", "STOPPED"]
    assert summary.left == {"PENDING": 1}


def test_until_stops_the_scheduler(play: Play) -> None:
    told, summary = play(FREE + 'until_s = 4.5\norders = [{id = "a", takes_s = 100}]')
    assert _of(told, "MODE", "TERMINATE") == [
        (0.0, "MODE", "RUNNING"),
        (4.5, "MODE", "STOPPING"),
        (34.5, "TERMINATE", 0, "STOP"),
        (34.5, "MODE", "STOPPED"),
    ]
    assert summary.totals["cancelled"] == 1
    told, _ = play("until_s = 7")
    assert _of(told, "RUN_END") == [(7.0, "RUN_END", "STOPPED")]


def test_a_scenario_that_would_never_end_does(play: Play) -> None:
    text = 'orders = [{id = "a", outcomes = ["hang"]}]\nsteps = [{at_s = 9, do = "pause"}]'
    told, _ = play(text)
    day = 24.0 * 3600
    assert _of(told, "MODE")[-2:] == [
        (9 + day, "MODE", "STOPPING"),
        (9 + day + 30, "MODE", "STOPPED"),
    ]


def test_refusals_are_recorded_and_nothing_else(play: Play) -> None:
    told, summary = play(
        FREE
        + 'scheduler.max_depth = 1\norders = [{id = "a"}, {id = "b"}, {id = "c", at_s = 9}, '
        + '{id = "d", at_s = 30}]\nsteps = [{at_s = 5, do = "stop"}, '
        + '{at_s = 30, do = "cancel", order = "b"}]'
    )
    assert _of(told, "ENQUEUE", "REFUSE") == [
        (0.0, "ENQUEUE", "a", 0),
        (0.0, "REFUSE", "b", "FULL"),
    ]
    assert (summary.totals["enqueued"], summary.totals["refused"]) == (1, 1)
    assert summary.time_ns == 5_000_000_000


def test_how_attempts_end(play: Play) -> None:
    told, summary = play(
        FREE
        + "scheduler.slots = 9\nscheduler.lease_s = 4\nscheduler.terminate_grace_s = 2\n"
        + 'orders = [{id = "complete", prepare_s = 1, takes_s = 1}, '
        + '{id = "raise", takes_s = 1, outcomes = ["raise"]}, '
        + '{id = "unready", prepare_s = 1, takes_s = 9, outcomes = ["unready"]}, '
        + '{id = "hang", outcomes = ["hang"]}, '
        + '{id = "deaf", takes_s = 5, outcomes = ["deaf"]}, '
        + '{id = "stone-deaf", prepare_s = 7, outcomes = ["deaf"]}]'
    )
    assert _of(told, "READY", "COMPLETE", "FAIL", "RELEASE", "STRAY") == [
        (0.0, "READY", 1),
        (0.0, "READY", 3),
        (0.0, "READY", 4),
        (1.0, "READY", 0),
        (1.0, "FAIL", 1, "FAILED"),
        (1.0, "RELEASE", 1, 1),
        (1.0, "FAIL", 2, "FAILED"),
        (1.0, "RELEASE", 2, 2),
        (2.0, "COMPLETE", 0),
        (2.0, "RELEASE", 0, 0),
        (4.0, "FAIL", 3, "FAILED"),
        (4.0, "RELEASE", 3, 3),
        (5.0, "FAIL", 4, "FAILED"),
        (5.0, "RELEASE", 4, 4),
        (6.0, "FAIL", 5, "FAILED"),
        (6.0, "RELEASE", 5, 5),
    ]
    assert summary.totals["failed"] == 5


# ---- crashes


CRASH = """
scheduler = {stagger_s = 0, slots = 2}
orders = [{id = "a", takes_s = 4}, {id = "b", takes_s = 9, outcomes = ["deaf"]}, {id = "c"}]
[[steps]]
at_s = 3
do = "crash"
"""


def test_a_crash_is_silent_and_the_next_process_goes_on(play: Play) -> None:
    told, summary = play(CRASH)
    assert [event for event in told if 0 < event[0] < 8] == [
        (3.0, "RESTART"),
        (3.0, "RECOVER", 0, "PENDING"),
        (3.0, "RECOVER", 1, "PENDING"),
        (3.0, "HANDLER", True),
        (3.0, "MODE", "RUNNING"),
        (3.0, "CLAIM", 0, 0),
        (3.0, "CLAIM", 1, 1),
        (3.0, "HOLD", "SLOT", 2),
        (3.0, "HEALTH"),
        (3.0, "READY", 0),
        (3.0, "READY", 1),
        (7.0, "COMPLETE", 0),
        (7.0, "RELEASE", 0, 0),
        (7.0, "CLAIM", 2, 0),
        (7.0, "HOLD", "QUEUE"),
        (7.0, "READY", 2),
        (7.0, "COMPLETE", 2),
        (7.0, "RELEASE", 2, 0),
        (7.0, "HOLD", "QUEUE"),
        (7.0, "HEALTH"),
    ]
    assert _of(told, "RUN_END")[0] == (0.0, "RUN_END", "CRASHED")
    assert (summary.runs, summary.totals["completed"]) == (2, 3)


def test_nothing_else_happens_in_the_moment_of_a_crash(play: Play) -> None:
    told, _ = play(CRASH.replace("at_s = 3", "at_s = 4"))
    assert _of(told, "RUN_END", "RECOVER", "COMPLETE")[:4] == [
        (0.0, "RUN_END", "CRASHED"),
        (4.0, "RECOVER", 0, "PENDING"),
        (4.0, "RECOVER", 1, "PENDING"),
        (8.0, "COMPLETE", 0),
    ]


def test_it_may_crash_in_the_moment_in_which_it_went_on(play: Play) -> None:
    told, summary = play(CRASH + '[[steps]]\nat_s = 3\ndo = "crash"\n')
    assert [event[1:] for event in _of(told, "RESTART", "RUN_END")] == [
        ("RUN_END", "CRASHED"),
        ("RESTART",),
        ("RUN_END", "CRASHED"),
        ("RESTART",),
        ("RUN_END", "STOPPED"),
    ]
    assert summary.totals["completed"] == 3


def test_a_process_may_crash_before_anything_happened(play: Play) -> None:
    told, _ = play('steps = [{at_s = 0, do = "crash"}, {at_s = 0, do = "start"}]')
    assert [event[1:] for event in told] == [
        ("HANDLER", True),
        ("RUN_END", "CRASHED"),
        ("RESTART",),
        ("HANDLER", True),
        ("MODE", "RUNNING"),
        ("HOLD", "QUEUE"),
        ("MODE", "STOPPING"),
        ("MODE", "STOPPED"),
        ("RUN_END", "STOPPED"),
    ]


def test_with_a_start_of_its_own_the_next_process_waits_for_one_too(play: Play) -> None:
    text = CRASH + '[[steps]]\nat_s = 1\ndo = "start"\n[[steps]]\nat_s = 6\ndo = "start"\n'
    told, _ = play(text)
    assert _of(told, "MODE")[:2] == [(1.0, "MODE", "RUNNING"), (6.0, "MODE", "RUNNING")]
    assert [event[0] for event in _of(told, "CLAIM")][:4] == [1.0, 1.0, 6.0, 6.0]


def test_a_process_may_crash_while_it_stops(play: Play) -> None:
    told, summary = play(
        CRASH.replace("at_s = 3", "at_s = 5") + '[[steps]]\nat_s = 2\ndo = "stop"\n'
    )
    assert [event for event in told if 2 <= event[0] < 5.5][:6] == [
        (2.0, "MODE", "STOPPING"),
        (4.0, "COMPLETE", 0),
        (4.0, "RELEASE", 0, 0),
        (4.0, "HOLD", "RUNNING"),
        (4.0, "HEALTH"),
        (4.0, "RUN_END", "CRASHED"),
    ]
    assert (summary.totals["completed"], summary.totals["cancelled"]) == (3, 0)


def test_after_a_stop_another_process_goes_on(play: Play) -> None:
    told, summary = play(CRASH.replace('do = "crash"', 'do = "stop"\ngrace_s = 0') + (
        '[[steps]]\nat_s = 20\ndo = "crash"\n'
    ))  # fmt: skip
    assert _of(told, "RUN_END", "RESTART") == [
        (8.0, "RUN_END", "STOPPED"),
        (20.0, "RESTART"),
        (20.0, "RUN_END", "STOPPED"),
    ]
    assert _of(told, "CANCEL") == [(3.0, "CANCEL", 0, "STOPPED"), (8.0, "CANCEL", 1, "STOPPED")]
    assert (summary.totals["completed"], summary.left) == (1, {})


# ---- recordings


def test_the_same_scenario_gives_the_same_bytes(play: Play, tmp_path: Path) -> None:
    text = 'seed = 5\norders = [{id = "a", count = 9, max_retries = 2, outcomes = ["raise"]}]'
    play(text, checkpoint_events=25)
    first = (tmp_path / "day.mpk").read_bytes()
    _, summary = play(text, checkpoint_events=25)
    assert (tmp_path / "day.mpk").read_bytes() == first
    _, other = play(text.replace("5", "6", 1), checkpoint_events=25)
    assert other.digest != summary.digest
    assert summary.runs > 3


def test_the_header_says_what_was_played(play: Play, tmp_path: Path) -> None:
    play('seed = 5\nuntil_s = 0.25\norders = [{id = "ä"}]', provenance={"host": "here"})
    with TraceReader(tmp_path / "day.mpk") as reader:
        list(reader.walk())
        assert reader.header.identity == {
            "generator": "nandtrace.workorder",
            "version": 1,
            "scenario": "day",
            "seed": 5,
            "content": {"seed": 5, "until_s": 0.25, "orders": [{"id": "ä"}]},
        }
        assert reader.provenance == {"host": "here"}
        assert reader.header.device["decision_within_ns"] == 0


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file of this process may be larger than 20 kB."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.usefixtures("small_disk")
def test_a_disk_that_is_full_ends_the_recording(play: Play) -> None:
    text = FREE + 'orders = [{id = "a", count = 3000, takes_s = 0.1}]'
    with pytest.raises(StorageError, match=r"day\.mpk\.partial: cannot write: File too large"):
        play(text, checkpoint_events=1000)


def test_an_interrupt_leaves_no_trace(
    play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Scheduler, "pause", interrupt)
    with pytest.raises(KeyboardInterrupt):
        play('steps = [{at_s = 1, do = "pause"}]')
    assert [path.name for path in tmp_path.iterdir()] == ["day.toml"]


def test_a_defect_of_the_scheduler_is_not_lost(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    def defect(*_: object) -> None:
        raise InternalError("out of order")

    monkeypatch.setattr(Pump, "_decide", defect)
    with pytest.raises(InternalError, match="out of order"):
        play('orders = [{id = "a"}]')
