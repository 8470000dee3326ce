"""Forged traces, their checksums right: verify and the other commands judge or refuse them, no more."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from nandtrace import Recorder, Topology
from nandtrace.check import Options, Verdict, verify_trace
from nandtrace.cli.exits import Exit
from nandtrace.cli.main import run
from nandtrace.convert.jsonl import import_jsonl
from tests.check.forging import forged, scrambled
from tests.check.hand_made import verify, write
from tests.check.replayed_domains import DOMAINS

DATA = Path(__file__).parents[1] / "data"
MUTANTS = 80
SCRAMBLED = 40


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("originals")
    import_jsonl(DATA / "real" / "3ed79f5.jsonl", folder / "a.mpk", chunk_events=100)
    import_jsonl(DATA / "real" / "97e9f54.jsonl", folder / "b.mpk", chunk_events=50, compress=True)
    native = DATA / "format" / "v1.mpk"
    return [path.read_bytes() for path in (folder / "a.mpk", folder / "b.mpk", native)]


@pytest.mark.parametrize("seed", range(4))
def test_a_forged_trace_is_judged_or_refused(
    originals: list[bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - seeded on purpose
    path = tmp_path / "forged.mpk"
    for _ in range(MUTANTS):
        path.write_bytes(forged(chance.choice(originals), chance, rechain=0.7))
        verify_trace(path, Options(batch_events=chance.choice([1, 400_000])))
        command = chance.choice(["cat", "info", "diff"])
        other = [str(DATA / "format" / "v1.mpk")] if command == "diff" else []
        assert run([command, str(path), *other]) != Exit.DEFECT, capsys.readouterr().err
        capsys.readouterr()


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("seed", range(3))
def test_a_forged_trace_of_a_replayed_domain_is_judged_or_refused(
    domain: str, seed: int, tmp_path: Path
) -> None:
    chance = random.Random(seed)  # noqa: S311 - seeded on purpose
    originals = [
        write(tmp_path / f"{name}.mpk", story(), chunk_events=20).read_bytes()
        for name, story in DOMAINS[domain].stories.items()
    ]
    path = tmp_path / "forged"
    for _ in range(MUTANTS):
        path.write_bytes(forged(chance.choice(originals), chance))
        verdict = verify_trace(path, Options(batch_events=chance.choice([1, 400_000])))
        assert verdict.verdict in set(Verdict)


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("seed", range(4))
def test_a_scrambled_log_is_judged(domain: str, seed: int, tmp_path: Path) -> None:
    """Events in any order, with any values: each is taken for what it says, and none is a defect."""
    chance = random.Random(seed)  # noqa: S311 - seeded on purpose
    for number in range(SCRAMBLED):
        log = chance.choice(list(DOMAINS[domain].stories.values()))()
        for _ in range(chance.randrange(1, 30)):
            log = scrambled(log, chance)
        verdict = verify(tmp_path / f"{number}.mpk", log)
        assert verdict.error is None
        assert verdict.verdict in {Verdict.OK, Verdict.VIOLATED}


SEGMENT = {
    "seg": 1,
    "op": 1,
    "op_name": "Read",
    "base": "READ",
    "source": "PROPOSAL",
    "start_ns": 0,
    "end_ns": 1,
    "targets": [[0, 0, 0, None]],
}


@pytest.mark.parametrize("field", ["segments", "suspended"])
@pytest.mark.parametrize(
    "forged",
    ["x", [1], [{"seg": 1}], [SEGMENT | {"seg": "a"}], [SEGMENT | {"targets": [[0]]}]],
    ids=str,
)
def test_forged_segments_of_a_snapshot_are_no_defect(
    field: str, forged: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recorder would refuse them; the checker must not trust that one wrote the trace."""
    monkeypatch.setattr("nandtrace.trace.recorder.check_snapshot", lambda *_: None)
    path = tmp_path / "a.mpk"
    with Recorder(path, topology=Topology(1, 1, 2, 2), program_bases=()) as recorder:
        recorder.begin_run(0, snapshot={field: forged})
        recorder.end_run(1, snapshot={})
    verdict = verify_trace(path)
    assert verdict.verdict is Verdict.UNKNOWN
    assert str(verdict.error).endswith(f"{field} is no list of segments as they were committed")
