"""Campaign files: what they say, and how wrong ones are refused before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from nandtrace.campaign.loading import load_campaign
from nandtrace.campaign.plan import MAX_CELLS, Plan, make_plan
from nandtrace.errors import UsageError
from nandtrace.nand.profiles.loading import load_profile
from nandtrace.workorder import usable_cores
from tests.campaign.campaigns import write_campaign

FULL = """
name = "night.ly-1"
profiles = ["tiny", "own/small.yaml"]
seeds = ["5..6", 1]
traces = "{options}/{profile}_{seed}.mpk"

[options.plain]
runs = 3
run_until = ["10ms", "500us"]

[options.other]
run_until = 20
max_hooks = 7
drain = false
bootstrap = false
apply_policy = "per_segment"
compress = true

[limits]
slots = 3
memory_per_slot_mb = 200
retries = 0
timeout_s = 1.5

[dask]
resources = {GB = 2}
"""


def _plan(folder: Path, text: str, slots: int | None = None) -> Plan:
    return make_plan(load_campaign(write_campaign(folder, text, "file.toml")), slots)


def test_a_whole_campaign(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "small.yaml").write_text("extends: tiny\nname: own\n")
    plan = _plan(tmp_path, FULL)
    assert plan.file.name == "night.ly-1"
    assert [cell.id for cell in plan.cells()] == [
        "tiny/plain/5",
        "tiny/plain/6",
        "tiny/plain/1",
        "tiny/other/5",
        "tiny/other/6",
        "tiny/other/1",
        "small/plain/5",
        "small/plain/6",
        "small/plain/1",
        "small/other/5",
        "small/other/6",
        "small/other/1",
    ]
    assert [cell.ordinal for cell in plan.cells()] == list(range(12))
    assert [cell.trace for cell in plan.cells()][3:8] == [
        "other/tiny_5.mpk",
        "other/tiny_6.mpk",
        "other/tiny_1.mpk",
        "plain/small_5.mpk",
        "plain/small_6.mpk",
    ]
    plain, other = plan.recipes[:2]
    assert plain.arguments == ("--runs", "3", "--run-until", "10000us", "--run-until", "500us")
    assert other.arguments == (
        *("--runs", "3", "--run-until", "20us", "--max-hooks", "7", "--no-drain", "--no-bootstrap"),
        *("--apply-policy", "per_segment", "--compress"),
    )
    assert (plain.compress, other.compress) == (False, True)
    assert other.identity["options"] == {
        "seed": 0,
        "runs": 3,
        "run_for_ns": [20_000],
        "max_hooks": 7,
        "drain": False,
        "apply_policy": "per_segment",
    }
    assert (plan.limits.slots, plan.limits.retries, plan.limits.timeout_s) == (3, 0, 1.5)
    assert plan.file.resources == {"GB": 2}


def test_defaults(tmp_path: Path) -> None:
    plan = _plan(tmp_path, 'profiles = ["tiny"]\nseeds = 7\n')
    assert plan.file.name == "file"
    (cell,) = plan.cells()
    assert (cell.id, cell.trace) == ("tiny/default/7", "traces/tiny/default/7.mpk")
    assert plan.recipes[0].identity["options"]["run_for_ns"] == [100_000_000]
    assert (plan.limits.slots, plan.limits.stagger_s, plan.limits.memory_gating) == (
        usable_cores(),
        0,
        True,
    )


def test_blocks_in_place_of_the_profile_s(tmp_path: Path) -> None:
    text = 'profiles = ["default"]\nseeds = 7\noptions.a.bad_blocks = ["0:3", "0:1"]\n'
    (recipe,) = _plan(tmp_path, text).recipes
    assert recipe.arguments == ("--runs", "3", "--bad-blocks", "0:1,0:3")
    assert recipe.identity["profile"]["bad_blocks"] == [[0, 1], [0, 3]]


def test_slots_of_a_call_replace_those_of_the_file(tmp_path: Path) -> None:
    text = 'profiles = ["tiny"]\nseeds = 7\nlimits.slots = 3\n'
    assert _plan(tmp_path, text, 5).limits.slots == 5


def test_the_copy_of_a_profile_needs_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("extends: tiny\ntopology: {dies: 2}\n")
    (tmp_path / "top.yaml").write_text("extends: base.yaml\nbad_blocks: [[1, 2]]\n")
    plan = _plan(tmp_path, 'profiles = ["top.yaml"]\nseeds = 0\n')
    (profile,) = plan.profiles
    assert profile.text is not None
    alone = tmp_path / "alone"
    alone.mkdir()
    copy = alone / profile.file_name
    copy.write_bytes(profile.text)
    assert load_profile(copy).profile == load_profile(tmp_path / "top.yaml").profile


def test_a_profile_with_an_odd_name_has_a_plain_label(tmp_path: Path) -> None:
    (tmp_path / "_my profile (2).yaml").write_text("extends: tiny\n")
    plan = _plan(tmp_path, 'profiles = ["_my profile (2).yaml"]\nseeds = 0\n')
    (cell,) = plan.cells()
    assert cell.id == "my-profile-2-/default/0"
    assert plan.profiles[0].file_name == "_my profile (2).yaml"


HEAD = 'profiles = ["tiny"]\nseeds = "0..9"\n'

WRONG = {
    "no TOML": ("profiles = [", "not TOML: "),
    "not UTF-8": (b"name = '\xff'", "byte 8 is not UTF-8"),
    "nothing": ("", "profiles: is missing"),
    "no seeds": ('profiles = ["tiny"]', "seeds: is missing"),
    "unknown key": (HEAD + "slots = 3", "slots: there is no such key"),
    "unknown limit": (HEAD + "limits.slot = 3", "limits.slot: there is no such key"),
    "unknown option": (HEAD + "options.a.seed = 3", "options.a.seed: there is no such key"),
    "no options": (HEAD + "options = {}", "options: {} "),
    "wrong type": (HEAD + 'limits.slots = "3"', "limits.slots: '3' is not of type integer"),
    "a float as a count": (HEAD + "limits.slots = 2.0", "limits.slots: 2.0 is not of type integer"),
    "no slot": (HEAD + "limits.slots = 0", "limits.slots: 0 is less than 1"),
    "nan": (HEAD + "limits.stagger_s = nan", "limits.stagger_s: nan is no number to count with"),
    "endless": (HEAD + "limits.timeout_s = inf", "limits.timeout_s: inf is greater than 100000000"),
    "warning above critical": (
        HEAD + "limits = {warning = 0.9, critical = 0.8}",
        "limits: warning is 0.9, above critical, 0.8",
    ),
    "too short": (HEAD + "limits.timeout_s = 1e-300", "limits: timeout_s: 1e-300 s is not a whole"),
    "endless runs": (
        HEAD + f"options.a.runs = {2**63}",
        "options.a.runs: 9223372036854775808 is gr",
    ),
    "no block": (
        HEAD + "options.a.bad_blocks = []",
        "options.a.bad_blocks: [] has fewer than 1 items",
    ),
    "resources": (HEAD + "dask.resources.GPU = 0", "dask.resources.GPU: "),
    "bad name": (HEAD + 'name = "a b"', "name: "),
    "a name that ends a line": (HEAD + 'name = "ab\\n"', "name: 'ab\\n' is none: it takes letters"),
    "bad option name": (HEAD + "[options.'a/b']", "options: 'a/b' is no name: it takes letters"),
    "no profile": ("profiles = []\nseeds = 0", "profiles: [] has fewer than 1 items"),
    "no such profile": (
        'profiles = ["tiny", "nix.yaml"]\nseeds = 0',
        "profiles[1]: {folder}/nix.yaml: cannot read: No such file or directory",
    ),
    "twice the same": (
        'profiles = ["tiny", "tiny"]\nseeds = 0',
        "profiles[1]: 'tiny' and 'tiny' would both be called 'tiny'",
    ),
    "a profile with NUL": ('profiles = ["a\\u0000b"]\nseeds = 0', "profiles[0]: "),
    "seeds": ('profiles = ["tiny"]\nseeds = "1-3"', "seeds: '1-3' does not fit: A range as"),
    "negative": ('profiles = ["tiny"]\nseeds = [-1]', "seeds: [-1] does not fit: "),
    "no seed": ('profiles = ["tiny"]\nseeds = []', "seeds: [] does not fit: "),
    "backwards": ('profiles = ["tiny"]\nseeds = "3..1"', "seeds: the range 3..1 ends before it"),
    "beyond": (
        'profiles = ["tiny"]\nseeds = [0, "1..9223372036854775808"]',
        "seeds[1]: 9223372036854775808 is greater than 9223372036854775807",
    ),
    "twice": ('profiles = ["tiny"]\nseeds = ["0..9", 20, 7]', "seeds: 7 is there twice"),
    "too many": (
        f'profiles = ["tiny"]\nseeds = "1..{MAX_CELLS + 1}"',
        "seeds: they make 1000001 cells, and a campaign has at most 1000000",
    ),
    "no duration": (
        HEAD + 'options.a.run_until = "1 day"',
        "options.a.run_until: '1 day' is no duration",
    ),
    "off the grid": (
        HEAD + 'options.a.run_until = ["1ms", "5ns"]',
        "options.a.run_until: '5ns' is not a multiple of 10 ns",
    ),
    "more durations than runs": (
        HEAD + 'options.a = {runs = 1, run_until = ["1ms", "2ms"]}',
        "options.a: 2 durations for 1 runs",
    ),
    "a block that there is not": (
        HEAD + 'options.a.bad_blocks = ["9:0"]',
        "options.a: tiny with the given options: bad_blocks",
    ),
    "absolute": (HEAD + 'traces = "/tmp/{seed}.mpk"', "traces: '/tmp/9.mpk' is absolute"),
    "out": (HEAD + 'traces = "../{seed}.mpk"', "traces: '../9.mpk' leads out of the output folder"),
    "out, later": (HEAD + 'traces = "a/../../{seed}.mpk"', "traces: 'a/../../9.mpk' leads out"),
    "backslash": (HEAD + 'traces = "a\\\\{seed}.mpk"', "has a backslash or a colon"),
    "drive": (HEAD + 'traces = "C:{seed}.mpk"', "has a backslash or a colon"),
    "NUL": (HEAD + 'traces = "a\\u0000{seed}.mpk"', "has a character that can't be seen"),
    "no field": (HEAD + 'traces = "{cell}.mpk"', "traces: there is no {cell}, only {profile}, "),
    "stray brace": (HEAD + 'traces = "{seed.mpk"', "has a brace without its other one"),
    "format": (HEAD + 'traces = "{seed:3}.mpk"', "has a brace without its other one"),
    "no suffix": (HEAD + 'traces = "{seed}"', "traces: '9' does not end in .mpk"),
    "empty part": (HEAD + 'traces = "a//{seed}.mpk"', "has a part without a name"),
    "dot": (HEAD + 'traces = "./{seed}.mpk"', "has a part without a name"),
    "a folder like a trace": (HEAD + 'traces = "a.mpk/{seed}.mpk"', "a folder can't end in .mpk"),
    "our own folder": (HEAD + 'traces = "Profiles/{seed}.mpk"', "that the campaign itself needs"),
    "our own scratch": (HEAD + 'traces = "work/{seed}.mpk"', "that the campaign itself needs"),
    "our own trace": (HEAD + 'traces = "campaign.{seed}.mpk"', "that the campaign itself needs"),
    **{
        f"our own file {name}": (
            HEAD + f'traces = "{name}/{{seed}}.mpk"',
            "the campaign itself needs",
        )
        for name in (
            "campaign.toml",
            "campaign.lock",
            "campaign.mpk.partial",
            "campaign.mpk.before",
            "Journal.sqlite",
            "journal.sqlite-journal",
        )
    },
    "too long": (HEAD + f'traces = "{"a" * 255}{{seed}}.mpk"', "is too long"),
    "one for all": (HEAD + 'traces = "a.mpk"', "traces: 'a.mpk' would be the trace of 10 cells"),
    "one for two": (
        'profiles = ["tiny", "default"]\nseeds = [1, 2]\ntraces = "{seed}.mpk"',
        "traces: '1.mpk' would be the trace of 2 cells",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_refused_with_place_and_reason(name: str, tmp_path: Path) -> None:
    text, expected = WRONG[name]
    path = tmp_path / "file.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageError) as caught:
        make_plan(load_campaign(path))
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    wanted = expected.format(folder=tmp_path) if "{folder}" in expected else expected
    assert wanted in message
    assert "\n" not in message


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nix.toml: cannot read: No such file"):
        load_campaign(tmp_path / "nix.toml")
    with pytest.raises(UsageError, match=r"cannot read"):
        load_campaign(Path("a\0b"))


def test_a_name_that_the_file_does_not_give(tmp_path: Path) -> None:
    path = write_campaign(tmp_path, HEAD, "my campaign.toml")
    with pytest.raises(UsageError, match=r"name: is missing, and the file's 'my campaign' is none"):
        load_campaign(path)


def test_a_profile_without_a_letter(tmp_path: Path) -> None:
    (tmp_path / "___.yaml").write_text("extends: tiny\n")
    with pytest.raises(UsageError, match=r"'___.yaml' has no letter or digit to be called by"):
        _plan(tmp_path, 'profiles = ["___.yaml"]\nseeds = 0')


def test_a_wrong_profile_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("extends: tiny\ntopology: {dies: 0}\n")
    with pytest.raises(UsageError, match=r"profiles\[0\]: .*bad.yaml: topology.dies: 0"):
        _plan(tmp_path, 'profiles = ["bad.yaml"]\nseeds = 0')
