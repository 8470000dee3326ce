"""What a reading of the memory means by the header of a tape."""

from __future__ import annotations

from nandtrace.check.mutation.tape import Tape
from nandtrace.check.workorder.limits import limits_from_device


def level(tape: Tape, total_bytes: int, available_bytes: int) -> str:
    """The pressure that a reading gives."""
    return limits_from_device(tape.header.device).level(total_bytes, available_bytes)


def level_of(tape: Tape, place: int) -> str | None:
    """The pressure that the reading of an event gives, None where it has none."""
    event = tape.events[place]
    if event.get("total_bytes") is None:
        return None
    return level(tape, event.get("total_bytes"), event.get("available_bytes"))
