"""A wrong profile gets one clear message: the file, the entry and the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from nandtrace.errors import UsageError
from nandtrace.nand.profiles.loading import load_profile

WRONG = {
    "not-yaml": (
        "topology: {dies: 1",
        "line 2: not YAML: did not find expected ',' or '}'",
    ),
    "empty": ("# nothing\n", "it is empty"),
    "not-a-map": ("- extends: default", "it is not a map of sections"),
    "two-documents": ("name: a\n---\nname: b", "line 2: a second document begins"),
    "python-tag": (
        "name: !!python/name:os.system x",
        "line 1: the tag tag:yaml.org,2002:python/name:os.system is not supported",
    ),
    "key-no-text": ("1: x", "line 1: the key 1 is no text; write it in quotes"),
    "nested-too-deep": ("name: " + "[" * 100_000, "line 1: nested more than 24 deep"),
    "duplicate-key": (
        "extends: default\npolicies:\n  max_tries: 1\n  max_tries: 2",
        "policies.max_tries: line 4 gives it again, after line 3",
    ),
    "continuation-of-another-cell-type": (
        "extends: default\nsequences:\n  PROGRAM_SLC:\n    - {probability: 1, steps: [{base: "
        "ONESHOT_PROGRAM_LSB, rules: [none]}]}",
        "sequences.PROGRAM_SLC[0]: no op can go on so: planes, cell types or addresses of its steps do "
        "not fit",
    ),
    "unknown-key": ("extends: default\npolicy: {}", "policy: there is no such key"),
    "unknown-policy": (
        "extends: default\npolicies: {topN: 4}",
        "policies.topN: there is no such key",
    ),
    "missing-section": ("extends: default\ntopology: null", "topology: is missing"),
    "removes-nothing": (
        "extends: default\nop_names: {Raed_SLC: null}",
        "op_names.Raed_SLC: null removes it, but there is none",
    ),
    "unknown-parent": (
        "extends: defualt",
        "extends: PLACE/defualt: cannot read: No such file or directory; built-in profiles are 'default', "
        "'suspends', 'tiny'",
    ),
    "extends-itself": (
        "extends: wrong.yaml",
        "extends: the profiles extend each other: PLACE/wrong.yaml → PLACE/wrong.yaml",
    ),
    "unknown-dialect": (
        "extends: default\ndialect: xml",
        "dialect: 'xml' is not one of native or nandseqgen",
    ),
    "wrong-type": (
        "extends: default\ntopology: {dies: two}",
        "topology.dies: 'two' is not of type integer",
    ),
    "float-for-integer": (
        "extends: default\ntopology: {dies: 2.0}",
        "topology.dies: 2.0 is not of type integer",
    ),
    "no-dies": ("extends: default\ntopology: {dies: 0}", "topology.dies: 0 is less than 1"),
    "blocks-do-not-divide": (
        "extends: default\ntopology: {blocks_per_die: 126}",
        "topology.blocks_per_die: 126 blocks do not divide among 4 planes",
    ),
    "too-many-blocks": (
        "extends: default\ntopology: {dies: 256, blocks_per_die: 1048576}",
        "topology: 268435456 blocks are more than 4194304",
    ),
    "multi-on-one-plane": (
        "extends: default\ntopology: {planes: 1}",
        "op_names.Block_Erase_Multi_Plane_SLC.multi: a multi-plane op on a device with 1 plane",
    ),
    "no-celltypes": ("extends: default\ncelltypes: [NONE]", "celltypes: there is none"),
    "celltype-twice": (
        "extends: default\ncelltypes: [SLC, A0SLC, ACSLC, TLC, SLC]",
        "celltypes: 'SLC' is there twice",
    ),
    "compatible-celltype": (
        "extends: default\ncelltype_compatible: {SLC: [B0SLC]}",
        "celltype_compatible.SLC: there is no cell type 'B0SLC', only 'SLC', 'A0SLC', 'ACSLC', "
        "'TLC'",
    ),
    "unknown-celltype": (
        "extends: default\nop_names: {Read_SLC: {celltype: QLC}}",
        "op_names.Read_SLC.celltype: there is no cell type 'QLC', only 'SLC', 'A0SLC', 'ACSLC', "
        "'TLC'",
    ),
    "erase-without-celltype": (
        "extends: default\nop_names: {Block_Erase_SLC: {celltype: NONE}}",
        "op_names.Block_Erase_SLC.celltype: an erase must say the cell type of its block",
    ),
    "missing-base": (
        "extends: default\nop_names: {Read_SLC: {base: REED}}",
        "op_names.Read_SLC.base: there is no op base 'REED'",
    ),
    "name-without-base": (
        "extends: default\nop_names: {Mine: {celltype: SLC}}",
        "op_names.Mine.base: is missing",
    ),
    "unknown-role": (
        "extends: default\nop_bases: {ETC: {role: ERASER}}",
        "op_bases.ETC.role: 'ERASER' is not one of ERASE or PROGRAM or LOAD or READ or "
        "CACHE_READ or CACHE_READ_END or DATA_OUT or ERASE_SUSPEND or ERASE_RESUME or "
        "PROGRAM_SUSPEND or PROGRAM_RESUME or RESET or RESET_LUN or ODT_DISABLE or ODT_ENABLE "
        "or OTHER",
    ),
    "unknown-scope": (
        "extends: default\nop_bases: {ETC: {scope: DIE}}",
        "op_bases.ETC.scope: 'DIE' is not one of NONE or PLANE_SET or DIE_WIDE",
    ),
    "no-states": (
        "extends: default\nop_bases: {ETC: {states: []}}",
        "op_bases.ETC.states: [] has fewer than 1 items",
    ),
    "duplicate-state": (
        "extends: default\nop_bases: {NOP: {states: [{name: ISSUE}, {name: ISSUE}]}}\n"
        "op_names: {Nop: {durations_us: {ISSUE: 1}}}",
        "op_bases.NOP.states: 'ISSUE' is there twice",
    ),
    "state-called-end": (
        "extends: default\nop_bases: {NOP: {states: [{name: END, default_us: 1}]}}",
        "op_bases.NOP.states: END is what follows a completed op, no state",
    ),
    "base-name": (
        "extends: default\nop_bases: {NO.P: {scope: NONE, states: [{name: ISSUE}]}}",
        "op_bases: 'NO.P' is no name of 1 to 64 letters, digits and underscores",
    ),
    "waiting-suspend": (
        "extends: default\nop_bases: {ERASE_SUSPEND: {instant: false}}",
        "op_bases.ERASE_SUSPEND.instant: a suspend must be instant: what it suspends holds the "
        "planes",
    ),
    "unknown-state": (
        "extends: default\nop_names: {Read_SLC: {durations_us: {SENSE: 25}}}",
        "op_names.Read_SLC.durations_us.SENSE: READ has no such state, only 'ISSUE', 'CORE_BUSY'",
    ),
    "no-duration": (
        "extends: default\nop_names: {Read_SLC: {durations_us: {CORE_BUSY: null}}}",
        "op_names.Read_SLC.durations_us.CORE_BUSY: is missing, and READ gives no default for it",
    ),
    "negative-time": (
        "extends: default\nop_names: {Read_SLC: {durations_us: {CORE_BUSY: -25}}}",
        "op_names.Read_SLC.durations_us.CORE_BUSY: -25 is less than 0",
    ),
    "inexact-time": (
        "extends: default\nop_names: {Read_SLC: {durations_us: {ISSUE: 0.185}}}",
        "op_names.Read_SLC.durations_us.ISSUE: 0.185 µs is not a multiple of 0.01 µs",
    ),
    "inexact-default": (
        "extends: default\nop_bases: {NOP: {states: [{name: ISSUE, default_us: 0.005}]}}",
        "op_bases.NOP.states[0].default_us: 0.005 µs is not a multiple of 0.01 µs",
    ),
    "time-as-text": (
        "extends: default\nop_names: {Read_SLC: {durations_us: {CORE_BUSY: 25 us}}}",
        "op_names.Read_SLC.durations_us.CORE_BUSY: '25 us' is not of type number",
    ),
    "nan-time": (
        "extends: default\npolicies: {sequence_gap_us: .nan}",
        "policies.sequence_gap_us: nan is not a time",
    ),
    "endless-time": (
        "extends: default\nop_names: {Read_SLC: {durations_us: {CORE_BUSY: 1.0e+12}}}",
        "op_names.Read_SLC.durations_us.CORE_BUSY: 1000000000000.0 is greater than 3600000000",
    ),
    "takes-no-time": (
        "extends: default\nop_names: {Nop: {durations_us: {ISSUE: 0}}}",
        "op_names.Nop: it takes no time at all: every duration is 0",
    ),
    "multi-of-a-die": (
        "extends: default\nop_names: {Reset: {multi: true}}",
        "op_names.Reset.multi: RESET addresses a die, not planes",
    ),
    "no-refill-period": (
        "extends: default\npolicies: {queue_refill_period_us: 0}",
        "policies.queue_refill_period: 0 µs is less than 0.01 µs",
    ),
    "too-many-planes": (
        "extends: default\npolicies: {max_planes: 8}",
        "policies.max_planes: 8 is not from 1 to 4",
    ),
    "one-plane-at-most": (
        "extends: default\npolicies: {max_planes: 1}",
        "op_names.Block_Erase_Multi_Plane_SLC.multi: a multi-plane op, but policies.max_planes "
        "is 1",
    ),
    "guard": (
        "extends: default\npolicies: {read_offset_guard: 64}",
        "policies.read_offset_guard: 64 is not from 0 to 63",
    ),
    "interleaving-base": (
        "extends: default\ninterleaving_bases: [PLANE_REED]",
        "interleaving_bases: there is no op base 'PLANE_REED'",
    ),
    "sequence-of-no-base": (
        "extends: default\nsequences: {REED: [{probability: 1, steps: []}]}",
        "sequences.REED: there is no op base 'REED'",
    ),
    "step-of-no-base": (
        "extends: default\nsequences: {READ: [{probability: 1, steps: [{base: DUOT}]}]}",
        "sequences.READ[0].steps[0].base: there is no op base 'DUOT'",
    ),
    "step-without-names": (
        "extends: default\nop_names: {Data_Out_4K: null}",
        "sequences.READ4K[0].steps[0].base: no op name is of base 'DOUT4K'",
    ),
    "unknown-rule": (
        "extends: default\n"
        "sequences: {READ: [{probability: 1, steps: [{base: DOUT, rules: [next_page]}]}]}",
        "sequences.READ[0].steps[0].rules[0]: 'next_page' is not one of none or same_page or "
        "inc_page or prev_page or pgm_same_page or same_celltype or multi or "
        "same_page_from_program_suspend or same_reg",
    ),
    "step-name": (
        "extends: default\n"
        "sequences: {READ: [{probability: 1, steps: [{base: DOUT, names: {Read_SLC: 1}}]}]}",
        "sequences.READ[0].steps[0].names: DOUT has no op name 'Read_SLC'",
    ),
    "step-weights-zero": (
        "extends: default\n"
        "sequences: {READ: [{probability: 1, steps: [{base: DOUT, names: {Data_Out: 0}}]}]}",
        "sequences.READ[0].steps[0].names: the weights sum to 0",
    ),
    "probability": (
        "extends: default\nsequences: {READ: [{probability: 1.5, steps: []}]}",
        "sequences.READ[0].probability: 1.5 is greater than 1",
    ),
    "probabilities": (
        "extends: default\n"
        "sequences: {READ: [{probability: 0.5, steps: []}, {probability: 0.4, steps: []}]}",
        "sequences.READ: the probabilities sum to 0.9, not to 1",
    ),
    "illegal-after-op": (
        "extends: default\n"
        "sequences: {CACHE_PROGRAM_SLC: [{probability: 1, steps: [{base: ERASE}]}]}",
        "sequences.CACHE_PROGRAM_SLC[0].steps[0]: ERASE can never follow: the exclusions of "
        "CACHE_PROGRAM_SLC.END keep it out",
    ),
    "illegal-by-latch": (
        "extends: default\nsequences: {READ: [{probability: 1, steps: [{base: READ}]}]}",
        "sequences.READ[0].steps[0]: READ can never follow: the exclusions of LATCH_ON_READ keep "
        "it out",
    ),
    "illegal-by-cache": (
        "extends: default\nsequences: {READ: [{probability: 1, steps: "
        "[{base: PLANE_CACHE_READ}, {base: DOUT}, {base: SETPARA}]}]}\n"
        "exclusions: {by_op_state: {PLANE_CACHE_READ.END: []}}",
        "sequences.READ[0].steps[2]: SETPARA can never follow: the exclusions of "
        "ON_PLANE_CACHE_READ keep it out",
    ),
    "illegal-while-suspended": (
        "extends: default\n"
        "sequences: {PROGRAM_SUSPEND: [{probability: 1, steps: [{base: SETFEATURE}]}]}",
        "sequences.PROGRAM_SUSPEND[0].steps[0]: SETFEATURE can never follow: the exclusions of "
        "PROGRAM_SUSPENDED keep it out",
    ),
    "sequence-of-instant": (
        "extends: default\nsequences: {SR: [{probability: 1, steps: [{base: SR_ADD}]}]}",
        "sequences.SR[0].steps[0]: nothing can follow SR, an instant op that suspends nothing",
    ),
    "sequence-of-resume": (
        "extends: default\nsequences: {ERASE_RESUME: [{probability: 1, steps: [{base: SR}]}]}",
        "sequences.ERASE_RESUME[0].steps[0]: nothing can follow ERASE_RESUME, an op of role "
        "ERASE_RESUME",
    ),
    "sequence-of-reset": (
        "extends: default\nsequences: {RESET_LUN: [{probability: 1, steps: [{base: SR}]}]}",
        "sequences.RESET_LUN[0].steps[0]: nothing can follow RESET_LUN, an op of role RESET_LUN",
    ),
    "reset-in-sequence": (
        "extends: default\n"
        "sequences: {READ: [{probability: 1, steps: [{base: DOUT}, {base: RESET}]}]}",
        "sequences.READ[0].steps[1]: RESET, an op of role RESET, can't follow in a sequence",
    ),
    "suspend-in-sequence": (
        "extends: default\n"
        "sequences: {PROGRAM_SLC: [{probability: 1, steps: [{base: PROGRAM_SUSPEND}]}]}",
        "sequences.PROGRAM_SLC[0].steps[0]: PROGRAM_SUSPEND, an op of role PROGRAM_SUSPEND, can't "
        "follow in a sequence",
    ),
    "suspended-page-of-nothing": (
        "extends: default\nsequences: {PLANE_READ: [{probability: 1, steps: "
        "[{base: DOUT, rules: [same_page_from_program_suspend]}]}]}",
        "sequences.PLANE_READ[0].steps[0]: PLANE_READ suspends no program that "
        "same_page_from_program_suspend could speak of",
    ),
    "suspended-page-of-erase": (
        "extends: default\nsequences: {ERASE_SUSPEND: [{probability: 1, steps: "
        "[{base: RECOVERY_RD, rules: [same_page_from_program_suspend]}]}]}",
        "sequences.ERASE_SUSPEND[0].steps[0]: ERASE_SUSPEND suspends no program that "
        "same_page_from_program_suspend could speak of",
    ),
    "other-page-while-suspended": (
        "extends: default\n"
        "sequences: {PROGRAM_SUSPEND: [{probability: 1, steps: [{base: READ, rules: [none]}]}]}",
        "sequences.PROGRAM_SUSPEND[0].steps[0]: after PROGRAM_SUSPEND no page can be addressed but "
        "that of a suspended program",
    ),
    "same-page-as-nothing": (
        "extends: default\n"
        "sequences: {TEMPSENSOR: [{probability: 1, steps: [{base: READ, rules: [same_page]}]}]}",
        "sequences.TEMPSENSOR[0].steps[0]: there is no page before it that same_page could speak of",
    ),
    "previous-page-of-nothing": (
        "extends: default\nsequences: {TEMPSENSOR: [{probability: 1, steps: "
        "[{base: SR}, {base: READ, rules: [multi, prev_page]}]}]}",
        "sequences.TEMPSENSOR[0].steps[1]: there is no page before it that prev_page could speak of",
    ),
    "program-of-read-page": (
        "extends: default\nsequences: {READ: [{probability: 1, steps: "
        "[{base: DOUT, rules: [same_page]}, {base: PROGRAM_SLC, rules: [inc_page]}]}]}",
        "sequences.READ[0].steps[1]: PROGRAM_SLC can't have a page that another op reads, programs "
        "or erases",
    ),
    "program-twice": (
        "extends: default\nsequences: {CACHE_PROGRAM_SLC: [{probability: 1, steps: "
        "[{base: PROGRAM_SLC, rules: [same_page]}]}]}",
        "sequences.CACHE_PROGRAM_SLC[0].steps[0]: PROGRAM_SLC programs a page that an op before it "
        "has programmed",
    ),
    "read-of-unwritten-page": (
        "extends: default\n"
        "sequences: {PROGRAM_SLC: [{probability: 1, steps: [{base: READ, rules: [inc_page]}]}]}",
        "sequences.PROGRAM_SLC[0].steps[0]: READ reads a page that no op before it has programmed",
    ),
    "instant-erase": (
        "extends: default\nop_bases: {ERASE: {instant: true}}",
        "op_bases.ERASE.instant: an op of role ERASE must wait until its planes are free",
    ),
    "instant-data-out": (
        "extends: default\nop_bases: {DOUT: {instant: true}}",
        "op_bases.DOUT.instant: an op of role DATA_OUT must wait until its planes are free",
    ),
    "read-without-planes": (
        "extends: default\nop_bases: {CACHE_READ_END: {scope: NONE}}",
        "op_bases.CACHE_READ_END.scope: an op of role CACHE_READ_END must hold its planes: "
        "PLANE_SET or DIE_WIDE",
    ),
    "bad-block-twice": (
        "extends: default\nbad_blocks: [[0, 17], [1, 17], [0, 17]]",
        "bad_blocks[2]: block 17 of die 0 is there twice",
    ),
    "no-resume": (
        "extends: default\nop_names: {Erase_Resume: null}",
        "op_names.Erase_Suspend: it suspends, but there is no op of role ERASE_RESUME, which the "
        "end of a run needs",
    ),
    "resume-after-op": (
        "extends: default\nexclusions: {by_op_state: {ERASE.END: [on_busy]}}",
        "exclusions.by_op_state.ERASE.END: it keeps out ERASE_RESUME and PROGRAM_RESUME, which the "
        "end of a run needs",
    ),
    "resume-with-latch": (
        "extends: default\nexclusions: {groups: {program_latch_full: [PROGRAM_RESUME]}}",
        "exclusions.by_latch_state.LATCH_ON_LSB: it keeps out PROGRAM_RESUME, which the end of a "
        "run needs",
    ),
    "resume-in-cache-state": (
        "extends: default\n"
        "exclusions: {groups: {mine: [ERASE_RESUME]}, by_cache_state: {ON_CACHE_PROGRAM: [mine]}}",
        "exclusions.by_cache_state.ON_CACHE_PROGRAM: it keeps out ERASE_RESUME, which the end of a "
        "run needs",
    ),
    "resume-without-odt": (
        "extends: default\nexclusions: {groups: {odt_disabled: [ERASE_RESUME]}}",
        "exclusions.by_odt_state.ODT_DISABLE: it keeps out ERASE_RESUME, which the end of a run "
        "needs",
    ),
    "resume-of-program-in-erase": (
        "extends: default\nexclusions: {groups: {erase_suspended: [PROGRAM_RESUME]}}",
        "exclusions.by_suspend_state.ERASE_SUSPENDED: it keeps out PROGRAM_RESUME, which the end "
        "of a run needs",
    ),
    "base-in-group": (
        "extends: default\nexclusions: {groups: {on_busy: [REED]}}",
        "exclusions.groups.on_busy: there is no op base 'REED'",
    ),
    "base-not-in-group": (
        "extends: default\nexclusions: {groups: {on_busy: {all_but: [REED]}}}",
        "exclusions.groups.on_busy.all_but: there is no op base 'REED'",
    ),
    "unknown-group": (
        "extends: default\nexclusions: {by_op_state: {READ.CORE_BUSY: [on_reed]}}",
        "exclusions.by_op_state.READ.CORE_BUSY: there is no exclusion group 'on_reed'",
    ),
    "unknown-exclusion-state": (
        "extends: default\nexclusions: {by_op_state: {READ.DATA_OUT: [on_busy]}}",
        "exclusions.by_op_state.READ.DATA_OUT: READ has no state 'DATA_OUT', only 'ISSUE', "
        "'CORE_BUSY', 'END'",
    ),
    "unknown-latch": (
        "extends: default\nexclusions: {by_latch_state: {LATCH_ON_REED: [on_busy]}}",
        "exclusions.by_latch_state.LATCH_ON_REED: there is no such state, only 'LATCH_ON_LSB', "
        "'LATCH_ON_CSB', 'LATCH_ON_MSB', 'LATCH_ON_READ'",
    ),
    "unknown-suspend-state": (
        "extends: default\nexclusions: {by_suspend_state: {READ_SUSPENDED: [on_busy]}}",
        "exclusions.by_suspend_state.READ_SUSPENDED: there is no such state, only "
        "'ERASE_SUSPENDED', 'NOT_ERASE_SUSPENDED', 'PROGRAM_SUSPENDED', 'NOT_PROGRAM_SUSPENDED'",
    ),
    "weight-of-nothing": (
        "extends: default\nweights: {overall: {REED: 1}}",
        "weights.overall.REED: there is no such op name or op base",
    ),
    "weights-in-no-state": (
        "extends: default\nweights: {by_state: {READ.SENSE: {SR: 1}}}",
        "weights.by_state.READ.SENSE: READ has no state 'SENSE', only 'ISSUE', 'CORE_BUSY', 'END'",
    ),
    "negative-weight": (
        "extends: default\nweights: {overall: {READ: -0.5}}",
        "weights.overall.READ: a negative weight: -0.5",
    ),
    "nan-weight": (
        "extends: default\nweights: {overall: {READ: .nan}}",
        "weights.overall.READ: nan is no weight",
    ),
    "infinite-weight": (
        "extends: default\nweights: {by_state: {DEFAULT: {READ: .inf}}}",
        "weights.by_state.DEFAULT.READ: inf is greater than 1000000",
    ),
    "huge-weight": (
        f"extends: default\nweights: {{overall: {{READ: 1{'0' * 400}}}}}",
        f"weights.overall.READ: 1{'0' * 59}… is greater than 1000000",
    ),
    "nan-probability": (
        "extends: default\nsequences: {READ: [{probability: .nan, steps: []}]}",
        "sequences.READ[0].probability: nan is not from 0 to 1",
    ),
    "bootstrap-volume": (
        "extends: default\nbootstrap: {erase_volume: 300}",
        "bootstrap.erase_volume: 300 is not from 0 to 256",
    ),
    "bootstrap-order": (
        "extends: default\nbootstrap: {program_volume: 40}",
        "bootstrap.program_volume: 40 blocks to program, but only 32 to erase",
    ),
    "bootstrap-reads": (
        "extends: default\nbootstrap: {read_coverage: 0.5}",
        "bootstrap.read_volume: 128 blocks to read, but only 24 to program",
    ),
    "bootstrap-coverage": (
        "extends: default\nbootstrap: {read_coverage: 1.5}",
        "bootstrap.read_coverage: 1.5 is greater than 1",
    ),
    "bad-block": (
        "extends: default\nbad_blocks: [[0, 128]]",
        "bad_blocks[0]: block: 128 is not from 0 to 127",
    ),
    "bad-block-of-no-die": (
        "extends: default\nbad_blocks: [[0, 1], [2, 1]]",
        "bad_blocks[1]: die: 2 is not from 0 to 1",
    ),
    "bad-block-no-pair": (
        "extends: default\nbad_blocks: [[0]]",
        "bad_blocks[0]: [0] has fewer than 2 items",
    ),
    "bad-plane": (
        "extends: tiny\nbad_blocks: [[0, 1], [0, 3]]",
        "bad_blocks: every block of die 0, plane 1 is bad",
    ),
    "no-script": (
        "extends: default\npolicies: {proposals: script}",
        "script: there is none, but policies.proposals is 'script'",
    ),
    "idle-script": (
        "extends: default\nscript: [{at_us: 0, op_name: Nop}]",
        "script: there is one, but policies.proposals is 'random'",
    ),
}

SCRIPTED = "extends: default\npolicies: {proposals: script}\nscript: "
WRONG_SCRIPTS = {
    "unknown-op": (
        "[{at_us: 0, op_name: Reed}]",
        "script[0].op_name: there is no op name 'Reed'",
    ),
    "inexact": (
        "[{at_us: 0.001, op_name: Nop}]",
        "script[0].at_us: 0.001 µs is not a multiple of 0.01 µs",
    ),
    "not-ascending": (
        "[{at_us: 2, op_name: Nop}, {at_us: 1, op_name: Nop}]",
        "script[1].at: 1 µs is before 2 µs, the step before it",
    ),
    "die": ("[{at_us: 0, op_name: Nop, die: 2}]", "script[0].die: 2 is not from 0 to 1"),
    "plane": ("[{at_us: 0, op_name: Nop, plane: -1}]", "script[0].plane: -1 is not from 0 to 3"),
    "block": (
        "[{at_us: 0, op_name: Read_SLC, block: 128}]",
        "script[0].block: 128 is not from 0 to 127",
    ),
    "block-in-plane": (
        "[{at_us: 0, op_name: Read_SLC, plane: 1, block: 6}]",
        "script[0].block: block 6 lies in plane 2, not in 1",
    ),
    "page": (
        "[{at_us: 0, op_name: Read_SLC, block: 0, page: 64}]",
        "script[0].page: 64 is not from 0 to 63",
    ),
    "page-of-no-block": (
        "[{at_us: 0, op_name: Read_SLC, page: 1}]",
        "script[0].page: a page without a block",
    ),
    "planes-of-single": (
        "[{at_us: 0, op_name: Read_SLC, planes: [0, 1]}]",
        "script[0].planes: 'Read_SLC' addresses one plane",
    ),
    "planes-order": (
        "[{at_us: 0, op_name: Read_Multi_Plane_SLC, planes: [1, 0]}]",
        "script[0].planes: [1, 0] are not two ascending planes or more",
    ),
}


def _load_error(folder: Path, text: str) -> str:
    path = folder / "wrong.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load_profile(path)
    return str(caught.value).replace(str(folder), "PLACE")


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG)
def test_wrong_profile(tmp_path: Path, text: str, message: str) -> None:
    assert _load_error(tmp_path, text) == f"PLACE/wrong.yaml: {message}"


@pytest.mark.parametrize(("script", "message"), WRONG_SCRIPTS.values(), ids=WRONG_SCRIPTS)
def test_wrong_script(tmp_path: Path, script: str, message: str) -> None:
    assert _load_error(tmp_path, SCRIPTED + script) == f"PLACE/wrong.yaml: {message}"


def test_weights_that_sum_to_zero(tmp_path: Path) -> None:
    text = """
