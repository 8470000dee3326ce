"""Files: how a recording is continued, and what is never lost or mistaken on the way."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from nandtrace.errors import StorageError, TraceError, WorkOrderError
from nandtrace.trace import TraceReader
from nandtrace.trace.chunk_file import partial_path
from nandtrace.workorder import (
    Attempt,
    JournalLog,
    NullLog,
    Scheduler,
    VirtualClock,
    WorkOrder,
    run_virtual,
)
from nandtrace.workorder.recording import continued, new_recorder, state_of_log
from tests.workorder.orders import (
    Memory,
    S,
    Stage,
    Worker,
    config_of,
    deaf,
    die,
    events_of_trace,
    go_on,
    hangs,
    play,
    takes,
)

CONFIG = config_of()


async def _finish(stage: Stage) -> None:
    stage.scheduler.start()
    await stage.scheduler.join()


async def _half(stage: Stage) -> None:
    stage.enqueue("a", "b")
    stage.scheduler.start()
    await stage.until(1.5)


def _before(path: Path) -> Path:
    return path.with_name(path.name + ".before")


def _files(path: Path) -> list[str]:
    return sorted(file.name for file in path.parent.iterdir())


def _completed(path: Path) -> list[int]:
    return [event.fields["order"] for event in events_of_trace(path) if event.kind == "COMPLETE"]


@pytest.fixture
def left(tmp_path: Path) -> bytes:
    """What a process left that died with its second order under way."""
    return die(tmp_path / "other.mpk", _half)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "a.mpk"


# ---- what there is to continue


def test_where_nothing_was_recorded_there_is_nothing_to_continue(path: Path) -> None:
    assert continued(path, CONFIG, is_virtual=True) is None
    assert _files(path) == []


@pytest.mark.parametrize("content", [b"", b"\x00" * 7], ids=["empty", "cut in its header"])
def test_a_process_that_died_before_its_first_event_has_recorded_nothing(
    path: Path, content: bytes
) -> None:
    partial_path(path).write_bytes(content)
    assert continued(path, CONFIG, is_virtual=True) is None
    assert _files(path) == []


def test_nor_has_one_that_wrote_its_header_alone(path: Path, left: bytes) -> None:
    partial_path(path).write_bytes(left)
    with TraceReader(partial_path(path)) as reader:
        header_end = reader.index.chunks[0].offset
    partial_path(path).write_bytes(left[:header_end])
    assert continued(path, CONFIG, is_virtual=True) is None
    assert _files(path) == []
    partial_path(path).write_bytes(left[:header_end])
    with pytest.raises(TraceError, match="it holds no event"):
        state_of_log(partial_path(path))


def test_a_continued_recording_is_one_trace_and_leaves_no_other_file(
    path: Path, left: bytes
) -> None:
    go_on(path, _finish, left=left)
    assert _files(path) == ["a.mpk"]
    assert _completed(path) == [0, 1]
    times = [event.time_ns for event in events_of_trace(path)]
    assert times == sorted(times)


def test_an_empty_partial_beside_a_trace_is_of_one_who_came_to_nothing(
    path: Path, left: bytes
) -> None:
    go_on(path, _finish, left=left)
    partial_path(path).write_bytes(b"")

    async def again(stage: Stage) -> None:
        stage.enqueue("c")
        await _finish(stage)

    go_on(path, again)
    assert _completed(path) == [0, 1, 2]


def test_what_was_set_aside_is_taken_up_again(path: Path, left: bytes) -> None:
    """A continuation that died while it took everything over has recorded nothing of its own."""
    _before(path).write_bytes(left)
    partial_path(path).write_bytes(left[:200])
    go_on(path, _finish)
    assert _files(path) == ["a.mpk"]
    assert _completed(path) == [0, 1]


def test_a_process_may_die_between_the_end_of_a_life_and_the_next(path: Path, left: bytes) -> None:
    for _ in range(3):
        partial_path(path).write_bytes(left)
        continuation = continued(path, CONFIG, is_virtual=True)
        assert continuation is not None
        left = partial_path(path).read_bytes()
        continuation.recorder.discard()
    go_on(path, _finish, left=left)
    events = events_of_trace(path)
    ends = [event.fields["end"] for event in events if event.kind == "RUN_END"]
    assert ends == ["CRASHED", "STOPPED"]


def test_a_process_may_die_between_two_runs(tmp_path: Path, path: Path) -> None:
    """Cut right after the RUN_END of each checkpoint."""
    left = die(tmp_path / "b.mpk", _half, chunk_events=1, checkpoint_events=1)
    partial_path(path).write_bytes(left)
    events = events_of_trace(partial_path(path))
    with TraceReader(partial_path(path)) as reader:
        offsets = [chunk.offset for chunk in reader.index.chunks]
    cuts = [offsets[at + 1] for at, event in enumerate(events) if event.kind == "RUN_END"]
    assert len(cuts) == 2
    for number, cut in enumerate(cuts, start=1):
        path.unlink(missing_ok=True)
        go_on(path, _finish, left=left[:cut])
        ends = [event.fields["end"] for event in events_of_trace(path) if event.kind == "RUN_END"]
        assert ends == ["CHECKPOINT"] * number + ["CRASHED", "STOPPED"]


# ---- what is refused, with the recording as it was


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"slots": 3}, "slots was 1, and is 3: a recording keeps its limits"),
        ({"lease_s": 2}, "lease_ns was None, and is 2000000000"),
        ({"policy": "priority"}, "policy was fifo, and is priority"),
    ],
)
def test_other_limits_are_refused(
    path: Path, left: bytes, settings: dict[str, Any], reason: str
) -> None:
    partial_path(path).write_bytes(left)
    with pytest.raises(WorkOrderError, match=reason):
        continued(path, config_of(**settings), is_virtual=True)
    with pytest.raises(WorkOrderError, match="decision_within_ns was 0, and is 1000000000"):
        continued(path, CONFIG)
    assert partial_path(path).read_bytes() == left
    assert _files(path) == ["a.mpk.partial"]
    go_on(path, _finish)


def test_what_no_limit_depends_on_may_change(path: Path, left: bytes) -> None:
    go_on(path, _finish, left=left, seed=9, max_retries=2)


def test_a_trace_of_something_else_is_refused(
    path: Path, record: Callable[..., Path], small_calls: Callable[..., Any]
) -> None:
    other = record("nand.mpk", small_calls())
    content = other.read_bytes()
    with pytest.raises(TraceError, match="of the domain nand"):
        continued(other, CONFIG, is_virtual=True)
    assert other.read_bytes() == content
    with pytest.raises(TraceError, match="of the domain nand"):
        state_of_log(other)


def test_a_file_that_is_no_trace_is_refused(path: Path) -> None:
    path.write_text("no trace")
    with pytest.raises(TraceError, match="not a trace"):
        continued(path, CONFIG, is_virtual=True)
    assert path.read_text() == "no trace"


def test_a_log_damaged_before_its_end_is_refused_and_kept(tmp_path: Path, path: Path) -> None:
    content = bytearray(die(tmp_path / "b.mpk", _half, chunk_events=4))
    partial_path(path).write_bytes(content)
    with TraceReader(partial_path(path)) as reader:
        middle = reader.index.chunks[1].offset + 60
    content[middle] ^= 0xFF
    partial_path(path).write_bytes(content)
    with pytest.raises(TraceError, match="it is damaged before its end: "):
        continued(path, CONFIG, is_virtual=True)
    kept = [file.read_bytes() for file in path.parent.iterdir()]
    assert kept == [content]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"none/a\.mpk"):
        new_recorder(tmp_path / "none" / "a.mpk", CONFIG, is_virtual=True)


def test_a_file_that_cannot_be_moved_is_named(
    path: Path, left: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink = Path.unlink

    def refuse(self: Path, *_: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    def keep_before(self: Path, **options: bool) -> None:
        if self == _before(path):
            refuse(self)
        unlink(self, **options)

    partial_path(path).write_bytes(left)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", refuse)
        with pytest.raises(StorageError, match=r"a\.mpk.*Permission denied"):
            continued(path, CONFIG, is_virtual=True)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", keep_before)
        with pytest.raises(StorageError, match=r"a\.mpk.*Permission denied"):
            continued(path, CONFIG, is_virtual=True)
    go_on(path, _finish)
    assert _completed(path) == [0, 1]


def test_a_state_that_does_not_fit_is_refused_by_what_is_wrong(path: Path, left: bytes) -> None:
    partial_path(path).write_bytes(left)
    state, _ = state_of_log(partial_path(path))
    order = state["orders"][0]

    def load(**changes: Any) -> None:
        async def main(clock: VirtualClock) -> None:
            Scheduler(CONFIG, clock=clock, probe=Memory(), state={**state, **changes})

        run_virtual(main)

    for changes, reason in (
        ({"mode": "ASLEEP"}, "the state to continue from: snapshot: mode must be one of"),
        ({"slots": [[1, 1]]}, "slot 1 can't be held"),
        ({"slots": [[0, 1], [0, 1]]}, "slot 0 can't be held"),
        ({"orders": [order, {**order, "order": 5}]}, "two orders 'b'"),
    ):
        with pytest.raises(WorkOrderError, match=reason):
            load(**changes)
    load()


# ---- the journal


def test_a_journal_tells_of_a_claim_before_its_handler_begins(path: Path) -> None:
    seen: list[list[str]] = []

    async def look(attempt: Attempt) -> None:
        state, _ = state_of_log(partial_path(path))
        seen.append([f"{order['id']} {order['state']}" for order in state["orders"]])
        await asyncio.sleep(1)

    async def main(clock: VirtualClock) -> None:
        recorder = new_recorder(path, CONFIG, is_virtual=True)
        with recorder:
            log = JournalLog(recorder, 100_000)
            scheduler = Scheduler(CONFIG, look, clock=clock, probe=Memory(), log=log)
            for order_id in "ab":
                scheduler.enqueue(WorkOrder(order_id))
            scheduler.start()
            await scheduler.join()
            await scheduler.stop()

    run_virtual(main)
    assert seen == [["a PREPARING", "b PENDING"], ["b PREPARING"]]


def test_a_journal_writes_no_chunk_for_decisions_that_claim_nobody(path: Path) -> None:
    async def main(clock: VirtualClock) -> None:
        recorder = new_recorder(path, CONFIG, is_virtual=True)
        with recorder:
            log = JournalLog(recorder, 100_000)
            scheduler = Scheduler(CONFIG, Worker(), clock=clock, probe=Memory(), log=log)
            scheduler.enqueue(WorkOrder("a"))
            scheduler.start()
            await scheduler.join()
            for _ in range(50):
                scheduler.set_handler(Worker())
                await asyncio.sleep(1)
            await scheduler.stop()

    run_virtual(main)
    with TraceReader(path) as reader:
        chunks = [reader.chunk(number) for number in range(len(reader.index.chunks))]
    assert [len(chunk.kind) for chunk in chunks] == [7, 107]


def test_every_so_many_events_a_new_run_begins_between_two_series_of_decisions(
    tmp_path: Path,
) -> None:
    """Each checkpoint's snapshot is the state that its replay gives; the story does not change."""

    async def body(stage: Stage) -> None:
        stage.enqueue("a", "b", "c", max_retries=1)
        await _finish(stage)

    stories = [
        play(body, Worker({"b": takes(2)}), checkpoint_events=events, slots=2).story()
        for events in (1, 7, 100_000)
    ]
    assert stories[0] == stories[1] == stories[2]


