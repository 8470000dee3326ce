"""nandtrace campaign as a process: interrupts, a second one beside it, a terminal, a full disk."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from nandtrace.cli.main import run
from nandtrace.schema_files import load_schema

Capture = pytest.CaptureFixture[str]

CAMPAIGN = """\
profiles = ["tiny"]
seeds = "0..5"
[options.short]
runs = 1
run_until = "1ms"
[limits]
slots = 1
stop_grace_s = 20
"""
LARGE = """\
profiles = ["default"]
seeds = "0..2"
[options.long]
runs = 3
run_until = "100ms"
"""
PATIENCE_S = 60


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("six.toml").write_text(CAMPAIGN)
    Path("many.toml").write_text(CAMPAIGN.replace("0..5", "0..59"))


def _start(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    code = "import sys; from nandtrace.cli.main import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", code, "campaign", *arguments]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, text=True, **pipes | options)


@contextlib.contextmanager
def _running(file: str = "six.toml") -> Iterator[subprocess.Popen[str]]:
    """A campaign of which one cell at least is done and one at least is not."""
    with _start("run", file, "-o", "out") as process:
        try:
            end = time.monotonic() + PATIENCE_S
            while not list(Path().glob("out/traces/**/*.mpk")):
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < end
                time.sleep(0.01)
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def _status(capsys: Capture, code: int) -> dict[str, Any]:
    capsys.readouterr()
    assert run(["campaign", "status", "out", "--json"]) == code
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, load_schema("campaign-status"))
    return document


def test_interrupted_it_tells_how_to_go_on_and_does(capsys: Capture) -> None:
    with _running() as process:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert out.startswith("six: ")
    assert "nandtrace: interrupted\n" in err
    resume = "nandtrace: what is done is kept; to go on: nandtrace campaign resume out\n"
    assert err.endswith(resume)
    status = _status(capsys, 3)
    assert 1 <= status["ok"] < 6
    assert status["ok"] + status["pending"] == 6
    assert [entry["outcome"] for entry in status["sessions"]] == ["interrupted"]
    assert run(["campaign", "status", "out"]) == 3
    assert capsys.readouterr().err == resume

    assert run(["campaign", "resume", "out"]) == 0
    sessions = _status(capsys, 0)["sessions"]
    assert sum(entry["settled"] for entry in sessions) == 6
    assert run(["verify", "out/campaign.mpk"]) == 0


def test_while_it_runs_status_answers_and_a_second_one_is_refused(capsys: Capture) -> None:
    with _running("many.toml") as process:
        status = _status(capsys, 3)
        assert (status["is_running"], status["pid"]) == (True, process.pid)
        for arguments in (["run", "six.toml", "-o", "out"], ["resume", "out"]):
            assert run(["campaign", *arguments]) == 2
            output = capsys.readouterr()
            assert output.out == ""
            assert str(process.pid) in output.err
            assert "to go on" not in output.err
        process.kill()
        process.wait(timeout=PATIENCE_S)
    status = _status(capsys, 3)
    assert (status["is_running"], status["pid"]) == (False, None)
    assert [entry["outcome"] for entry in status["sessions"]] == ["crashed"]


def test_a_terminal_shows_how_far_it_is() -> None:
    main, terminal = pty.openpty()
    with _start("run", "six.toml", "-o", "out", "--json", env=_wide(), stderr=terminal) as process:
        os.close(terminal)
        shown = _read_all(main)
        (out, _) = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert json.loads(out)["ok"] == 6
    assert "six" in shown
    assert "0/6, 1 running" in shown
    assert re.search(r"[1-5]/6, .*cells/(s|min), ETA 0:\d\d:\d\d", shown)


def _wide() -> dict[str, str]:
    return {**os.environ, "COLUMNS": "200", "TERM": "xterm"}


def _read_all(terminal: int) -> str:
    parts = []
    # Linux says EIO where the other end is closed.
    with contextlib.suppress(OSError):
        while part := os.read(terminal, 65536):
            parts.append(part)
    os.close(terminal)
    return b"".join(parts).decode(errors="replace")


def test_without_a_terminal_it_says_once_that_it_stands_still() -> None:
    Path("full.toml").write_text(f"{CAMPAIGN}warning = 0.001\ncritical = 0.001\n")
    with _start("run", "full.toml", "-o", "out") as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert re.fullmatch(
        r"nandtrace: full waits for memory: [\d.]+ % is in use, and from 0.1 % on no cell begins\n",
        said,
    )
    assert rest.splitlines()[0] == "nandtrace: interrupted"


def test_an_interrupt_that_is_ignored_stays_ignored() -> None:
    with _start("run", "six.toml", "-o", "out", preexec_fn=_ignore_interrupts) as process:
        while not list(Path().glob("out/traces/**/*.mpk")):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def test_a_full_disk_ends_it_and_loses_nothing(capsys: Capture) -> None:
    Path("large.toml").write_text(LARGE)
    with _start("run", "large.toml", "-o", "out", preexec_fn=_allow_small_files) as process:
        out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (3, "")
    assert "cannot write" in err
    assert err.endswith("to go on: nandtrace campaign resume out\n")
    assert _status(capsys, 3)["pending"] == 3
    assert run(["campaign", "resume", "out"]) == 0
    assert _status(capsys, 0)["ok"] == 3


def _allow_small_files() -> None:
    """What a trace of LARGE exceeds, and nothing else that a campaign writes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))
