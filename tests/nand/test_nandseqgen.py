"""A nandseqgen configuration becomes a profile, and every repair is listed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nandtrace.errors import UsageError
from nandtrace.nand.profile import BaseState, Bootstrap, Continuation, Step
from nandtrace.nand.profiles.loading import LoadedProfile, load_profile
from nandtrace.nand.profiles.plain_map import profile_from_map, profile_to_map
from nandtrace.vocab.nand import Role, Scope

REAL = Path(__file__).parents[3] / "shared" / "real" / "nandseqgen" / "config.yaml"

SMALL = """
topology: {dies: 1, planes: 2, blocks_per_die: 4, pages_per_block: 8}
celltypes: [NONE, SLC, A0SLC, TLC]
policies: {admission_window: 0.5, maxtry_candidate: 3, maxplanes: 4, topN: 4}
features: {uniform_subseq_sampling: true}
program_base_whitelist: [PROGRAM_SLC]
bootstrap:
  enabled: true
  thresholds: {erase_volume: 100, program_volume: 3, read_coverage: 0.9}
  minimums: {read_volume: 9}
op_bases:
  ERASE:
    scope: DIE_WIDE
    states:
      - ISSUE:
        bus: true
        duration: 0.4
      - CORE_BUSY:
        bus: false
        duration: 8.0
  PROGRAM_SLC:
    scope: DIE_WIDE
    states: [{ISSUE: , bus: true, duration: 0.4}, {DATAIN: , bus: false, duration: 10}]
  ALLWL_PROGRAM:
    scope: DIE_WIDE
    states: [{ISSUE: , bus: true, duration: 0.4}]
  COPYBACK_PROGRAM_SLC:
    scope: DIE_WIDE
    states: [{ISSUE: , bus: true, duration: 0.4}]
  READ:
    scope: PLANE_SET
    sequence:
      probs: [{NONE: 0.25}, {DOUT: 0.25}, {BACK.SEQ: 0.25}, {LOST.SEQ: 0}, {READ: 0.25}]
      inherit: [{DOUT: [same_page, multi]}]
    states:
      - {ISSUE: , bus: true, duration: 0.4}
      - {CORE_BUSY: , duration: 8}
      - {DATA_OUT: , duration: 2}
  DOUT: {scope: NONE, states: [{ISSUE: , bus: true, duration: 0.4}]}
  RESET: {scope: NONE, instant_resv: true, states: [{ISSUE: , bus: true, duration: 0.4}]}
op_names:
  Erase: {base: ERASE, multi: false, celltype: SLC, durations: {ISSUE: 0.185, CORE_BUSY: 3000.0}}
  Program: {base: PROGRAM_SLC, multi: false, celltype: SLC, durations: {ISSUE: 9.8244, DATAIN: 1.0}}
  Dummy: {base: ALLWL_PROGRAM, multi: true, celltype: SLC, durations: {ISSUE: 0.1}}
  Read: {base: READ, multi: false, celltype: SLC, durations: {ISSUE: 0.145, CORE_BUSY: 25.0}}
  Column: {base: READ, multi: false, celltype: NONE, durations: {ISSUE: '20.6036"'}}
  Out: {base: DOUT, multi: false, celltype: NONE, durations: {ISSUE: 9.94}}
  Reset: {base: RESET, multi: true, celltype: NONE, durations: {ISSUE: 0.02, CORE_BUSY: 30.0}}
generate_seq_rules:
  BACK.SEQ:
    sequences:
      - COPYBACK_PROGRAM_SLC: [none]
exclusion_groups:
  on_busy: [READ, REED]
  after_read:
exclusions_by_op_state:
  READ.CORE_BUSY: [on_busy]
  READ.DOUT: [on_busy]
  READ.SENSE: [on_busy]
  READ.END: [on_busy]
exclusions_by_latch_state:
  LATCH_ON_READ: [after_read]
  LATCH_ON_LSB: [after_read]
constraints:
  single_single_allowed_bases: [READ, PLANE_READ]
  epr: {offset_guard: 2}
