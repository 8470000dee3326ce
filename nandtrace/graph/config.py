"""Configuration of the scheduler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nandtrace.errors import GraphError
from nandtrace.graph.values import band_of, duration_ns_of, natural_of
from nandtrace.units import NS_PER_MS
from nandtrace.vocab.graph import DEFAULT_FAIRNESS, Band


@dataclass(frozen=True, slots=True)
class SchedulerConfig:
    """How the scheduler serves its nodes. Raises GraphError that names a value that makes no sense.

    `fairness_ratio` maps bands, or their names, to turns in a cycle; a band left out keeps its default.
    `idle_sleep_ms` is the longest the real clock sleeps before it looks whether a shutdown was requested.
    """

    tick_interval_ms: float = 50.0
    fairness_ratio: Mapping[Band | str, int] = field(default_factory=dict)
    max_batch_per_node: int = 8
    idle_sleep_ms: float = 1.0
    shutdown_timeout_s: float = 2.0

    def __post_init__(self) -> None:
        _ = self.credits, self.tick_interval_ns, self.idle_sleep_ns, self.shutdown_timeout_ns
        natural_of(self.max_batch_per_node, "max_batch_per_node")

    @property
    def credits(self) -> dict[Band, int]:
        """Turns of each band in a cycle, in the order of service."""
        if not isinstance(self.fairness_ratio, Mapping):
            raise GraphError(f"fairness_ratio is {self.fairness_ratio!r}, not a map of bands")
        given = {
            band_of(key, "fairness_ratio"): natural_of(turns, f"fairness_ratio of {key}")
            for key, turns in self.fairness_ratio.items()
        }
        return DEFAULT_FAIRNESS | given

    @property
    def tick_interval_ns(self) -> int:
        return duration_ns_of(self.tick_interval_ms, NS_PER_MS, "tick_interval_ms")

    @property
    def idle_sleep_ns(self) -> int:
        return duration_ns_of(self.idle_sleep_ms, NS_PER_MS, "idle_sleep_ms")

    @property
    def shutdown_timeout_ns(self) -> int:
        return duration_ns_of(self.shutdown_timeout_s, 1_000 * NS_PER_MS, "shutdown_timeout_s")
