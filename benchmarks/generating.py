"""Generating: the NAND scheduler without a trace, beside a bare heap loop with as many dispatches."""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass, field
from functools import partial
from heapq import heapify, heapreplace

from benchmarks.measure import ROOT, in_turns, timed
from benchmarks.results import OPS, Figure, Result, rate
from nandtrace.nand.job import Job, Recipe, new_scheduler
from nandtrace.nand.log import NullLog
from nandtrace.nand.options import Options
from nandtrace.nand.profile import Profile
from nandtrace.nand.profiles.loading import load_profile

GROUP = "generate"
SEED = 1
WARM_UP_NS = 100_000_000
"""Fills the device, and the tables that are built when they are first asked for. Not measured."""

DEFAULT_OP_NS, NANDSEQGEN_OP_NS = 20_000, 75_000
"""About how much simulated time an op takes."""

NANDSEQGEN = ROOT.parent / "shared" / "real" / "nandseqgen" / "config.yaml"
NANDSEQGEN_OPS_PER_S = 165.0
"""What the public generator reaches with this configuration; it is not run here."""

_PENDING = 64
_STEP_NS = 70_000


@dataclass(slots=True)
class Generation:
    """A scheduler that goes through these runs after its warm-up, and keeps no events."""

    profile: Profile
    runs_ns: tuple[int, ...]
    warm_up_ns: int = WARM_UP_NS
    ops: int = field(default=0, init=False)
    """Ops generated in the measured runs; known after them, and the same each time."""

    dispatches: int = field(default=0, init=False)
    """Hooks, OP_STARTs and OP_ENDs dispatched in them."""

    @property
    def options(self) -> Options:
        """The warm-up is run 0; what is measured follows."""
        return Options(
            seed=SEED, runs=1 + len(self.runs_ns), run_for_ns=(self.warm_up_ns, *self.runs_ns)
        )

    def measure(self) -> float:
        """Generate; returns the seconds of the measured runs."""
        job = Job(Recipe(self.profile, self.options), range(1 + len(self.runs_ns)))
        scheduler = new_scheduler(job, NullLog())
        model = scheduler.model
        scheduler.run_to(self.warm_up_ns)
        ops, segments, hooks = model.next_op, model.next_seg, 0
        gc.collect()
        started = time.perf_counter()
        for at, run_ns in enumerate(self.runs_ns, start=1):
            is_last = at == len(self.runs_ns)
            scheduler.run_to(scheduler.next_begin_ns + run_ns, is_last=is_last)
            hooks += scheduler.run_hooks
        seconds = time.perf_counter() - started
        self.ops = model.next_op - ops
        self.dispatches = hooks + 2 * (model.next_seg - segments)
        return seconds


def measure_generating(ops: int, repeats: int) -> list[Result]:
    """About so many ops with the default profile and, where it is at hand, nandseqgen's configuration."""
    default = Generation(load_profile("default").profile, (ops * DEFAULT_OP_NS,))
    default.measure()
    contestants = {
        "default": default.measure,
        "loop": timed(partial(dispatch_bare, default.dispatches)),
    }
    peers = NANDSEQGEN.exists()
    if peers:
        theirs = Generation(load_profile(NANDSEQGEN).profile, (ops * NANDSEQGEN_OP_NS,))
        contestants["nandseqgen"] = theirs.measure
    seconds = in_turns(contestants, repeats)
    ours = rate("scheduler, no trace", default.ops, seconds["default"])
    loop = rate(f"heap loop, {default.dispatches:,} dispatches", default.ops, seconds["loop"])
    results = [Result(GROUP, "default profile", OPS, ours, loop)]
    if peers:
        ours = rate("scheduler, no trace", theirs.ops, seconds["nandseqgen"])
        peer = Figure("the generator itself, not run here", (NANDSEQGEN_OPS_PER_S,), 0)
        results.append(Result(GROUP, "nandseqgen's configuration", OPS, ours, peer))
    return results


def dispatch_bare(dispatches: int) -> None:
    """What every event-driven scheduler does at least: take the earliest entry, queue another."""
    heap = [(number, 0, number, None) for number in range(_PENDING)]
    heapify(heap)
    for entry_id in range(_PENDING, _PENDING + dispatches):
        time_ns = heap[0][0]
        heapreplace(heap, (time_ns + entry_id * 7919 % _STEP_NS, 0, entry_id, None))