topology: {dies: 1, planes: 1, blocks_per_die: 1, pages_per_block: 1}
celltypes: [SLC]
op_bases:
  ERASE: {scope: DIE_WIDE, states: [{name: CORE_BUSY, default_us: 1}]}
op_names:
  Erase: {base: ERASE, celltype: SLC}
weights: {overall: {ERASE: 0}}
"""
    message = "weights.overall: the weights sum to 0: nothing is ever proposed"
    assert _load_error(tmp_path, text) == f"PLACE/wrong.yaml: {message}"
    message = "bootstrap.enabled: there is no op of role PROGRAM"
    text = text.replace("ERASE: 0}", "ERASE: 1}") + "bootstrap: {enabled: true}"
    assert _load_error(tmp_path, text) == f"PLACE/wrong.yaml: {message}"


def test_aliases_are_counted(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40)]
    message = "line 16: more than 250000 values"
    assert _load_error(tmp_path, "\n".join(lines)) == f"PLACE/wrong.yaml: {message}"


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^defualt: cannot read: No such file or directory; "):
        load_profile("defualt")
    with pytest.raises(UsageError, match=r"cannot read: Is a directory$"):
        load_profile(tmp_path)
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"name: \xe9")
    with pytest.raises(UsageError, match=r"latin\.yaml: byte 6 is not UTF-8$"):
        load_profile(path)
    path.write_bytes(b"#" * (4 << 20) + b"\n")
    with pytest.raises(UsageError, match=r"latin\.yaml: it has more than 4 MiB$"):
        load_profile(path)


def test_files_that_extend_each_other(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("extends: two.yaml")
    (tmp_path / "two.yaml").write_text("extends: one.yaml")
    with pytest.raises(UsageError) as caught:
        load_profile(tmp_path / "one.yaml")
    assert str(caught.value).replace(str(tmp_path), "PLACE") == (
        "PLACE/one.yaml: extends: the profiles extend each other: "
        "PLACE/one.yaml → PLACE/two.yaml → PLACE/one.yaml"
    )
