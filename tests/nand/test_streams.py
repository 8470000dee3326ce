"""Random streams: the same numbers for the same seed, name and position, for ever."""

from __future__ import annotations

import pytest

from nandtrace.nand.streams import Stream, Streams


def test_the_numbers_of_a_seed_never_change() -> None:
    stream = Stream(7, "choice")
    assert [stream.below(1_000_000) for _ in range(5)] == [92721, 258026, 862813, 64324, 61327]


def test_draws_are_uniform_between_0_and_1() -> None:
    stream = Stream(1, "address")
    values = [stream.uniform() for _ in range(4_000)]
    assert all(0 <= value < 1 for value in values)
    tenths = [sum(at <= 10 * value < at + 1 for value in values) for at in range(10)]
    assert all(330 <= count <= 470 for count in tenths)


@pytest.mark.parametrize("drawn", [0, 1, 511, 512, 513, 5_000])
def test_a_stream_goes_on_from_its_count_of_draws(drawn: int) -> None:
    stream = Stream(-3, "hook")
    for _ in range(drawn):
        stream.uniform()
    assert stream.draws == drawn
    again = Stream(-3, "hook", stream.draws)
    assert again.draws == drawn
    assert [again.uniform() for _ in range(600)] == [stream.uniform() for _ in range(600)]


def test_uses_do_not_share_numbers() -> None:
    streams = Streams(1)
    first = [
        stream.uniform()
        for stream in (streams.choice, streams.address, streams.sequence, streams.hook)
    ]
    assert len(set(first)) == 4
    assert streams.draws() == {"choice": 1, "address": 1, "sequence": 1, "hook": 1}


def test_what_one_use_draws_changes_no_other() -> None:
    quiet, busy = Streams(1), Streams(1)
    for _ in range(100):
        busy.hook.uniform()
    assert busy.choice.uniform() == quiet.choice.uniform()
    assert busy.draws() == {"choice": 1, "address": 0, "sequence": 0, "hook": 100}
