"""Other ways to write the same: no verdict may depend on them."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from nandtrace.check.mutation.operators import equivalent
from nandtrace.check.mutation.tape import Tape


@equivalent("chunks-cut", domain=None)
def chunks_cut(tape: Tape, chance: Random) -> Tape | None:
    """The events are cut into small chunks."""
    return tape.in_form(replace(tape.form, chunk_events=chance.choice((7, 50, 999))))


@equivalent("compressed", domain=None)
def compressed(tape: Tape, chance: Random) -> Tape | None:  # noqa: ARG001 - there is one way only
    """The chunks are compressed."""
    return tape.in_form(replace(tape.form, compress=True))


@equivalent("provenance-added", domain=None)
def provenance_added(tape: Tape, chance: Random) -> Tape | None:
    """Somebody's name is on it."""
    return tape.in_form(replace(tape.form, provenance={"host": f"bench-{chance.randrange(99)}"}))
