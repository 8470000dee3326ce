"""Where a trace comes from: kept beside it, never digested."""

from __future__ import annotations

import platform
import subprocess
from datetime import UTC, datetime

from nandtrace import __version__

_GIT_SECONDS = 10


def collect_provenance() -> dict[str, str]:
    """Time, host and version of nandtrace; in a checkout of git also the commit at its head."""
    provenance = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "host": platform.node(),
        "version": __version__,
    }
    commit = _head_commit()
    return provenance | ({"commit": commit} if commit else {})


def _head_commit() -> str | None:
    command = ["git", "rev-parse", "--verify", "--quiet", "HEAD"]
    try:
        done = subprocess.run(  # noqa: S603 - a list, and nothing in it is given
            command, capture_output=True, text=True, timeout=_GIT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
