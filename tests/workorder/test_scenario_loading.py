"""Scenarios are read exactly, or refused with the file, the entry and the reason."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from nandtrace.errors import UsageError
from nandtrace.schema_files import load_schema
from nandtrace.vocab.workorder import OrderState, Policy
from nandtrace.workorder import Reading, SchedulerConfig
from nandtrace.workorder.scenario import Deed, Ending, ScriptedOrder, Step
from nandtrace.workorder.scenario_loading import MAX_BYTES, load_scenario

MB = 2**20
WHOLE = """
seed = 3
until_s = 20.5

[scheduler]
slots = 1
policy = "priority"
stagger_s = 0.1
lease_s = 3
max_depth = 7

[memory]
total_mb = 1000
available_mb = 900.5

[[memory.steps]]
at_s = 1
available_mb = 0

[[orders]]
id = "a"
at_s = 0.000000001
priority = -2
max_retries = 4
prepare_s = 0.5
takes_s = 1_0.25
outcomes = ["raise", "hang", "complete"]

[[orders]]
id = "b"
count = 2

[[steps]]
at_s = 4
do = "cancel"
order = "b-1"

[[steps]]
at_s = 5
do = "stop"
grace_s = 0.5

[[steps]]
at_s = 6
do = "crash"
known = {a = "COMPLETED"}
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "day.toml"
    path.write_text(WHOLE)
    return path