phase_conditional_overrides:
  global: {READ: 0.5, Erase: 0.1, Gone: 0.2}
  READ.DOUT: {DOUT: 1}
  REED.END: {DOUT: 1}
"""

REPAIRS = [
    "op_bases.PROGRAM_SLC.states[1]: DATAIN is the state DATA_IN",
    "op_bases.RESET.states: CORE_BUSY is added, for Reset gives a duration for it",
    "op_names.Erase.durations.ISSUE: 0.185 µs is off the 0.01 µs grid: 0.18 µs",
    "op_names.Program.durations.ISSUE: 9.8244 µs is off the 0.01 µs grid: 9.82 µs",
    "op_names.Program.durations.DATAIN: DATAIN is the state DATA_IN",
    "op_names.Read.durations.ISSUE: 0.145 µs is off the 0.01 µs grid: 0.14 µs",
    "op_names.Read.durations: DATA_OUT is missing: the default of its base, 2 µs",
    "op_names.Column.durations.ISSUE: '20.6036\"' is no number: taken as 20.6036",
    "op_names.Column.durations.ISSUE: 20.6036 µs is off the 0.01 µs grid: 20.6 µs",
    "op_names.Column.durations: CORE_BUSY is missing: skipped",
    "op_names.Column.durations: DATA_OUT is missing: skipped",
    "op_names.Reset.multi: RESET addresses a die: taken as false",
    "op_bases.COPYBACK_PROGRAM_SLC: no op name is of this base: no op of it is possible",
    "op_bases.READ.sequence.probs: BACK.SEQ needs COPYBACK_PROGRAM_SLC, which no op has: dropped",
    "op_bases.READ.sequence.probs: there is no generate_seq_rules.LOST.SEQ: dropped",
    "exclusion_groups.on_busy: there is no op base REED: dropped",
    "exclusions_by_op_state.READ.DOUT: READ.DOUT is the state READ.DATA_OUT",
    "exclusions_by_op_state.READ.SENSE: there is no such state: dropped",
    "exclusions_by_latch_state.LATCH_ON_LSB: there is no such state: dropped",
    "policies.maxplanes: 4 is beyond the topology: 2",
    "policies: topN: not used",
    "bootstrap.thresholds.erase_volume: 100 is beyond the topology: 4",
    "bootstrap.minimums.read_volume: 9 is beyond the topology: 3",
    "bootstrap.thresholds.read_coverage: 0.9 is beyond the programmed blocks: 0.75",
    "phase_conditional_overrides.global.Gone: there is no such op name or op base: dropped",
    "phase_conditional_overrides.READ.DOUT: READ.DOUT is the state READ.DATA_OUT",
    "phase_conditional_overrides.REED.END: there is no such state: dropped",
    "constraints.single_single_allowed_bases: there is no op base PLANE_READ: dropped",
    "features: not used",
    "op_bases.READ.sequence: READ: READ is excluded by READ.END: dropped",
    "op_bases.READ.sequence: the probabilities sum to 0.5: scaled to 1",
]


def _load(folder: Path, text: str) -> LoadedProfile:
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return load_profile(path)


def test_every_repair_is_listed(tmp_path: Path) -> None:
    assert list(_load(tmp_path, SMALL).repairs) == REPAIRS


def test_what_a_small_configuration_says(tmp_path: Path) -> None:
    profile = _load(tmp_path, SMALL).profile
    assert profile.name == "config"
    assert profile.celltypes == ("SLC", "A0SLC", "TLC")
    assert profile.celltype_compatible == {"SLC": ("A0SLC",)}
    assert profile.policies.max_tries == 3
    assert profile.policies.max_planes == 2
    assert profile.policies.read_offset_guard == 2
    assert profile.bootstrap == Bootstrap(True, 4, 3, 0.75, 3)
    assert {name: base.role for name, base in profile.op_bases.items()} == {
        "ERASE": Role.ERASE,
        "PROGRAM_SLC": Role.PROGRAM,
        "ALLWL_PROGRAM": Role.LOAD,
        "COPYBACK_PROGRAM_SLC": Role.LOAD,
        "READ": Role.READ,
        "DOUT": Role.DATA_OUT,
        "RESET": Role.RESET,
    }
    assert profile.op_bases["RESET"].states == (
        BaseState("ISSUE", True),
        BaseState("CORE_BUSY", False),
    )
    assert {name: op.durations_ns for name, op in profile.op_names.items()} == {
        "Erase": (180, 3_000_000),
        "Program": (9_820, 1_000),
        "Dummy": (100,),
        "Read": (140, 25_000, 2_000),
        "Column": (20_600, 0, 0),
        "Out": (9_940,),
        "Reset": (20, 30_000),
    }
    assert profile.sequences == {
        "READ": (
            Continuation(0.5, ()),
            Continuation(0.5, (Step("DOUT", ("same_page", "multi")),)),
        )
    }
    assert profile.exclusions.groups == {"on_busy": ("READ",), "after_read": ()}
    assert sorted(profile.exclusions.by_op_state) == ["READ.CORE_BUSY", "READ.DATA_OUT", "READ.END"]
    assert profile.weights.overall == {"READ": 0.5, "Erase": 0.1}
    assert profile.weights.by_state == {"READ.DATA_OUT": {"DOUT": 1.0}}
    assert profile.interleaving_bases == ("READ",)


SUSPENDS = """
  PROGRAM_SUSPEND:
    scope: DIE_WIDE
    instant_resv: true
    states: [{ISSUE: , bus: true, duration: 0.4}]
    sequence:
      probs: [{NONE: 0.5}, {READ: 0.25}, {RESET: 0.25}]
      inherit: [{READ: [same_page]}]
  PROGRAM_RESUME: {scope: DIE_WIDE, states: [{ISSUE: , bus: true, duration: 0.4}]}
