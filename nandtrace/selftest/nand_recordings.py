"""Recordings of the NAND scheduler: of a small device, by a script and by chance."""

from __future__ import annotations

from functools import partial
from importlib import resources
from pathlib import Path

from nandtrace.nand.options import Options
from nandtrace.nand.profiles.loading import load_profile
from nandtrace.nand.recording import record
from nandtrace.selftest.recording import Recording


def _record(profile: str, options: Options, path: Path) -> None:
    with resources.as_file(resources.files("nandtrace.selftest") / "profiles") as folder:
        record(path, load_profile(folder / f"{profile}.yaml").profile, options)


RECORDINGS = (
    Recording(
        "script",
        partial(
            _record,
            "script",
            Options(runs=4, run_for_ns=(6_500_000, 2_000_000, 2_000_000, 3_500_000)),
        ),
    ),
    # Runs that their hooks stop carry over what waits.
    Recording(
        "carried",
        partial(
            _record, "script", Options(runs=8, run_for_ns=(4_000_000, 2_000_000), max_hooks=21)
        ),
    ),
    Recording("mix", partial(_record, "mix", Options(seed=1, runs=6, run_for_ns=(2_500_000,)))),
    Recording(
        "mix-carried",
        partial(_record, "mix", Options(seed=2, runs=8, run_for_ns=(1_500_000,), max_hooks=60)),
    ),
)
