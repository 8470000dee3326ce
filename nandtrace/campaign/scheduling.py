"""A campaign's limits as the work-order scheduler keeps them."""

from __future__ import annotations

from nandtrace.campaign.model import Limits
from nandtrace.workorder.config import SchedulerConfig
from nandtrace.workorder.values import positive_ns_of

QUEUED_PER_SLOT = 4
"""Orders ahead of the slots: enough to keep them busy, few enough for any number of cells."""

_BACKOFF_CAP_S = 60.0
_TERMINATE_GRACE_S = 5.0
_LATE_S = 5.0
"""How late a timer may be: the campaign shares its processors with its own cells."""


def scheduler_config(limits: Limits) -> SchedulerConfig:
    """Raises WorkOrderError for a limit that makes no sense."""
    # By the name that it has here; the scheduler calls it otherwise.
    positive_ns_of(limits.timeout_s, "timeout_s")
    return SchedulerConfig(
        slots=limits.slots,
        memory_per_slot_mb=limits.memory_per_slot_mb,
        warning=limits.warning,
        critical=limits.critical,
        memory_gating=limits.memory_gating,
        stagger_s=limits.stagger_s,
        max_depth=(1 + QUEUED_PER_SLOT) * limits.slots,
        max_retries=limits.retries,
        backoff_s=limits.backoff_s,
        backoff_cap_s=max(limits.backoff_s, _BACKOFF_CAP_S),
        lease_s=limits.timeout_s,
        stop_grace_s=limits.stop_grace_s,
        terminate_grace_s=_TERMINATE_GRACE_S,
        settle_s=limits.settle_s,
        late_s=_LATE_S,
    )
