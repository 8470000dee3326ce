"""Clocks: the virtual one jumps exactly, the real one is never early."""

from __future__ import annotations

import asyncio
import gc

import pytest

from nandtrace.errors import WorkOrderError
from nandtrace.workorder import RealClock, VirtualClock, run_virtual

S = 1_000_000_000


# ---- virtual


def test_time_passes_only_where_all_wait() -> None:
    async def main(clock: VirtualClock) -> list[int]:
        times = [clock.now_ns()]
        for _ in range(100):
            await asyncio.sleep(0)
        times.append(clock.now_ns())
        await asyncio.sleep(3600)
        times.append(clock.now_ns())
        await clock.sleep_until(3600 * S + 1)
        times.append(clock.now_ns())
        await clock.sleep_until(5)
        times.append(clock.now_ns())
        return times

    hour = 3600 * S
    assert run_virtual(main) == [0, 0, hour, hour + 1, hour + 1]


def test_timers_fire_exactly_in_order_and_of_one_time_in_the_order_they_were_set() -> None:
    async def main(clock: VirtualClock) -> list[tuple[str, int]]:
        fired: list[tuple[str, int]] = []

        def note(name: str) -> None:
            fired.append((name, clock.now_ns()))

        for name, due_ns in (("c", 7), ("a", 3), ("b", 3), ("past", -5), ("d", 7)):
            clock.call_at(due_ns, lambda name=name: note(name))
        await clock.sleep_until(10)
        return fired

    assert run_virtual(main) == [("past", 0), ("a", 3), ("b", 3), ("c", 7), ("d", 7)]


def test_a_cancelled_timer_does_not_fire_not_even_at_its_own_time() -> None:
    async def main(clock: VirtualClock) -> list[str]:
        fired: list[str] = []
        last = clock.call_at(5, lambda: fired.append("last"))

        def first() -> None:
            fired.append("first")
            last.cancel()

        clock.call_at(5, first)
        clock.call_at(4, lambda: fired.append("before")).cancel()
        last.cancel()
        second = clock.call_at(5, lambda: fired.append("second"))
        clock.call_at(5, lambda: fired.append("third"))
        await clock.sleep_until(4)
        clock.call_at(5, second.cancel)
        await clock.sleep_until(9)
        second.cancel()
        return fired

    assert run_virtual(main) == ["first", "second", "third"]


def test_what_a_timer_sets_for_its_own_time_comes_in_the_same_moment() -> None:
    async def main(clock: VirtualClock) -> list[int]:
        fired: list[int] = []

        def again() -> None:
            fired.append(clock.now_ns())
            if len(fired) < 3:
                clock.call_at(clock.now_ns(), again)

        clock.call_at(2, again)
        await clock.sleep_until(3)
        return fired

    assert run_virtual(main) == [2, 2, 2]


def test_sleeps_and_timers_of_the_loop_keep_whole_nanoseconds() -> None:
    async def main(clock: VirtualClock) -> list[int]:
        times = []
        for _ in range(1_000):
            await asyncio.sleep(0.1)
            times.append(clock.now_ns())
        return times

    assert run_virtual(main) == [number * S // 10 for number in range(1, 1_001)]


def test_a_clock_begins_where_it_is_told() -> None:
    async def main(clock: VirtualClock) -> int:
        await asyncio.sleep(1)
        return clock.now_ns()

    assert run_virtual(main, begin_ns=41) == S + 41
    assert VirtualClock(7).now_ns() == 7


def test_waiting_for_nothing_is_an_error_and_not_for_ever() -> None:
    async def main(_: VirtualClock) -> None:
        await asyncio.Event().wait()

    with pytest.raises(WorkOrderError, match="all of it waits, and nothing will happen any more"):
        run_virtual(main)


def test_timeouts_of_asyncio_go_by_the_virtual_clock() -> None:
    async def main(clock: VirtualClock) -> int:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(86_400):
                await asyncio.Event().wait()
        return clock.now_ns()

    assert run_virtual(main) == 86_400 * S


def test_a_clock_leaves_nothing_open() -> None:
    """Warnings of loops and tasks that were never closed are errors here."""

    async def main(_: VirtualClock) -> asyncio.Task[None]:
        return asyncio.create_task(asyncio.sleep(1_000))

    assert run_virtual(main).cancelled()
    gc.collect()


def test_a_sleep_that_is_cancelled_takes_its_timer_away() -> None:
    async def main(clock: VirtualClock) -> int | None:
        task = asyncio.ensure_future(clock.sleep_until(5))
        await asyncio.sleep(0)
        assert clock.next_due_ns() == 5
        task.cancel()
        await asyncio.sleep(0)
        return clock.next_due_ns()

    assert run_virtual(main) is None


# ---- real


def test_the_real_clock_is_never_early() -> None:
    async def main() -> None:
        clock = RealClock(begin_ns=5 * S)
        begin_ns = clock.now_ns()
        assert begin_ns >= 5 * S
        fired: list[int] = []
        dues = [begin_ns + step for step in (30_000_000, 0, 1, 999, 10_000_000, -7)]
        done = asyncio.Event()
        for due_ns in dues:
            clock.call_at(due_ns, lambda due_ns=due_ns: fired.append(clock.now_ns() - due_ns))
        clock.call_at(begin_ns + 31_000_000, done.set)
        await done.wait()
        assert len(fired) == 6
        assert min(fired) >= 0

    asyncio.run(main())


def test_what_a_loop_calls_early_is_put_off_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        clock = RealClock()
        loop = asyncio.get_running_loop()
        call_later = loop.call_later
        monkeypatch.setattr(
            loop, "call_later", lambda delay, *args: call_later(delay / 2, *args), raising=False
        )
        due_ns = clock.now_ns() + 20_000_000
        await clock.sleep_until(due_ns)
        assert clock.now_ns() >= due_ns

    asyncio.run(main())


def test_a_cancelled_timer_of_the_real_clock_does_not_fire() -> None:
    async def main() -> list[str]:
        clock = RealClock()
        fired: list[str] = []
        timer = clock.call_at(clock.now_ns() + 1_000_000, lambda: fired.append("never"))
        timer.cancel()
        await clock.sleep_until(clock.now_ns() + 3_000_000)
        return fired

    assert asyncio.run(main()) == []
