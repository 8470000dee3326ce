"""`python -m nandtrace.campaign.cell`: record one cell, verify its trace, and say what came of it.

The first line of stdin is a JSON object with `identity` (a recipe as in a trace's header), `compress` and
`trace`, the file to write. The answer is one line of JSON on stdout. Stdin stays open as long as the campaign
lives: at its end the process ends at once, whatever it is doing.
"""

from __future__ import annotations

import json
import os
import threading
import time
import traceback
from typing import Any

_CHUNK = 1 << 16
_TEXT_CHARS = 2000
"""Of an error: with it the answer still is shorter than what a pipe holds."""


def main() -> None:
    """Read what to do, do it, answer."""
    begin = time.perf_counter()
    line = _first_line()
    threading.Thread(target=_die_with_parent, daemon=True).start()
    answer = answer_to(line) | {"seconds": time.perf_counter() - begin}
    _write(json.dumps(answer).encode() + b"\n")
    # Without the interpreter's tidying up: the trace is closed, and time is dear.
    os._exit(0)


def _first_line() -> bytes:
    """The first line of stdin."""
    raw = b""
    while b"\n" not in raw:
        more = os.read(0, _CHUNK)
        if not more:
            os._exit(1)
        raw += more
    return raw.partition(b"\n")[0]


def _die_with_parent() -> None:
    while os.read(0, _CHUNK):
        pass
    os._exit(1)


def _write(raw: bytes) -> None:
    while raw:
        raw = raw[os.write(1, raw) :]


def answer_to(line: bytes) -> dict[str, Any]:
    """Do what the first line says; returns what came of it, errors included."""
    # Imported here, once somebody watches whether the campaign still lives: it takes a while.
    from nandtrace.errors import InputError, StorageError, UsageError  # noqa: PLC0415

    try:
        return _recorded(json.loads(line))
    except StorageError as error:
        cause = error.__cause__
        number = cause.errno if isinstance(cause, OSError) else None
        reason = str(error).removeprefix(f"{error.path}: cannot write: ")
        return _error("storage", reason) | {"path": error.path, "errno": number}
    except UsageError as error:
        return _error("usage", str(error))
    except InputError as error:
        return _error("input", str(error))
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        return _error(
            "defect", f"{error!r} in {frame.name}, line {frame.lineno} of {frame.filename}"
        )


def _error(kind: str, text: str) -> dict[str, Any]:
    return {"error": {"kind": kind, "text": text[:_TEXT_CHARS]}}


def _recorded(spec: dict[str, Any]) -> dict[str, Any]:
    from nandtrace import __version__  # noqa: PLC0415 - as above
    from nandtrace.check.verify import verify_trace  # noqa: PLC0415
    from nandtrace.nand.job import VERSION, Job, recipe_from_identity  # noqa: PLC0415
    from nandtrace.nand.recording import run_job  # noqa: PLC0415

    trace = spec["trace"]
    recipe = recipe_from_identity(spec["identity"])
    job = Job(recipe, range(recipe.options.runs))
    summary = run_job(trace, job, compress=spec["compress"])
    verdict = verify_trace(trace)
    return {
        "version": __version__,
        "generator": VERSION,
        "verdict": verdict.verdict.value,
        "events": summary.events,
        "runs": summary.runs,
        "bytes": summary.bytes,
        "digest": summary.digest,
        "violations": {item.id: item.violated for item in verdict.invariants if item.violated},
        "problem": (verdict.error or "; ".join(verdict.damages))[:_TEXT_CHARS] or None,
    }


if __name__ == "__main__":
    main()
