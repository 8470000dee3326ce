"""The command that records a cell again, with the same bytes."""

from __future__ import annotations

import shlex

from nandtrace.campaign.folder import Folder
from nandtrace.campaign.journal import Recipe
from nandtrace.campaign.model import Cell


def reproduce(folder: Folder, cell: Cell, recipe: Recipe) -> str:
    """A line for a shell: it records the cell into the working directory and verifies the trace."""
    profile = str(folder.root / recipe.profile) if recipe.is_copy else recipe.profile
    return shlex.join(
        [
            *("nandtrace", "record", "--profile", profile),
            *("--seed", str(cell.seed)),
            *recipe.arguments,
            *("--verify", "-o", f"{cell.id.replace('/', '-')}.mpk"),
        ]
    )
