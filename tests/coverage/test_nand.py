"""Coverage of NAND traces, on small hand-made ones: every count is foreseeable."""

from __future__ import annotations

from pathlib import Path

from nandtrace.coverage.nand_device import TENTHS
from tests.coverage.device import IDENTITY, RULES, StateLog
from tests.coverage.measured import counts_of, tables_of


def _beside(tmp_path: Path) -> Path:
    """A read; 350 ns into its sensing one beside it, and 850 ns into it one on the other die."""
    log = StateLog()
    log.begin()
    log.op("Read", 0, (0, 0))
    log.op("Read", 450, (0, 1))
    log.op("Read", 950, (1, 0))
    log.end(5_000)
    return log.record(tmp_path / "beside.mpk")


def test_what_a_start_meets(tmp_path: Path) -> None:
    """The second read meets the first beside it, the third both of them on the other die."""
    assert counts_of(_beside(tmp_path), "start-states") == {
        ("READ", "own planes", "idle"): 3,
        ("READ", "other planes", "idle"): 2,
        ("READ", "other planes", "READ.CORE_BUSY"): 1,
        ("READ", "other dies", "idle"): 2,
        ("READ", "other dies", "READ.CORE_BUSY"): 2,
    }


def test_how_far_a_state_is(tmp_path: Path) -> None:
    assert counts_of(_beside(tmp_path), "input-times") == {
        ("READ.CORE_BUSY", "other planes", "Read", "0.3"): 1,
        ("READ.CORE_BUSY", "other dies", "Read", "0.8"): 1,
        ("READ.CORE_BUSY", "other dies", "Read", "0.4"): 1,
    }


def test_an_op_whose_states_are_not_told_is_not_idle(tmp_path: Path) -> None:
    log = StateLog()
    log.begin()
    log.op("Read", 0, (0, 0))
    log.op("Status", 500, (0, 0))
    log.end(5_000)
    log.calls = [call for call in log.calls if call[1] != "state"]
    assert counts_of(log.record(tmp_path / "a.mpk"), "start-states") == {
        ("READ", "own planes", "idle"): 1,
        ("READ", "other planes", "idle"): 1,
        ("READ", "other dies", "idle"): 1,
        ("STATUS", "other dies", "idle"): 1,
    }


def test_what_is_possible_follows_from_the_header(tmp_path: Path) -> None:
    table = tables_of(_beside(tmp_path))["start-states"]
    assert table.unforeseen == []
    assert [each[1:] for each in table.missing if each[0] == "DOUT"] == [
        ("other dies", "ERASE.CORE_BUSY"),
        ("other dies", "ERASE_RESUME.CORE_BUSY"),
        ("other dies", "ERASE_SUSPEND.CORE_BUSY"),
        ("other dies", "READ.CORE_BUSY"),
        ("other dies", "RESET.CORE_BUSY"),
        ("other dies", "idle"),
        ("other planes", "READ.CORE_BUSY"),
        ("other planes", "idle"),
        ("own planes", "ERASE_RESUME.CORE_BUSY"),
        ("own planes", "ERASE_SUSPEND.CORE_BUSY"),
        ("own planes", "RESET.CORE_BUSY"),
        ("own planes", "idle"),
    ]
    assert [each[1:] for each in table.missing if each[0] == "ERASE_SUSPEND"] == [
        *[("other dies", f"{base}.CORE_BUSY") for base in ("ERASE", "ERASE_RESUME")],
        *[("other dies", f"{base}.CORE_BUSY") for base in ("ERASE_SUSPEND", "READ", "RESET")],
        ("other dies", "idle"),
        *[("own planes", f"{base}.CORE_BUSY") for base in ("ERASE", "ERASE_SUSPEND", "RESET")],
    ]


def test_input_times_are_possible_where_the_states_are(tmp_path: Path) -> None:
    tables = tables_of(_beside(tmp_path))
    states, times = tables["start-states"].possible, tables["input-times"].possible
    assert states is not None
    assert times is not None
    meetings = [each for each in states if each[2] != "idle"]
    assert len(times) == len(meetings) * len(TENTHS)