def test_a_log_of_ones_own_needs_only_the_hooks_that_it_wants() -> None:
    claims: list[tuple[int, int]] = []

    class Claims(NullLog):
        def claim(self, time_ns: int, order: int, *_: object) -> None:
            claims.append((time_ns, order))

    async def main(clock: VirtualClock) -> None:
        scheduler = Scheduler(CONFIG, Worker(), clock=clock, probe=Memory(), log=Claims())
        for order_id in "ab":
            scheduler.enqueue(WorkOrder(order_id))
        scheduler.start()
        await scheduler.join()
        await scheduler.stop()

    run_virtual(main)
    assert claims == [(0, 0), (S, 1)]


@pytest.mark.parametrize("at", ["enqueue", "claim", "ready", "complete", "release", "hold"])
def test_a_log_that_cannot_be_written_breaks_the_scheduler_for_all_who_wait(at: str) -> None:
    full = StorageError("a.mpk", OSError(28, "No space left on device"))

    class Full(NullLog):
        pass

    def fail(*_: object) -> None:
        raise full

    worker = Worker({"a": takes(1), "b": hangs})

    async def main(clock: VirtualClock) -> None:
        log = Full()
        scheduler = Scheduler(config_of(slots=2), worker, clock=clock, probe=Memory(), log=log)
        for order_id in "ab":
            scheduler.enqueue(WorkOrder(order_id))
        waiting = [
            asyncio.ensure_future(call)
            for call in (scheduler.join(), scheduler.wait("a"), scheduler.wait("b"))
        ]
        scheduler.start()
        setattr(log, at, fail)
        await asyncio.sleep(0)
        if at == "enqueue":
            with pytest.raises(StorageError):
                scheduler.enqueue(WorkOrder("c"))
            return
        answers = await asyncio.gather(*waiting, return_exceptions=True)
        assert answers == [full, full, full]
        for call in (scheduler.stop, scheduler.join):
            with pytest.raises(StorageError, match="No space left"):
                await call()
        for call in (lambda: scheduler.submit(WorkOrder("d")), lambda: scheduler.wait("b")):
            with pytest.raises(StorageError):
                await call()
        await asyncio.sleep(100)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert others == set()

    run_virtual(main)


