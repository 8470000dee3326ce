"""Excerpts of traces of graphs: messages and turns that can be left out, and runs that end early."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nandtrace.check.event_batch import EventBatch, Piece
from nandtrace.check.event_facts import Boundary
from nandtrace.check.graph import replay as graph_replay
from nandtrace.check.graph.plan import plan_from_device
from nandtrace.check.graph.shapes import BAND_NAMES, shape_problem
from nandtrace.check.mutation.tape import Tape
from nandtrace.check.mutation.tape_event import TapeEvent
from nandtrace.shrinking.cut import RUN_BEGIN, RUN_END, Groups
from nandtrace.trace import Header, TraceReader
from nandtrace.vocab.graph import RunEnd

_ENDS_TURN = frozenset(("TURN", "IDLE", "SHUTDOWN", "MUTATE", "START", "STOP", RUN_BEGIN, RUN_END))


def message_groups(events: Sequence[TapeEvent]) -> Groups:
    """The events of each message, and those of each turn."""
    groups: dict[str, list[int]] = {}
    turn: str | None = None
    for place, event in enumerate(events):
        if event.kind in _ENDS_TURN:
            turn = f"turn {place}" if event.kind == "TURN" else None
        if event.get("msg") is not None:
            groups.setdefault(f"message {event.get('msg')}", []).append(place)
        if turn is not None:
            groups.setdefault(turn, []).append(place)
        elif event.kind in ("IDLE", "MUTATE"):
            groups.setdefault(f"{event.kind} {place}", []).append(place)
    return groups


def closed_run(_: Sequence[TapeEvent], kept: Sequence[TapeEvent]) -> TapeEvent:
    """A RUN_END after the last of the events: a checkpoint, which `mended_messages` gives its snapshot."""
    last = kept[-1]
    return TapeEvent(RUN_END, last.time_ns, last.run, {"end": RunEnd.CHECKPOINT.value}, {})


def mended_messages(
    header: Header, whole: Sequence[TapeEvent], kept: Sequence[TapeEvent], restated: bool
) -> Sequence[TapeEvent]:
    """Messages numbered without a hole again, and ends that say what the events come to."""
    first = next((event.snapshot for event in whole if event.snapshot), {})
    numbers = _numbers(whole, kept, int(first.get("next_msg", 0)))
    events = [_renumbered(event, numbers) for event in kept]
    return _stated(header, events, all_of_them=restated)


def _numbers(
    whole: Sequence[TapeEvent], kept: Sequence[TapeEvent], first: int
) -> Mapping[int, int]:
    """New numbers of the messages that were put within the excerpt; earlier ones keep theirs."""
    left = {event.get("msg") for event in kept if event.kind == "PUT"}
    came = dict.fromkeys(event.get("msg") for event in whole if event.kind == "PUT")
    return {old: first + at for at, old in enumerate(old for old in came if old in left)}


def _renumbered(event: TapeEvent, numbers: Mapping[int, int]) -> TapeEvent:
    changed = {
        name: numbers[event.get(name)] for name in ("msg", "other") if event.get(name) in numbers
    }
    return replace(event, fields={**event.fields, **changed}) if changed else event


def _stated(
    header: Header, events: Sequence[TapeEvent], *, all_of_them: bool
) -> Sequence[TapeEvent]:
    stated, known = list(events), None
    for place, event in enumerate(events):
        if event.kind == RUN_BEGIN and all_of_them and known is not None:
            stated[place] = replace(event, snapshot=known)
        elif event.kind == RUN_END and (all_of_them or not event.snapshot):
            begin = max(at for at in range(place) if stated[at].kind == RUN_BEGIN)
            known = _state_after(header, stated[begin : place + 1])
            stated[place] = replace(event, snapshot=known)
    return stated


def _state_after(header: Header, run: Sequence[TapeEvent]) -> dict[str, Any]:
    """What the events of a run come to, as the checker replays them."""
    with tempfile.TemporaryDirectory(prefix="nandtrace-") as folder:
        path = Path(folder) / "run.mpk"
        # A snapshot at its end would be compared.
        Tape(header, [*run[:-1], replace(run[-1], snapshot=None)]).write(path)
        with TraceReader(path) as reader:
            chunks = [reader.chunk(place) for place in range(len(reader.index.chunks))]
            pieces = [Piece(chunk, 0, chunk.meta.events) for chunk in chunks]
            batch = EventBatch(pieces, header.vocabulary, shape_problem)
            judging = graph_replay._Replay(batch, Boundary(), plan_from_device(header.device))
            judging.run()
    scene = judging._scene
    scene.ready.settle(len(batch) - 1, run[-1].time_ns)
    ready = {
        name: [node.name for node in scene.ready.bands[band]]
        for band, name in enumerate(BAND_NAMES, 1)
    }
    return {"clock_ns": run[-1].time_ns, **scene.state.snapshot(), "ready": ready}
