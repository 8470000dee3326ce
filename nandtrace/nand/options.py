"""The options of a recording, beside its profile: what else decides which events come out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nandtrace.units import QUANTUM_NS
from nandtrace.vocab.nand import ApplyPolicy

DEFAULT_RUN_NS = 100_000_000


@dataclass(frozen=True, slots=True)
class Options:
    """`run_for_ns` is how long each run lasts; the last entry holds for all runs after it.

    `max_hooks` bounds the hooks of every run. Raises ValueError for what makes no sense.
    """

    seed: int = 0
    runs: int = 3
    run_for_ns: tuple[int, ...] = (DEFAULT_RUN_NS,)
    max_hooks: int | None = None
    drain: bool = True
    apply_policy: ApplyPolicy = ApplyPolicy.PER_OP

    def __post_init__(self) -> None:
        if type(self.seed) is not int or not -(2**63) <= self.seed < 2**63:
            raise ValueError(f"seed: {self.seed!r} is no 64-bit integer")
        if type(self.runs) is not int or self.runs < 1:
            raise ValueError(f"runs: {self.runs!r} is not a positive number")
        if not self.run_for_ns:
            raise ValueError("run_for_ns: no duration")
        for value in self.run_for_ns:
            if type(value) is not int or value <= 0 or value % QUANTUM_NS:
                raise ValueError(
                    f"run_for_ns: {value!r} is no positive multiple of {QUANTUM_NS} ns"
                )
        if self.max_hooks is not None and (type(self.max_hooks) is not int or self.max_hooks < 0):
            raise ValueError(f"max_hooks: {self.max_hooks!r} is no count")

    def duration_ns(self, run: int) -> int:
        """How long a run lasts."""
        return self.run_for_ns[min(run, len(self.run_for_ns) - 1)]

    def to_map(self) -> dict[str, Any]:
        """As they go into a trace's header."""
        return {
            "seed": self.seed,
            "runs": self.runs,
            "run_for_ns": list(self.run_for_ns),
            "max_hooks": self.max_hooks,
            "drain": self.drain,
            "apply_policy": self.apply_policy.value,
        }


def options_from_map(plain: Mapping[str, Any]) -> Options:
    """Read options back from a header. Raises ValueError that names the entry that makes no sense."""
    try:
        return Options(
            seed=plain["seed"],
            runs=plain["runs"],
            run_for_ns=tuple(plain["run_for_ns"]),
            max_hooks=plain["max_hooks"],
            drain=bool(plain["drain"]),
            apply_policy=ApplyPolicy(plain["apply_policy"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"options: {error!r}") from error