op_names:
  Suspend: {base: PROGRAM_SUSPEND, multi: false, celltype: NONE, durations: {ISSUE: 0.2}}
  Resume: {base: PROGRAM_RESUME, multi: false, celltype: NONE, durations: {ISSUE: 0.2}}
"""


def test_what_nothing_could_schedule_is_repaired(tmp_path: Path) -> None:
    text = SMALL.replace("\nop_names:\n", SUSPENDS)
    text = text.replace("on_busy: [READ, REED]", "on_busy: [READ, PROGRAM_RESUME]")
    text = text.replace("PLANE_SET\n", "NONE\n    instant_resv: true\n")
    loaded = _load(tmp_path, text)
    assert [text for text in loaded.repairs if text not in REPAIRS] == [
        "op_bases.READ.instant_resv: an op of role READ must wait until its planes are free: taken "
        "as false",
        "op_bases.READ.scope: an op of role READ must hold its planes: taken as PLANE_SET",
        "exclusions_by_op_state.READ.END: it keeps out PROGRAM_RESUME, which the end of a run "
        "needs: let in",
        "op_bases.PROGRAM_SUSPEND.sequence: READ: there is no page before it that same_page could "
        "speak of: dropped",
        "op_bases.PROGRAM_SUSPEND.sequence: RESET: RESET, an op of role RESET, can't follow in a "
        "sequence: dropped",
        "op_bases.PROGRAM_SUSPEND.sequence: the probabilities sum to 0.5: scaled to 1",
    ]
    profile = loaded.profile
    assert (profile.op_bases["READ"].scope, profile.op_bases["READ"].instant) == (
        Scope.PLANE_SET,
        False,
    )
    assert profile.sequences["PROGRAM_SUSPEND"] == (Continuation(1.0, ()),)
    assert profile.exclusions.groups == {
        "on_busy": ("READ", "PROGRAM_RESUME"),
        "after_read": (),
        "on_busy-PROGRAM_RESUME": ("READ",),
    }
    assert profile.exclusions.by_op_state == {
        "READ.CORE_BUSY": ("on_busy",),
        "READ.DATA_OUT": ("on_busy",),
        "READ.END": ("on_busy-PROGRAM_RESUME",),
    }


def test_a_key_twice_counts_the_last_time(tmp_path: Path) -> None:
    loaded = _load(
        tmp_path, SMALL + "topology: {dies: 2, planes: 2, blocks_per_die: 4, pages_per_block: 8}\n"
    )
    assert loaded.repairs[0] == "topology: line 71 gives it again, after line 2: that one counts"
    assert loaded.profile.topology.dies == 2


def test_a_configuration_may_say_its_dialect(tmp_path: Path) -> None:
    text, _, _ = SMALL.partition("phase_conditional_overrides")
    with pytest.raises(UsageError, match=r"config\.yaml: features: there is no such key$"):
        _load(tmp_path, text)
    assert _load(tmp_path, "dialect: nandseqgen" + text).profile.weights.overall == {}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("base: DOUT", "base: DUOT", "op_names.Out.base: there is no op base 'DUOT'"),
        ("{ISSUE: 9.94}", "{ISSUE: long}", "op_names.Out.durations.ISSUE: 'long' is not a time"),
        ("{ISSUE: 9.94}", "{ISSUE: .nan}", "op_names.Out.durations.ISSUE: nan is not a time"),
        ("{ISSUE: 9.94}", "{ISSUE: -1}", "op_names.Out.durations_us.ISSUE: -1.0 is less than 0"),
        ("{ISSUE: 9.94}", "[9.94]", "op_names.Out.durations: [9.94] is not a map"),
        ("{ISSUE: 9.94}", f"{{ISSUE: 1{'0' * 400}}}", f"op_names.Out.durations.ISSUE: 1{'0' * 59}… µs "
         "is more than an hour"),
        ("generate_seq_rules:", "  Lost:\ngenerate_seq_rules:", "op_names.Lost.base: there is no op "
         "base None"),
        ("{ISSUE: 9.94}", "{ISSUE: 0.004}", "op_names.Out: it takes no time at all: every "
         "duration is 0"),
        ("scope: NONE, states", "scope: ALL, states", "op_bases.DOUT.scope: 'ALL' is not one of "
         "NONE or PLANE_SET or DIE_WIDE"),
        ("celltypes: [NONE, SLC,", "celltypes: [NONE,", "op_names.Erase.celltype: there is no "
         "cell type 'SLC', only 'A0SLC', 'TLC'"),
        ("planes: 2", "planes: 3", "topology.blocks_per_die: 4 blocks do not divide among 3 "
         "planes"),
        ("maxplanes: 4", "maxplanes: all", "policies.max_planes: 'all' is not of type integer"),
        ("erase_volume: 100", "erase_volume: all", "bootstrap.erase_volume: 'all' is not of type "
         "integer"),
        ("{DOUT: 0.25}", "DOUT", "op_bases.READ.sequence.probs[1]: 'DOUT' is not a map"),
    ],
)  # fmt: skip
def test_what_cannot_be_repaired(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in SMALL
    with pytest.raises(UsageError, match=re.escape(f"config.yaml: {message}") + "$"):
        _load(tmp_path, SMALL.replace(old, new))


@pytest.mark.skipif(not REAL.exists(), reason="the configuration is not at hand")
def test_the_real_configuration() -> None:
    loaded = load_profile(REAL)
    profile = loaded.profile
    assert (len(profile.op_bases), len(profile.op_names)) == (57, 294)
    assert profile.op_names["Temperature_Sensor_Slow_mode"].durations_ns == (400_600,)
    assert profile.bootstrap == Bootstrap(False, 4, 4, 0.1, 4)
    assert profile.interleaving_bases == ("PLANE_READ", "PLANE_READ4K", "PLANE_CACHE_READ")
    rounded = [text for text in loaded.repairs if " µs grid: " in text]
    aliases = [text for text in loaded.repairs if " is the state " in text]
    filled = [text for text in loaded.repairs if "the default of its base" in text]
    assert (len(rounded), len(aliases), len(filled)) == (216, 162, 14)
    listed = {*rounded, *aliases, *filled}
    assert [text for text in loaded.repairs if text not in listed] == [
        "op_bases.RESET_LUN.states: CORE_BUSY is added, for Reset_LUN gives a duration for it",
        "op_bases.RESET.states: CORE_BUSY is added, for Super_Reset gives a duration for it",
        "op_names.DSL_Vth_Check_Multi_Plane.multi: DSL_VTH_CHECK addresses a die: taken as false",
        "op_names.Temperature_Sensor_Slow_mode.durations.ISSUE: '400.6036˝' is no number: taken as 400.6036",
        "op_names.Plane_Level_Read_Column_Enhanced.durations: CORE_BUSY is missing: skipped",
        "op_names.Plane_Level_Read_Column_Enhanced.durations: DATA_OUT is missing: skipped",
        "op_bases.ONESHOT_COPYBACK_PROGRAM_MSB: no op name is of this base: no op of it is possible",
        "policies: topN, epsilon_greedy, maxloop_seq, split_dout_per_plane: not used",
        "bootstrap.thresholds.erase_volume: 100 is beyond the topology: 4",
        "bootstrap.thresholds.program_volume: 100 is beyond the topology: 4",
        "bootstrap.minimums.read_volume: 100 is beyond the topology: 4",
        "features, payload_by_op_base, phase_conditional, pattern_export: not used",
        "exclusions_by_op_state.CACHE_PROGRAM_SLC.END: it keeps out"
        " ERASE_RESUME, which the end of a run needs: let in",
        "exclusions_by_op_state.ONESHOT_CACHE_PROGRAM.END: it keeps out"
        " ERASE_RESUME, which the end of a run needs: let in",
        "exclusions_by_op_state.CACHE_READ.END: it keeps out"
        " ERASE_RESUME and PROGRAM_RESUME, which the end of a run needs: let in",
        "exclusions_by_op_state.PLANE_READ.END: it keeps out"
        " ERASE_RESUME and PROGRAM_RESUME, which the end of a run needs: let in",
        "exclusions_by_op_state.PLANE_CACHE_READ.END: it keeps out"
        " ERASE_RESUME and PROGRAM_RESUME, which the end of a run needs: let in",
        "exclusions_by_op_state.ONESHOT_COPYBACK_PROGRAM_LSB.END: it keeps out"
        " ERASE_RESUME and PROGRAM_RESUME, which the end of a run needs: let in",
        "exclusions_by_op_state.ONESHOT_COPYBACK_PROGRAM_CSB.END: it keeps out"
        " ERASE_RESUME and PROGRAM_RESUME, which the end of a run needs: let in",
        "exclusions_by_op_state.ONESHOT_COPYBACK_PROGRAM_MSB.END: it keeps out"
        " ERASE_RESUME and PROGRAM_RESUME, which the end of a run needs: let in",
        "exclusions_by_odt_state.ODT_DISABLE: it keeps out"
        " ERASE_RESUME and PROGRAM_RESUME, which the end of a run needs: let in",
        "exclusions_by_cache_state.ON_CACHE_READ: it keeps out"
        " ERASE_RESUME and PROGRAM_RESUME, which the end of a run needs: let in",
        "exclusions_by_cache_state.ON_CACHE_PROGRAM: it keeps out"
        " ERASE_RESUME, which the end of a run needs: let in",
        "exclusions_by_cache_state.ON_ONESHOT_CACHE_PROGRAM: it keeps out"
        " ERASE_RESUME, which the end of a run needs: let in",
        "op_bases.PLANE_READ.sequence: CACHE_READ → DOUT → CACHE_READ_END → DOUT: CACHE_READ is "
        "excluded by PLANE_READ.END: dropped",
        "op_bases.PROGRAM_SUSPEND.sequence: COPYBACK_READ → DOUT: COPYBACK_READ is excluded by "
        "PROGRAM_SUSPENDED: dropped",
    ]
    assert profile_from_map(profile_to_map(profile)) == profile
