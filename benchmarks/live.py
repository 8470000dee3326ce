"""Live recordings beside plain ones of the same job: what it costs that a checker goes along."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from benchmarks.generating import DEFAULT_OP_NS
from benchmarks.measure import in_turns, timed
from benchmarks.results import OPS, Result, rate
from nandtrace.check import Verdict
from nandtrace.live import record_live
from nandtrace.nand.job import Job, Recipe
from nandtrace.nand.options import Options
from nandtrace.nand.profiles.loading import load_profile
from nandtrace.nand.recording import run_job

GROUP = "record"
_RUNS = 10


def measure_live(folder: Path, ops: int, repeats: int) -> list[Result]:
    """The default profile, about so many ops long, in ten runs; whole recordings, verdict and all."""
    options = Options(seed=1, runs=_RUNS, run_for_ns=(ops * DEFAULT_OP_NS // _RUNS,))
    job = Job(Recipe(load_profile("default").profile, options), range(_RUNS))
    plain = folder / "plain.mpk"
    recorded = run_job(plain, job).ops
    seconds = in_turns(
        {
            "plain": timed(partial(run_job, plain, job)),
            "live": timed(partial(_record_live, folder / "live.mpk", job)),
        },
        repeats,
    )
    return [
        Result(
            GROUP,
            "live, verified on the way",
            OPS,
            rate("live", recorded, seconds["live"]),
            rate("the same, not verified", recorded, seconds["plain"]),
        )
    ]


def _record_live(path: Path, job: Job) -> None:
    verdict = record_live(path, job, lambda *_: None).verdict
    if verdict.verdict is not Verdict.OK:
        raise RuntimeError(f"the recording is not right: {verdict}")
