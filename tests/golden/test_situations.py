"""Does each golden hold the situation that it is kept for? One that lost its point fails here.

Times are nanoseconds, addresses (die, plane, block, page) or, of applied cells, (die, block, page).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from tests.golden.reading import Story

Read = Callable[[str], Story]


# ---- a run's end


def test_a_read_and_its_dout_cross_run_until(story: Read) -> None:
    told = story("read-dout-across-run-until")
    assert told.of("RUN_BEGIN")[0].fields["run_until_ns"] == 4_000_000
    assert told.life(2) == [
        ("COMMIT", 2, 3_990_000),
        ("OP_START", 2, 3_990_000),
        ("OP_END", 2, 4_015_300),
        ("LATCH", 2, 4_015_300),
    ]
    assert told.life(3) == [
        ("COMMIT", 3, 3_990_000),
        ("OP_START", 3, 4_016_300),
        ("OP_END", 3, 4_024_280),
        ("LATCH", 3, 4_024_280),
    ]
    assert told.outcomes(2) == told.outcomes(3) == [("COMPLETED", True)]
    assert told.run_ends()[0] == ("DRAINED", "run_until", 4_024_280)
    begin = told.snapshots[1, "RUN_BEGIN"]
    assert (begin["latches"], begin["ongoing"], begin["pending"]) == ([], [[]], [])
    again = told.of("COMMIT", op_name="Read")[1]
    assert (again.run, again.fields["targets"]) == (1, [(0, 0, 0, 0)])


def test_a_read_waits_for_the_bus_until_after_run_until(story: Read) -> None:
    told = story("op-starts-after-run-until")
    assert told.of("RUN_BEGIN")[0].fields["run_until_ns"] == 3_503_000
    assert told.of("DRAIN_BEGIN")[0].time_ns == 3_503_000
    assert told.life(3) == [
        ("COMMIT", 3, 3_501_000),
        ("OP_START", 3, 3_507_980),
        ("OP_END", 3, 3_533_280),
        ("LATCH", 3, 3_533_280),
    ]
    assert told.life(4)[:3] == [
        ("COMMIT", 4, 3_501_000),
        ("OP_START", 4, 3_534_280),
        ("OP_END", 4, 3_542_260),
    ]
    assert told.outcomes(3) == told.outcomes(4) == [("COMPLETED", True)]


def test_a_chain_segment_ends_right_after_run_until(story: Read) -> None:
    told = story("chain-across-run-until")
    assert told.of("RUN_BEGIN")[0].fields["run_until_ns"] == 3_628_270
    assert told.of("DRAIN_BEGIN")[0].time_ns == 3_628_270
    assert told.life(1) == [
        ("COMMIT", 1, 3_100_000),
        ("OP_START", 1, 3_100_000),
        ("SUSPEND", 2, 3_200_000),
        ("CANCEL", 1, 3_200_000),
        ("OP_END", 1, 3_200_000),
        ("RESUME", 3, 3_400_000),
        ("COMMIT", 4, 3_400_000),
        ("OP_START", 4, 3_420_300),
        ("OP_END", 4, 3_628_280),
        ("APPLY_PGM", 4, 3_628_280),
    ]
    assert told.outcomes(1) == [("SUSPENDED", False), ("COMPLETED", True)]
    assert told.snapshots[1, "RUN_BEGIN"]["addr_state"] == [0, -2, -2, -2, -2, -2, -2, -2]


def test_run_until_falls_into_an_erase_resume(story: Read) -> None:
    told = story("erase-resume-across-run-until")
    assert told.of("DRAIN_BEGIN")[0].time_ns == 2_000_000
    assert told.life(0) == [
        ("COMMIT", 0, 0),
        ("OP_START", 0, 0),
        ("SUSPEND", 1, 1_000_000),
        ("CANCEL", 0, 1_000_000),
        ("OP_END", 0, 1_000_000),
        ("RESUME", 2, 1_980_000),
        ("COMMIT", 3, 1_980_000),
        ("OP_START", 3, 2_030_300),
        ("OP_END", 3, 4_030_600),
        ("APPLY_ERASE", 3, 4_030_600),
    ]
    assert told.outcomes(0) == [("SUSPENDED", False), ("COMPLETED", True)]
    assert told.outcomes(2) == [("COMPLETED", True)]
    assert told.cells("APPLY_PGM") == [(4_507_980, [(0, 0, 0)])]


def test_a_hook_budget_stops_runs(story: Read) -> None:
    told = story("hook-budget")
    assert told.run_ends() == [
        ("CARRIED", "hooks", 2_000_000),
        ("CARRIED", "hooks", 3_000_300),
        ("DRAINED", "hooks", 3_534_280),
    ]
    assert [event.fields["hooks"] for event in told.of("RUN_END")] == [4, 4, 4]
    assert told.snapshots[0, "RUN_END"]["pending"] == [
        [2_500_000, "PHASE_HOOK", None],
        [3_000_300, "OP_END", 0],
        [3_000_300, "PHASE_HOOK", 0],
    ]
    assert told.snapshots[1, "RUN_BEGIN"]["ongoing"] == [[0]]
    assert told.life(0) == [
        ("COMMIT", 0, 0),
        ("OP_START", 0, 0),
        ("OP_END", 0, 3_000_300),
        ("APPLY_ERASE", 0, 3_000_300),
    ]
    assert [event.run for event in told.of("OP_END", seg=0)] == [1]
    assert told.outcomes(3) == [("COMPLETED", True)]


def test_a_resume_is_carried(story: Read) -> None:
    told = story("resume-carried")
    assert told.run_ends()[0] == ("CARRIED", "hooks", 3_410_000)
    assert told.snapshots[1, "RUN_BEGIN"]["ongoing"] == [[3, 4]]
    assert told.snapshots[1, "RUN_BEGIN"]["suspended_program"] == [[]]
    assert told.life(1)[5:] == [
        ("RESUME", 3, 3_400_000),
        ("COMMIT", 4, 3_400_000),
        ("OP_START", 4, 3_420_300),
        ("OP_END", 4, 3_628_280),
        ("APPLY_PGM", 4, 3_628_280),
    ]
    assert told.moments("OP_END", "PROGRAM_RESUME") == [(3, 3_420_300)]


def test_a_reset_is_carried_on_every_die(story: Read) -> None:
    told = story("reset-carried")
    assert told.run_ends()[0] == ("CARRIED", "hooks", 100)
    assert told.snapshots[1, "RUN_BEGIN"]["ongoing"] == [[0], [1]]
    (refused,) = told.of("PROPOSE", op_name="Read")
    assert (refused.run, refused.fields["die"]) == (1, 1)
    assert refused.fields["phase_key"] == "RESET.CORE_BUSY"
    assert told.refusals() == [(10_000, "Read", "the planes are reserved")]


def test_nothing_is_drained_where_nothing_is_pending(story: Read) -> None:
    told = story("nothing-to-drain")
    assert told.run_ends() == [
        ("DRAINED", "run_until", 4_000_000),
        ("DRAINED", "run_until", 5_000_000),
    ]
    assert told.of("DRAIN_BEGIN") == told.of("DRAIN_END") == []
    assert [event.run for event in told.of("COMMIT")] == [0]


def test_a_bootstrap_goes_on_over_a_run_end(story: Read) -> None:
    told = story("bootstrap-across-runs")
    ends = [end for end, _, _ in told.run_ends()]
    assert ends == ["CARRIED", "DRAINED", "DRAINED", "DRAINED"]
    stages = [(event.run, event.fields["stage"]) for event in told.of("BOOTSTRAP")]
    assert stages == [(0, "ERASE"), (1, "PROGRAM"), (1, "READ"), (1, "DONE")]
    carried = told.snapshots[0, "RUN_END"]
    assert carried["bootstrap"]["stage"] == "ERASE"
    assert [entry[1] for entry in carried["pending"]] == ["OP_END", "PHASE_HOOK"]
    assert told.snapshots[1, "RUN_BEGIN"] == carried
    sources = Counter((event.run, event.fields["source"]) for event in told.of("COMMIT"))
    assert (sources[0, "BOOTSTRAP"], sources[0, "PROPOSAL"]) == (3, 0)
    assert sources[1, "BOOTSTRAP"] > 0
    assert sources[1, "PROPOSAL"] > 0
    assert sources[2, "BOOTSTRAP"] == 0


def test_each_run_of_a_bootstrap_has_one_refill_anew(story: Read) -> None:
    told = story("bootstrap-across-runs")
    refills = [(event.run, event.time_ns) for event in told.of("HOOK", hook="QUEUE_REFILL")]
    for event in told.of("RUN_BEGIN"):
        times = [time_ns for run, time_ns in refills if run == event.run][:3]
        assert times == [event.time_ns + at_ns for at_ns in (0, 100_000, 200_000)]


def test_an_op_waits_in_the_backlog_over_a_run_end(story: Read) -> None:
    told = story("backlog-across-runs")
    assert told.refusals() == [(1_600_000, "Erase", "waits for a resume")]
    backlog = [(event.time_ns, event.run, event.fields) for event in told.of("BACKLOG", op=2)]
    named = {"op": 2, "op_name": "Erase", "die": 0}
    assert backlog == [
        (1_600_000, 0, {"on": True, **named}),
        (4_050_600, 1, {"on": False, **named}),
    ]
    assert told.snapshots[0, "RUN_END"]["backlog"] == [[2]]
    assert told.of("HOOK", hook="BACKLOG_REFILL")[0].time_ns == 4_050_600
    (commit,) = told.of("COMMIT", op=2)
    assert (commit.run, commit.fields["source"]) == (1, "BACKLOG")
    assert told.life(2) == [
        ("COMMIT", 4, 4_050_600),
        ("OP_START", 4, 4_050_600),
        ("OP_END", 4, 7_050_900),
        ("APPLY_ERASE", 4, 7_050_900),
    ]
    assert told.outcomes(0) == [("SUSPENDED", False), ("COMPLETED", True)]


def test_three_runs_are_continuous(story: Read) -> None:
    told = story("three-runs")
    assert [end for end, _, _ in told.run_ends()] == ["DRAINED", "DRAINED", "DRAINED"]
    for run in (1, 2):
        before, begin = told.snapshots[run - 1, "RUN_END"], told.snapshots[run, "RUN_BEGIN"]
        assert begin | {"clock_ns": None} == before | {"clock_ns": None}
    committed = Counter(event.run for event in told.of("COMMIT"))
    assert min(committed[run] for run in (0, 1, 2)) > 100
    drained = Counter(event.run for event in told.of("OP_END", drained=True))
    assert all(drained[run] > 0 for run in (0, 1, 2))


# ---- suspend and resume


def test_a_program_is_suspended_once(story: Read) -> None:
    told = story("program-suspended-once")
    assert told.life(1) == [
        ("COMMIT", 1, 3_100_000),
        ("OP_START", 1, 3_100_000),
        ("SUSPEND", 2, 3_200_000),
        ("CANCEL", 1, 3_200_000),
        ("OP_END", 1, 3_200_000),
        ("RESUME", 3, 3_400_000),
        ("COMMIT", 4, 3_400_000),
        ("OP_START", 4, 3_420_300),
        ("OP_END", 4, 3_628_280),
        ("APPLY_PGM", 4, 3_628_280),
    ]
    assert told.outcomes(1) == [("SUSPENDED", False), ("COMPLETED", False)]
    (suspend,) = told.of("SUSPEND")
    assert suspend.fields["remaining_ns"] == 207_980
    assert told.of("COMMIT", op_name="Data_Out")[0].fields["targets"] == [(0, 0, 0, 0)]


def test_a_second_suspend_splits_the_chain_segment_again(story: Read) -> None:
    told = story("program-suspended-twice")
    assert told.life(1) == [
        ("COMMIT", 1, 3_100_000),
        ("OP_START", 1, 3_100_000),
        ("SUSPEND", 2, 3_200_000),
        ("CANCEL", 1, 3_200_000),
        ("OP_END", 1, 3_200_000),
        ("RESUME", 3, 3_400_000),
        ("COMMIT", 4, 3_400_000),
        ("OP_START", 4, 3_420_300),
        ("SUSPEND", 5, 3_450_000),
        ("CANCEL", 4, 3_450_000),
        ("OP_END", 4, 3_450_000),
        ("RESUME", 6, 3_550_300),
        ("COMMIT", 7, 3_550_300),
        ("OP_START", 7, 3_570_600),
        ("OP_END", 7, 3_748_880),
        ("APPLY_PGM", 7, 3_748_880),
    ]
    outcomes = [outcome for outcome, _ in told.outcomes(1)]
    assert outcomes == ["SUSPENDED", "SUSPENDED", "COMPLETED"]
    sources = [event.fields["source"] for event in told.of("COMMIT", op=1)]
    assert sources == ["PROPOSAL", "RESUME_CHAIN", "RESUME_CHAIN"]
    kept = [event.fields["remaining_ns"] for event in told.of("SUSPEND")]
    assert kept == [207_980, 178_280]


def test_a_program_is_suspended_five_times(story: Read) -> None:
    told = story("program-suspended-five-times")
    assert [entry for entry in told.life(1) if entry[0] in ("OP_START", "OP_END")] == [
        ("OP_START", 1, 3_100_000),
        ("OP_END", 1, 3_150_000),
        ("OP_START", 4, 3_270_600),
        ("OP_END", 4, 3_300_600),
        ("OP_START", 7, 3_421_200),
        ("OP_END", 7, 3_451_200),
        ("OP_START", 10, 3_571_800),
        ("OP_END", 10, 3_601_800),
        ("OP_START", 13, 3_722_400),
        ("OP_END", 13, 3_752_400),
        ("OP_START", 16, 3_873_000),
        ("OP_END", 16, 4_010_980),
    ]
    assert [outcome for outcome, _ in told.outcomes(1)] == ["SUSPENDED"] * 5 + ["COMPLETED"]
    kept = [event.fields["remaining_ns"] for event in told.of("SUSPEND", op=1)]
    assert kept == [257_980, 227_980, 197_980, 167_980, 137_980]
    assert told.cells("APPLY_PGM") == [(4_010_980, [(0, 0, 0)])]


def test_a_program_is_suspended_within_a_suspended_erase(story: Read) -> None:
    told = story("nested-suspend")
    acts = [
        (event.kind, event.fields["axis"], event.time_ns)
        for event in told.events
        if event.kind in ("SUSPEND", "RESUME")
    ]
    assert acts == [
        ("SUSPEND", "ERASE", 3_600_000),
        ("SUSPEND", "PROGRAM", 4_300_000),
        ("RESUME", "PROGRAM", 4_450_000),
        ("RESUME", "ERASE", 4_800_000),
        ("SUSPEND", "ERASE", 8_600_000),
        ("SUSPEND", "PROGRAM", 9_300_000),
        ("RESUME", "PROGRAM", 10_000_000),
        ("RESUME", "ERASE", 10_228_280),
    ]
    assert told.refusals() == [(4_420_000, "Erase_Resume", "excluded by a state of the planes")]
    assert [event.fields["source"] for event in told.of("RESUME")[2:]] == ["DRAIN", "DRAIN"]
    assert told.outcomes(9) == told.outcomes(7) == [("SUSPENDED", False), ("COMPLETED", True)]
    begin = told.snapshots[2, "RUN_BEGIN"]
    assert (begin["suspended_erase"], begin["suspended_program"]) == ([[]], [[]])
    assert told.cells("APPLY_ERASE")[1:] == [
        (7_350_600, [(0, 2, None)]),
        (12_778_880, [(0, 4, None)]),
    ]


def test_a_chain_segment_finds_no_bus_at_first(story: Read) -> None:
    told = story("chain-reservation-fails")
    assert told.refusals() == [
        (3_885_000, "Program_Resume", "the bus is not free for the resumed op")
    ]
    assert told.life(3) == [
        ("COMMIT", 3, 3_500_000),
        ("OP_START", 3, 3_500_000),
        ("SUSPEND", 4, 3_600_000),
        ("CANCEL", 3, 3_600_000),
        ("OP_END", 3, 3_600_000),
        ("RESUME", 7, 3_890_000),
        ("COMMIT", 8, 3_890_000),
        ("OP_START", 8, 3_910_300),
        ("OP_END", 8, 4_118_280),
        ("APPLY_PGM", 8, 4_118_280),
    ]
    # What would have been in the way, and is not 5 µs later.
    dout = told.of("COMMIT", op_name="Data_Out")[0].fields
    assert (dout["start_ns"], dout["end_ns"]) == (4_101_300, 4_109_280)
    states = [
        (event.fields["state"], event.fields["until_ns"]) for event in told.of("STATE", seg=8)
    ]
    assert states == [("CORE_BUSY", 4_110_600), ("DATA_IN", 4_118_280)]


def test_a_failed_chain_reservation_unbalances_no_op_end(story: Read) -> None:
    told = story("chain-reservation-fails")
    committed = [event.fields["seg"] for event in told.of("COMMIT")]
    ended = [event.fields["seg"] for event in told.of("OP_END")]
    assert sorted(ended) == sorted(committed) == list(range(17))


def test_the_drain_shifts_a_resume_until_the_bus_is_free_for_its_chain(story: Read) -> None:
    told = story("chain-reservation-fails")
    resumes = [(event.time_ns, event.fields["die"]) for event in told.of("RESUME", source="DRAIN")]
    assert resumes == [(6_000_000, 0), (6_007_680, 1)]
    assert told.cells("APPLY_PGM")[-2:] == [(6_228_280, [(0, 0, 1)]), (6_235_960, [(1, 0, 1)])]


def test_a_suspend_reads_the_page_that_is_being_programmed(story: Read) -> None:
    told = story("recovery-read")
    reads = [
        (event.fields["base"], event.fields["source"], event.fields["targets"])
        for event in told.of("COMMIT")
        if event.fields["base"] in ("RECOVERY_RD", "DOUT")
    ]
    assert reads == [
        ("RECOVERY_RD", "SEQUENCE", [(0, 0, 0, 1)]),
        ("DOUT", "SEQUENCE", [(0, 0, 0, 1)]),
    ]
    assert told.life(4) == [
        ("COMMIT", 4, 3_600_000),
        ("OP_START", 4, 3_701_300),
        ("OP_END", 4, 3_731_600),
        ("LATCH", 4, 3_731_600),
    ]
    assert told.cells("APPLY_PGM") == [(3_407_980, [(0, 0, 0)]), (4_028_280, [(0, 0, 1)])]
    assert told.outcomes(2) == [("SUSPENDED", False), ("COMPLETED", False)]


# ---- resets


def test_a_reset_ends_everything_on_all_dies(story: Read) -> None:
    told = story("reset-in-the-middle")
    at_ns = 4_841_800
    assert told.moments("OP_START", "RESET") == [(17, at_ns)]
    ended = [(event.fields["seg"], event.time_ns) for event in told.of("OP_END", outcome="RESET")]
    assert ended == [(6, at_ns), (12, at_ns), (22, 9_750_000)]
    assert told.moments("OP_START", "PLANE_READ") == [(7, 4_790_000), (12, 4_830_000)]
    assert told.life(6)[-2:] == [("OP_END", 6, at_ns), ("APPLY_PGM", 6, at_ns)]
    assert told.life(4)[-3:] == [
        ("OP_END", 4, 4_100_000),
        ("CANCEL", 4, at_ns),
        ("APPLY_ERASE", 4, at_ns),
    ]
    withdrawn = [
        (event.fields["seg"], event.fields["event"])
        for event in told.of("CANCEL", reason="RESET")
        if event.fields["seg"] != 4
    ]
    waiting = (9, 10, 11, 13, 14, 15, 16)
    assert withdrawn == [(seg, event) for seg in waiting for event in ("OP_START", "OP_END")]
    for kind, what in (
        ("LATCH", {"latch": "LATCH_ON_READ"}),
        ("CACHE", {"cache": "ON_PLANE_CACHE_READ"}),
    ):
        (off,) = told.of(kind, seg=17)
        assert off.fields == {"on": False, "die": 1, "plane": 0, "seg": 17, **what}
    aborted = [
        (event.kind, event.fields["cells"]) for event in told.events if event.fields.get("aborted")
    ]
    assert aborted == [
        ("APPLY_PGM", [(0, 0, 0)]),
        ("APPLY_ERASE", [(0, 2, None)]),
        ("APPLY_PGM", [(0, 2, 0)]),
    ]


def test_a_device_is_usable_after_a_reset(story: Read) -> None:
    told = story("reset-in-the-middle")
    assert told.refusals() == []
    assert told.cells("APPLY_ERASE")[-1] == (8_100_300, [(0, 2, None)])
    assert told.cells("APPLY_PGM")[-2:] == [(9_307_980, [(0, 0, 1)]), (9_750_000, [(0, 2, 0)])]
    assert told.snapshots[1, "RUN_END"]["addr_state"] == [
        *(1, -1, 0, -2, -2, -2, -2, -2),
        *(1, 1, -2, -2, -2, -2, -2, -2),
    ]


def test_a_reset_of_one_die_leaves_the_other(story: Read) -> None:
    told = story("reset-in-the-middle")
    assert told.moments("OP_START", "RESET_LUN") == [(25, 9_750_000)]
    assert told.outcomes(22) == [("RESET", False)]
    assert told.life(23) == [
        ("COMMIT", 23, 9_740_000),
        ("OP_START", 23, 9_740_000),
        ("OP_END", 23, 9_765_300),
        ("LATCH", 23, 9_765_300),
    ]
    assert told.outcomes(23) == told.outcomes(24) == [("COMPLETED", False)]


def test_a_reset_comes_before_a_chain_segment_starts(story: Read) -> None:
    told = story("reset-before-chain-starts")
    assert told.life(1) == [
        ("COMMIT", 1, 3_100_000),
        ("OP_START", 1, 3_100_000),
        ("SUSPEND", 2, 3_200_000),
        ("CANCEL", 1, 3_200_000),
        ("OP_END", 1, 3_200_000),
        ("RESUME", 3, 3_400_000),
        ("COMMIT", 4, 3_400_000),
        ("CANCEL", 4, 3_410_000),
        ("CANCEL", 4, 3_410_000),
        ("APPLY_PGM", 4, 3_410_000),
    ]
    assert told.of("APPLY_PGM")[0].fields["aborted"]
    assert told.cells("APPLY_PGM")[1] == (3_807_980, [(0, 0, 1)])


# ---- mixes


def _places(told: Story, base: str) -> list[tuple[tuple[int, ...], int]]:
    """The planes and the page of every committed op of a base, in order."""
    found: list[tuple[tuple[int, ...], int]] = []
    for event in told.of("COMMIT", base=base):
        targets = event.fields["targets"]
        found.append((tuple(target[1] for target in targets), targets[0][3]))
    return found


def test_multi_plane_ops_take_as_many_planes_as_may_be(story: Read) -> None:
    told = story("multi-plane-and-cache")
    four, two = (0, 1, 2, 3), (2, 3)
    assert told.refusals() == [(3_005_000, "Erase_Multi", "no legal address")]
    assert _places(told, "ERASE") == [(four, 0), ((0, 2, 3), 0)]
    assert _places(told, "CACHE_PROGRAM_SLC") == [(four, 0), (four, 1)]
    assert _places(told, "PROGRAM_SLC") == [(four, 2), ((0, 2, 3), 0)]
    assert _places(told, "READ") == [(four, 0), (two, 0)]
    assert _places(told, "CACHE_READ") == [(four, 1), (two, 1)]
    assert _places(told, "DOUT4K") == [((plane,), 2) for plane in four]


def test_cache_reads_deliver_the_page_before(story: Read) -> None:
    told = story("multi-plane-and-cache")
    delivered = [
        *[((plane,), page) for page in (0, 1) for plane in (0, 1, 2, 3)],
        *[((0,), 1), ((0,), 2), ((1,), 0), ((1,), 1)],
        *[((plane,), page) for page in (0, 1) for plane in (2, 3)],
    ]
    assert _places(told, "DOUT") == delivered


def test_cache_reads_of_two_planes_run_side_by_side(story: Read) -> None:
    told = story("multi-plane-and-cache")
    assert told.moments("OP_START", "PLANE_CACHE_READ") == [(22, 7_526_300), (27, 7_531_300)]
    assert told.moments("OP_END", "PLANE_CACHE_READ") == [(22, 7_551_600), (27, 7_556_600)]


def test_a_cache_read_crosses_run_until(story: Read) -> None:
    told = story("multi-plane-and-cache")
    assert told.of("DRAIN_BEGIN")[0].time_ns == 9_000_000
    assert told.moments("OP_END", "CACHE_READ")[-1] == (33, 8_991_600)
    assert told.moments("OP_END", "CACHE_READ_END", drained=True) == [(36, 9_015_860)]
    assert told.moments("OP_END", "DOUT", drained=True) == [
        (34, 9_000_580),
        (35, 9_009_560),
        (37, 9_024_840),
        (38, 9_033_820),
    ]
    begin = told.snapshots[1, "RUN_BEGIN"]
    assert (begin["latches"], begin["caches"]) == ([], [])


def test_loads_hold_their_latches_until_the_program(story: Read) -> None:
    told = story("one-shot-program")
    latches = [
        (event.time_ns, event.fields["latch"], event.fields["on"]) for event in told.of("LATCH")
    ]
    assert latches[:8] == [
        (5_110_980, "LATCH_ON_LSB", True),
        (5_122_960, "LATCH_ON_CSB", True),
        (7_252_240, "LATCH_ON_LSB", False),
        (7_252_240, "LATCH_ON_CSB", False),
        (7_995_980, "LATCH_ON_LSB", True),
        (8_007_960, "LATCH_ON_CSB", True),
        (9_916_940, "LATCH_ON_LSB", False),
        (9_916_940, "LATCH_ON_CSB", False),
    ]
    assert told.of("DRAIN_BEGIN")[0].time_ns == 8_000_000
    assert told.outcomes(3) == [("SUSPENDED", False), ("COMPLETED", False)]
    assert [cells for _, cells in told.cells("APPLY_PGM")] == [[(0, 0, page)] for page in (0, 1, 2)]


def test_switched_off_termination_keeps_a_load_out(story: Read) -> None:
    told = story("one-shot-program")
    switched = [(event.time_ns, event.fields["on"]) for event in told.of("ODT")]
    assert switched == [(10_000_200, False), (10_020_200, True)]
    assert told.refusals() == [(10_010_000, "Load_LSB", "excluded by a state of the planes")]
    assert told.moments("OP_START", "ONESHOT_PROGRAM_LSB")[-1] == (12, 10_030_000)


def test_the_default_profile_makes_a_mix(story: Read) -> None:
    told = story("default-mix")
    sources = {event.fields["source"] for event in told.of("COMMIT")}
    assert sources == {"PROPOSAL", "SEQUENCE", "BOOTSTRAP", "BACKLOG", "RESUME_CHAIN", "DRAIN"}
    assert [end for end, _, _ in told.run_ends()] == ["CARRIED", "DRAINED", "DRAINED"]
    assert len({event.fields["base"] for event in told.of("COMMIT")}) >= 30


def test_nearly_everything_is_suspended(story: Read) -> None:
    told = story("suspends-mix")
    times = Counter(event.fields["op"] for event in told.of("SUSPEND"))
    assert max(times.values()) >= 5
    assert {event.fields["axis"] for event in told.of("SUSPEND")} == {"ERASE", "PROGRAM"}
    assert told.of("RESUME", source="DRAIN")


# ---- what verify must find


def test_without_a_drain_op_ends_are_lost(story: Read) -> None:
    told = story("violations/no-drain")
    assert [end for end, _, _ in told.run_ends()] == ["DROPPED", "DROPPED"]
    assert told.life(2) == [("COMMIT", 2, 3_990_000), ("OP_START", 2, 3_990_000)]
    assert told.life(3) == [("COMMIT", 3, 3_990_000)]
    end = told.snapshots[0, "RUN_END"]
    assert end["ongoing"] == [[2]]
    assert [entry for entry in end["pending"] if entry[1].startswith("OP_")] == [
        [4_015_300, "OP_END", 2],
        [4_016_300, "OP_START", 3],
        [4_024_280, "OP_END", 3],
    ]


def test_per_segment_counts_a_resumed_program_twice(story: Read) -> None:
    told = story("violations/per-segment")
    assert told.device["apply_policy"] == "per_segment"
    assert told.cells("APPLY_PGM") == [(3_200_000, [(0, 0, 0)]), (3_628_280, [(0, 0, 0)])]
    assert told.outcomes(1) == [("SUSPENDED", False), ("COMPLETED", False)]


def test_a_reset_is_delivered_by_the_drain(story: Read) -> None:
    told = story("reset-in-the-drain")
    assert told.of("DRAIN_BEGIN")[0].time_ns == 2_000_000
    assert told.moments("OP_START", "RESET") == [(3, 2_002_980)]
    assert told.moments("OP_END", "RESET", drained=True) == [(3, 2_033_280)]
    assert told.life(0)[-2:] == [("CANCEL", 0, 2_002_980), ("APPLY_ERASE", 0, 2_002_980)]
    assert told.snapshots[0, "RUN_END"]["backlog"] == [[2], []]
    refill = told.of("HOOK", hook="BACKLOG_REFILL")[0]
    assert (refill.run, refill.time_ns) == (1, 2_033_280)
    assert told.cells("APPLY_ERASE")[-1] == (5_033_580, [(0, 2, None)])
