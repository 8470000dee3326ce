"""Configuration of the scheduler."""

from __future__ import annotations

from dataclasses import dataclass

from nandtrace.errors import WorkOrderError
from nandtrace.trace.workorder_recorder import WorkOrderLimits
from nandtrace.vocab.workorder import Policy
from nandtrace.workorder.values import (
    bytes_of,
    duration_ns_of,
    permille_of,
    positive_ns_of,
    whole_of,
    word_of,
)


@dataclass(frozen=True, slots=True)
class SchedulerConfig:
    """What the scheduler keeps to. Raises WorkOrderError that names a value that makes no sense.

    Times are seconds, sizes MB of 2**20 bytes, `warning`, `critical` and `jitter` ratios with at most three
    decimals. `max_retries` is that of orders that have none of their own. `late_s` is how late the real
    clock may be and the checker not mind. docs/workorder-model.md says what each does.
    """

    slots: int = 2
    memory_per_slot_mb: float = 4096
    warning: float = 0.8
    critical: float = 0.9
    memory_gating: bool = True
    stagger_s: float = 5.0
    policy: Policy | str = Policy.FIFO
    max_depth: int | None = None
    max_retries: int = 0
    backoff_s: float = 1.0
    backoff_factor: float = 2.0
    backoff_cap_s: float = 60.0
    jitter: float = 0.1
    lease_s: float | None = None
    stop_grace_s: float = 30.0
    terminate_grace_s: float = 5.0
    poll_s: float = 1.0
    resource_poll_s: float = 5.0
    settle_s: float = 0.0
    late_s: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        self.limits(is_virtual=False)
        whole_of(self.max_retries, "max_retries", 0)
        whole_of(self.seed, "seed", 0, 2**63)

    def limits(self, *, is_virtual: bool) -> WorkOrderLimits:
        """As whole numbers, and as a trace's header has them."""
        if not isinstance(self.memory_gating, bool):
            raise WorkOrderError(f"memory_gating is {self.memory_gating!r}, not true or false")
        warning, critical = (
            permille_of(self.warning, "warning"),
            permille_of(self.critical, "critical"),
        )
        if warning > critical:
            raise WorkOrderError(f"warning is {self.warning}, above critical, {self.critical}")
        depth, lease_s = self.max_depth, self.lease_s
        return WorkOrderLimits(
            slots=whole_of(self.slots, "slots", 1),
            memory_per_slot_bytes=bytes_of(self.memory_per_slot_mb, "memory_per_slot_mb"),
            warning_permille=warning,
            critical_permille=critical,
            memory_gating=self.memory_gating,
            stagger_ns=duration_ns_of(self.stagger_s, "stagger_s"),
            policy=word_of(self.policy, Policy, "policy"),
            max_depth=None if depth is None else whole_of(depth, "max_depth", 1),
            backoff_ns=duration_ns_of(self.backoff_s, "backoff_s"),
            backoff_factor_permille=permille_of(self.backoff_factor, "backoff_factor", 1.0, 1000.0),
            backoff_cap_ns=duration_ns_of(self.backoff_cap_s, "backoff_cap_s"),
            jitter_permille=permille_of(self.jitter, "jitter"),
            lease_ns=None if lease_s is None else positive_ns_of(lease_s, "lease_s"),
            stop_grace_ns=duration_ns_of(self.stop_grace_s, "stop_grace_s"),
            terminate_grace_ns=duration_ns_of(self.terminate_grace_s, "terminate_grace_s"),
            poll_ns=positive_ns_of(self.poll_s, "poll_s"),
            resource_poll_ns=positive_ns_of(self.resource_poll_s, "resource_poll_s"),
            settle_ns=duration_ns_of(self.settle_s, "settle_s"),
            decision_within_ns=0 if is_virtual else positive_ns_of(self.late_s, "late_s"),
        )