def test_a_header_that_does_not_tell_the_bases_of_names(tmp_path: Path) -> None:
    log = StateLog()
    log.begin()
    log.op("Read", 0, (0, 0))
    log.end(5_000)
    silent = log.record(tmp_path / "silent.mpk", identity={})
    assert tables_of(silent)["start-states"].possible is None
    bare = log.record(tmp_path / "bare.mpk", identity={"profile": {"op_names": [3, {"name": 4}]}})
    assert tables_of(bare)["input-times"].possible is None


def _suspended(tmp_path: Path) -> Path:
    """An erase suspended twice; a status read before, between and while it is suspended."""
    log = StateLog()
    log.begin()
    log.op("Status", 0)
    erase = log.op("Erase", 200, (0, 0), cut=3_300)
    for at, end in ((3_300, 6_000), (8_000, 9_000)):
        by = log.op("Erase_Suspend", at, (0, 0))
        log.call("suspend", at, die=0, axis="ERASE", op=erase, remaining_ns=1, by_seg=by)
        log.op("Status", at + 1_000 - 500, (0, 0))
        by = log.op("Erase_Resume", end, (0, 0))
        log.call("resume", end, die=0, axis="ERASE", op=erase, ok=True, remaining_ns=1, by_seg=by)
    log.op("Status", 9_800, (0, 0))
    log.end(20_000)
    return log.record(tmp_path / "suspended.mpk")


def test_a_suspend_meets_what_it_cuts(tmp_path: Path) -> None:
    trace = _suspended(tmp_path)
    counts = counts_of(trace, "input-times")
    assert counts["ERASE.CORE_BUSY", "own planes", "Erase_Suspend", "0.3"] == 1
    assert ("ERASE_SUSPEND", "own planes", "idle") in counts_of(trace, "start-states")


def test_what_is_suspended_when_ops_start(tmp_path: Path) -> None:
    """A suspend starts before it takes effect, and so does a resume."""
    trace = _suspended(tmp_path)
    # The first status is on no die.
    assert counts_of(trace, "suspend-depth") == {("0",): 4, ("1",): 4}
    assert counts_of(trace, "starts-suspended") == {
        ("ERASE", "nothing"): 1,
        ("ERASE_SUSPEND", "nothing"): 2,
        ("STATUS", "ERASE"): 2,
        ("STATUS", "nothing"): 1,
        ("ERASE_RESUME", "ERASE"): 2,
    }
    assert tables_of(trace)["suspend-depth"].possible == {("0",), ("1",)}
    assert [each for each in tables_of(trace)["starts-suspended"].missing if each[0] != "DOUT"] == [
        ("ERASE", "ERASE"),
        ("ERASE_SUSPEND", "ERASE"),
        ("READ", "nothing"),
        ("RESET", "ERASE"),
        ("RESET", "nothing"),
    ]


def test_which_suspend_of_its_op_each_is(tmp_path: Path) -> None:
    assert counts_of(_suspended(tmp_path), "suspends-of-op") == {
        ("ERASE", "1"): 1,
        ("ERASE", "2"): 1,
    }


def test_a_run_begins_with_what_its_snapshot_says_is_suspended(tmp_path: Path) -> None:
    log = StateLog()
    log.begin(suspended_erase=[[7], []], suspended_program=[[8], []])
    log.op("Status", 0, (0, 0))
    log.op("Status", 200, (1, 0))
    log.op("Reset", 400, (0, 0))
    log.op("Status", 1_200, (0, 0))
    log.end(2_000)
    trace = log.record(tmp_path / "a.mpk")
    assert counts_of(trace, "starts-suspended") == {
        ("STATUS", "ERASE+PROGRAM"): 1,
        ("STATUS", "nothing"): 2,
        ("RESET", "ERASE+PROGRAM"): 1,
    }
    assert counts_of(trace, "suspend-depth") == {("2",): 2, ("0",): 2}


def _sequences(tmp_path: Path) -> Path:
    """Plane 0 of die 0: read, data out, read; a reset; a read. Plane 1: read, erase."""
    log = StateLog()
    log.begin()
    log.op("Read", 0, (0, 0), (0, 1))
    log.op("Dout", 1_200, (0, 0), committed=0, source="SEQUENCE")
    log.op("Dout", 1_900, (0, 1), committed=0, source="SEQUENCE")
    log.op("Erase", 3_000, (0, 1))
    log.op("Status", 14_000)
    log.op("Reset", 15_000, (0, 0))
    log.op("Read", 16_000, (0, 0))
    log.end(20_000)
    return log.record(tmp_path / "sequences.mpk")


