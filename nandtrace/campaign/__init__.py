"""Campaigns: many recordings, each made and verified in a process of its own, in an order that is kept.

The way of a cell: `loading` reads the campaign file, `plan` lays out its matrix, `journal` keeps the cells
and what became of them, an engine (`engine_local`, `engine_dask`) has `cell` record and verify each,
`settling` puts its trace into place, and `status` says how all of it stands. `run` begins a campaign or
resumes it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nandtrace.campaign.run import (
        CampaignSummary,
        default_folder,
        resume_campaign,
        run_campaign,
    )
    from nandtrace.campaign.session import Progress
    from nandtrace.campaign.status import CampaignStatus, read_status, status_document
    from nandtrace.campaign.stopping import StopRequest

__all__ = [
    "CampaignStatus",
    "CampaignSummary",
    "Progress",
    "StopRequest",
    "default_folder",
    "read_status",
    "resume_campaign",
    "run_campaign",
    "status_document",
]

_LAZY = {
    "CampaignStatus": "status",
    "CampaignSummary": "run",
    "Progress": "session",
    "StopRequest": "stopping",
    "default_folder": "run",
    "read_status": "status",
    "resume_campaign": "run",
    "run_campaign": "run",
    "status_document": "status",
}
"""Loaded when first asked for: the process of a cell comes through here and needs none of them."""


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
