"""What can be wrong with the names of a graph's parts, and with changes of its edges."""

from __future__ import annotations

from random import Random

from nandtrace.check.mutation.edits import (
    altered,
    nothing,
    off,
)
from nandtrace.check.mutation.graph_scene import NOBODY
from nandtrace.check.mutation.operators import breaking
from nandtrace.check.mutation.tape import Tape

# ---- names


@breaking("edge-unknown", "names-resolve", domain="graph")
def edge_unknown(tape: Tape, chance: Random) -> Tape | None:
    """An event is about an edge that the header lacks, or about none."""
    kinds = ("PUT", "GET", "FLUSH", "DELIVER", "BLOCK", "WAKE", "MUTATE", "LEFTOVER")
    kind = chance.choice([kind for kind in kinds if tape.places(kind)] or ["PUT"])
    return altered(tape, chance, kind, "edge", lambda _, chance: chance.choice((None, NOBODY)))


@breaking("node-unknown", "names-resolve", domain="graph")
def node_unknown(tape: Tape, chance: Random) -> Tape | None:
    """An event is about a node that the header lacks, or about none."""
    kinds = ("START", "TURN", "TICK", "DELIVER", "BLOCK", "WAKE", "ERROR", "TICKS_END", "STOP")
    kind = chance.choice([kind for kind in kinds if tape.places(kind)] or ["TURN"])
    return altered(tape, chance, kind, "node", lambda _, chance: chance.choice((None, NOBODY)))


# ---- changes while running


@breaking("mutate-from-other", "mutator-effect", domain="graph")
def mutate_from_other(tape: Tape, chance: Random) -> Tape | None:
    """A change replaces another value than the one in effect."""
    return altered(tape, chance, "MUTATE", "old", off("old"))


@breaking("mutate-to-nonsense", "mutator-effect", domain="graph")
def mutate_to_nonsense(tape: Tape, chance: Random) -> Tape | None:
    """A change sets a value that makes no sense."""
    values = (0, -1, None)
    return altered(tape, chance, "MUTATE", "new", lambda _, chance: chance.choice(values))


@breaking("mutate-of-nothing", "mutator-effect", domain="graph")
def mutate_of_nothing(tape: Tape, chance: Random) -> Tape | None:
    """A change does not say of what."""
    return altered(tape, chance, "MUTATE", "what", nothing)


@breaking("mutate-evicts", "mutator-effect", domain="graph")
def mutate_evicts(tape: Tape, chance: Random) -> Tape | None:
    """A change of an edge changes what it holds."""
    return altered(tape, chance, "MUTATE", "depth", off("depth"))