def test_what_is_reserved_with_an_op(tmp_path: Path) -> None:
    table = tables_of(_sequences(tmp_path))["sequences"]
    assert dict(table.counts) == {
        ("READ", "DOUT"): 1,
        ("READ", "nothing"): 1,
        ("STATUS", "nothing"): 1,
    }
    assert table.possible == {("READ", "DOUT"), ("STATUS", "nothing")}
    assert table.unforeseen == [("READ", "nothing")]


def test_what_comes_after_what_on_a_plane(tmp_path: Path) -> None:
    """An erase holds its die; it comes after what was on the plane that it addresses."""
    table = tables_of(_sequences(tmp_path))["plane-sequences"]
    assert dict(table.counts) == {("READ", "ERASE"): 1, ("RESET", "READ"): 1}
    assert table.unforeseen == []
    assert ("READ", "READ") not in (table.possible or ())


def test_batches_of_any_size_give_the_same(tmp_path: Path) -> None:
    log = StateLog()
    for run in range(3):
        at = run * 10_000
        log.begin(at)
        log.op("Read", at, (0, 0))
        log.op("Status", at + 500, (0, 0))
        log.end(at + 9_000)
    trace = log.record(tmp_path / "a.mpk", chunk_events=4)
    small, large = tables_of(trace, 1), tables_of(trace)
    assert small == large
    assert large["plane-sequences"].counts == {("READ", "READ"): 2}


def test_marks(tmp_path: Path) -> None:
    log = StateLog()
    log.begin()
    log.call("latch", 0, on=True, die=0, plane=0, latch="LATCH_ON_READ", seg=None)
    log.call("odt", 0, on=False, die=0)
    log.end(10)
    table = tables_of(log.record(tmp_path / "a.mpk"))["marks"]
    assert dict(table.counts) == {("LATCH", "LATCH_ON_READ", "on"): 1, ("ODT", "-", "off"): 1}
    assert table.missing == [("LATCH", "LATCH_ON_READ", "off")]
    assert table.unforeseen == [("ODT", "-", "off")]


def test_the_ends_of_runs(tmp_path: Path) -> None:
    log = StateLog()
    log.begin()
    log.end(
        10,
        "CARRIED",
        pending=[[20, "OP_START", 1], [20, "PHASE_HOOK", None]],
        latches=[[0, 0, "LATCH_ON_READ"]],
        backlog=[[3], []],
        bootstrap={"stage": "ERASE"},
    )
    log.begin(10)
    log.op("Status", 20, (0, 0))
    log.call("drain_begin", 30, pending=1)
    log.end(200)
    log.begin(200)
    log.end(210)
    trace = log.record(tmp_path / "a.mpk")
    assert counts_of(trace, "run-ends") == {
        ("CARRIED", "OP_START pending"): 1,
        ("CARRIED", "hook pending"): 1,
        ("CARRIED", "latch full"): 1,
        ("CARRIED", "backlog waits"): 1,
        ("CARRIED", "bootstrap active"): 1,
        ("DRAINED", "OP_END drained"): 1,
        ("DRAINED", "nothing drained"): 1,
    }
    assert counts_of(trace, "run-stops") == {("run_until",): 3}


def test_families_are_of_the_header(tmp_path: Path) -> None:
    tables = tables_of(_beside(tmp_path))
    assert dict(tables["families"].counts) == {("READ",): 3}
    assert tables["families"].possible == {(base,) for base in RULES["bases"]}
    names = [entry["name"] for entry in IDENTITY["profile"]["op_names"]]
    assert tables["op-names"].possible == {(name,) for name in names}
    assert dict(tables["states"].counts) == {("Read", "ISSUE"): 3, ("Read", "CORE_BUSY"): 3}
    assert dict(tables["segment-ends"].counts) == {("PROPOSAL", "COMPLETED"): 3}