def test_a_handler_that_was_abandoned_may_outlive_a_scheduler_that_broke() -> None:
    """Nobody complains of what it raises in the end."""

    class Full(NullLog):
        def claim(self, *_: object) -> None:
            raise StorageError("a.mpk", OSError(28, "No space left on device"))

    def act(attempt: Attempt) -> Awaitable[object]:
        return deaf(30)(attempt)

    async def main(clock: VirtualClock) -> None:
        complaints: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, about: complaints.append(about))
        log = NullLog()
        config = config_of(terminate_grace_s=1)
        scheduler = Scheduler(config, act, clock=clock, probe=Memory(), log=log)
        for order_id in "ab":
            scheduler.enqueue(WorkOrder(order_id))
        scheduler.start()
        await asyncio.sleep(0.5)
        scheduler.cancel("a")
        log.__class__ = Full
        with pytest.raises(StorageError):
            await scheduler.join()
        assert clock.now_ns() == 1_500_000_000
        await asyncio.sleep(100)
        gc.collect()
        assert complaints == []
        for call in (scheduler.pause, scheduler.resume, lambda: scheduler.cancel("b")):
            with pytest.raises(StorageError):
                call()

    run_virtual(main)


def test_a_probe_that_fails_breaks_the_scheduler_as_well() -> None:
    class Broken(Memory):
        def read(self) -> Any:
            if self.reads == 2:
                raise OSError(5, "Input/output error")
            return super().read()

    async def main(clock: VirtualClock) -> None:
        scheduler = Scheduler(CONFIG, Worker(default=hangs), clock=clock, probe=Broken())
        scheduler.enqueue(WorkOrder("a"))
        scheduler.enqueue(WorkOrder("b"))
        scheduler.start()
        with pytest.raises(OSError, match="Input/output error"):
            await scheduler.join()
        assert clock.now_ns() == 5 * S

    run_virtual(main)
