"""Messages: what travels on the edges of a graph."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from nandtrace.vocab.graph import MessageType

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Message(NamedTuple):
    """A payload of any kind, what it is, and what goes along with it.

    `metadata` is the program's own, `headers` are for who routes or shows messages. Without a `trace_id` a
    message gets that of the message being handled when it is emitted, or else its own number.
    """

    payload: Any
    type: MessageType = MessageType.DATA
    metadata: Mapping[str, Any] = NOTHING
    headers: Mapping[str, Any] = NOTHING
    trace_id: int | None = None


def control(payload: Any) -> Message:
    """A CONTROL message: one that no edge ever drops, evicts or merges."""
    return Message(payload, MessageType.CONTROL)