def _refused(path: Path, text: str) -> str:
    path.write_text(text)
    with pytest.raises(UsageError) as refused:
        load_scenario(path)
    message = str(refused.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


def test_all_that_a_file_can_say(scenario: Path) -> None:
    loaded = load_scenario(scenario)
    assert (loaded.name, loaded.until_ns) == ("day", 20_500_000_000)
    assert loaded.config == SchedulerConfig(
        slots=1, policy=Policy.PRIORITY, stagger_s=0.1, lease_s=3, max_depth=7, seed=3
    )
    assert loaded.readings == (
        (0, Reading(1000 * MB, 944_242_688)),
        (1_000_000_000, Reading(1000 * MB, 0)),
    )
    assert loaded.orders == (
        ScriptedOrder(
            id="a",
            at_ns=1,
            priority=-2,
            max_retries=4,
            prepare_ns=500_000_000,
            takes_ns=10_250_000_000,
            endings=(Ending.RAISE, Ending.HANG, Ending.COMPLETE),
        ),
        ScriptedOrder("b-0", 0, 0, None, 0, 0, (Ending.COMPLETE,)),
        ScriptedOrder("b-1", 0, 0, None, 0, 0, (Ending.COMPLETE,)),
    )
    assert loaded.steps == (
        Step(4_000_000_000, Deed.CANCEL, order="b-1"),
        Step(5_000_000_000, Deed.STOP, grace_s=0.5),
        Step(6_000_000_000, Deed.CRASH, known={"a": OrderState.COMPLETED}),
    )
    assert loaded.plain["orders"][1] == {"id": "b", "count": 2}


def test_an_empty_file_is_a_scenario(scenario: Path) -> None:
    scenario.write_text("")
    loaded = load_scenario(scenario)
    assert (loaded.config, loaded.until_ns, loaded.orders) == (SchedulerConfig(), None, ())
    assert loaded.readings == ((0, Reading(32_768 * MB, 32_768 * MB)),)
    assert loaded.starts_itself


def test_another_seed(scenario: Path) -> None:
    assert load_scenario(scenario, 9).config.seed == 9
    assert load_scenario(scenario, 0).config.seed == 0


def test_the_last_outcome_is_that_of_all_attempts_that_follow(scenario: Path) -> None:
    order = load_scenario(scenario).orders[0]
    assert [order.ending(attempt).value for attempt in (1, 2, 3, 4, 9)] == [
        *("raise", "hang", "complete", "complete", "complete"),
    ]


def test_a_scheduler_that_is_started_does_not_start_itself(scenario: Path) -> None:
    scenario.write_text('[[steps]]\nat_s = 1\ndo = "start"\n')
    assert not load_scenario(scenario).starts_itself


def test_the_schema_has_the_settings_of_the_scheduler_and_their_defaults() -> None:
    section = load_schema("scenario")["definitions"]["scheduler"]["properties"]
    defaults = {item.name: item.default for item in fields(SchedulerConfig)}
    # The seed stands above; and by a virtual clock nothing is late.
    assert set(section) == set(defaults) - {"seed", "late_s"}
    told = {name: entry["default"] for name, entry in section.items() if "default" in entry}
    assert told == {name: defaults[name] for name in told}
    assert {name for name in section if name not in told} == {"max_depth", "lease_s"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("seed = 1.0", "seed: 1.0 is not of type integer"),
        ("seed = -1", "seed: -1 is less than 0"),
        ("sede = 1", "sede: there is no such key"),
        ("until_s = 0", "until_s: 0 is less than or equal to the minimum of 0"),
        ("until_s = 1e300", "until_s is 1e+300, not a time from 0 s on"),
        ("until_s = 0.0000000001", "until_s: 1e-10 s is not a whole number of ns"),
        ("until_s = inf", "inf is no number to count with"),
        ("until_s = nan", "nan is no number to count with"),
        (
            "until_s = 123456789.123456789",
            "123456789.123456789 has more digits than a number here may have",
        ),
        ("until_s = 1979-05-27", "until_s: datetime.date(1979, 5, 27) is not of type number"),
        ("orders = 1", "orders: 1 is not of type array"),
        ("scheduler.slots = 0", "scheduler.slots: 0 is less than 1"),
        ("scheduler.slots = true", "scheduler.slots: True is not of type integer"),
        ("scheduler.seed = 1", "scheduler.seed: there is no such key"),
        ("scheduler.late_s = 1", "scheduler.late_s: there is no such key"),
        ('scheduler.policy = "lifo"', "scheduler.policy: 'lifo' is not one of fifo or priority"),
        ("scheduler.warning = 0.95", "scheduler: warning is 0.95, above critical, 0.9"),
        ("scheduler.jitter = 0.0001", "scheduler: jitter is 0.0001; it has at most three decimals"),
        ("memory.available_mb = 40000", "memory: a reading has 41943040000 bytes available of"),
        ("memory.total_mb = 0.0000001", "memory: a reading has 0 bytes available of 0"),
        (
            "memory.steps = [{at_s = 2, available_mb = 1}, {at_s = 1, available_mb = 1}]",
            "memory.steps[1].at_s: it comes before the step above it",
        ),
        ("memory.steps = [{at_s = 2}]", "memory.steps[0].available_mb: is missing"),
        ("orders = [{}]", "orders[0].id: is missing"),
        ('orders = [{id = ""}]', "orders[0].id: "),
        ('orders = [{id = "a", count = 0}]', "orders[0].count: 0 is less than 1"),
        ('orders = [{id = "a", at_s = -1}]', "orders[0].at_s: -1 is less than 0"),
        ('orders = [{id = "a", takes_s = 1e-10}]', "orders[0]: takes_s: 1e-10 s is not a whole"),
        ('orders = [{id = "a", outcomes = []}]', "orders[0].outcomes: "),
        ('orders = [{id = "a", outcomes = ["win"]}]', "orders[0].outcomes[0]: 'win' is not one of"),
        ('steps = [{at_s = 1, do = "sleep"}]', "steps[0].do: 'sleep' is not one of start or"),
        ('steps = [{do = "stop"}]', "steps[0].at_s: is missing"),
        ('steps = [{at_s = 1, do = "cancel"}]', "steps[0].order: is missing"),
        (
            'steps = [{at_s = 1, do = "cancel", order = "x"}]',
            "steps[0]: there is no order 'x'",
        ),
        (
            'steps = [{at_s = 1, do = "crash", known = {x = "FAILED"}}]',
            "steps[0]: there is no order 'x'",
        ),
        (
            'steps = [{at_s = 1, do = "crash", known = {x = "PENDING"}}]',
            "steps[0].known.x: 'PENDING' is not one of COMPLETED or FAILED or CANCELLED",
        ),
        ('steps = [{at_s = 1, do = "stop", order = "x"}]', "steps[0].order: it does not go with stop"),
        ('steps = [{at_s = 1, do = "pause", grace_s = 1}]', "steps[0].grace_s: it does not go with"),
        ('steps = [{at_s = 1, do = "stop", known = {}}]', "steps[0].known: it does not go with stop"),
        ('steps = [{at_s = 1, do = "stop", grace_s = 1e-10}]', "steps[0]: grace_s: 1e-10 s is not"),
        ("seed = 1\nseed = 2", "not TOML: Cannot overwrite a value (at "),
        ("seed =", "not TOML: Invalid value (at "),
    ],
)  # fmt: skip
def test_what_a_file_must_not_say(scenario: Path, text: str, reason: str) -> None:
    assert _refused(scenario, text).startswith(reason)


def test_files_that_cannot_be_read(scenario: Path, tmp_path: Path) -> None:
    assert _refused(scenario, "#" * (MAX_BYTES + 1)) == "it has more than 4 MiB"
    assert _refused(scenario, f"x = {'[' * 5000}") == "it is nested too deeply"
    scenario.write_bytes(b'a = "\xff"')
    with pytest.raises(UsageError, match=r"day\.toml: byte 5 is not UTF-8"):
        load_scenario(scenario)
    with pytest.raises(UsageError, match=r"missing\.toml: cannot read: No such file"):
        load_scenario(tmp_path / "missing.toml")
    with pytest.raises(UsageError, match="cannot read: Is a directory"):
        load_scenario(tmp_path)
