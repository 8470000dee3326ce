"""Worker processes."""

from __future__ import annotations

import signal

from nandtrace.pool import start_pool


def test_an_interrupt_is_the_caller_s_to_handle() -> None:
    before = signal.getsignal(signal.SIGINT)
    with start_pool(1, warm_up="json") as pool:
        assert pool.submit(signal.getsignal, signal.SIGINT).result() is signal.SIG_IGN
    assert signal.getsignal(signal.SIGINT) is before
