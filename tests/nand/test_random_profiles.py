"""Whatever the device and its policies: what is recorded is right, and a snapshot is enough to go on."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from nandtrace.check import Verdict, verify_trace
from nandtrace.nand.options import Options
from nandtrace.nand.profile import Bootstrap, Policies, Profile, Weights
from nandtrace.nand.profiles.checks import check_profile
from nandtrace.nand.recording import continue_recording, record
from nandtrace.trace.recorder import Topology
from tests.nand.devices import built_in, rows_of

topologies = st.builds(
    lambda dies, planes, rows, pages: Topology(dies, planes, planes * rows, pages),
    st.integers(1, 3),
    st.integers(1, 4),
    st.integers(1, 4),
    st.integers(1, 8),
)


def _policies(topology: Topology) -> st.SearchStrategy[Policies]:
    return st.builds(
        Policies,
        admission_window_ns=st.sampled_from([0, 10, 500, 20_000]),
        queue_refill_period_ns=st.sampled_from([5_000, 50_010, 200_000]),
        sequence_gap_ns=st.sampled_from([0, 10, 1_000, 30_000]),
        max_tries=st.integers(1, 5),
        max_planes=st.integers(1, topology.planes),
        busy_hooks=st.integers(0, 3),
        backlog_depth=st.integers(0, 4),
        backlog_retry_ns=st.sampled_from([10, 10_000, 300_000]),
        backlog_tries=st.integers(1, 8),
        read_offset_guard=st.integers(0, topology.pages_per_block - 1),
    )


@st.composite
def _bad_blocks(draw: st.DrawFn, topology: Topology) -> tuple[tuple[int, int], ...]:
    """Any blocks, but one good one of every plane stays."""
    good = {
        (die, draw(st.sampled_from(range(plane, topology.blocks_per_die, topology.planes))))
        for die in range(topology.dies)
        for plane in range(topology.planes)
    }
    blocks = [
        (die, block) for die in range(topology.dies) for block in range(topology.blocks_per_die)
    ]
    bad = draw(st.lists(st.sampled_from(blocks), max_size=4, unique=True))
    return tuple(block for block in bad if block not in good)


@st.composite
def _bootstraps(draw: st.DrawFn, good_blocks: int) -> Bootstrap:
    erased = draw(st.integers(0, good_blocks))
    programmed = draw(st.integers(0, erased))
    return Bootstrap(True, erased, programmed, 0.0, draw(st.integers(0, programmed)))


@dataclass(frozen=True)
class Device:
    """How a profile differs from the default one; small, so that a failing example can be read.

    `factors` multiply the weights of bases, `suspends` those of suspends while the array works.
    """

    topology: Topology
    policies: Policies
    bootstrap: Bootstrap
    bad_blocks: tuple[tuple[int, int], ...]
    interleaves: bool
    factors: dict[str, float]
    suspends: int

    def profile(self) -> Profile:
        default = built_in("default")
        profile = replace(
            default,
            topology=self.topology,
            op_names={
                name: op
                for name, op in default.op_names.items()
                if not op.multi or self.policies.max_planes > 1
            },
            policies=self.policies,
            bootstrap=self.bootstrap,
            weights=Weights(
                self._scaled(default.weights.overall, self.factors),
                {
                    key: self._scaled(
                        weights, {"ERASE_SUSPEND": self.suspends, "PROGRAM_SUSPEND": self.suspends}
                    )
                    for key, weights in default.weights.by_state.items()
                },
            ),
            interleaving_bases=default.interleaving_bases if self.interleaves else (),
            bad_blocks=self.bad_blocks,
        )
        check_profile(profile)
        return profile

    @staticmethod
    def _scaled(weights: dict[str, float], factors: Mapping[str, float]) -> dict[str, float]:
        return {base: weight * factors.get(base, 1) for base, weight in weights.items()}


@st.composite
def devices(draw: st.DrawFn) -> Device:
    """The default device in another size, with other policies, weights and bad blocks."""
    topology = draw(topologies)
    bad_blocks = draw(_bad_blocks(topology))
    good_blocks = topology.dies * topology.blocks_per_die - len(bad_blocks)
    proposed = [base for base, weight in built_in("default").weights.overall.items() if weight]
    factors = st.sampled_from([0, 0.01, 0.3, 5, 100])
    return Device(
        topology,
        draw(_policies(topology)),
        draw(st.one_of(st.just(Bootstrap()), _bootstraps(good_blocks))),
        bad_blocks,
        draw(st.booleans()),
        draw(st.dictionaries(st.sampled_from(proposed), factors, max_size=8)),
        draw(st.sampled_from([1, 1, 30])),
    )


options = st.builds(
    Options,
    seed=st.integers(-(2**63), 2**63 - 1),
    runs=st.integers(1, 4),
    run_for_ns=st.sampled_from([(10,), (300_000,), (4_000_000,), (20_000_000, 1_000_000)]),
    max_hooks=st.one_of(st.none(), st.integers(0, 150)),
)


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),
)
@given(devices(), options)
def test_a_recording_is_right_and_can_be_continued(device: Device, options: Options) -> None:
    with tempfile.TemporaryDirectory() as folder:
        whole, rest = Path(folder) / "whole.mpk", Path(folder) / "rest.mpk"
        record(whole, device.profile(), options)
        verdict = verify_trace(whole)
        violated = [(item.id, item.violations[0]) for item in verdict.invariants if item.violated]
        assert (verdict.verdict, violated) == (Verdict.OK, [])
        run = options.runs - 2
        if run >= 0:
            continue_recording(rest, whole, run)
            assert rows_of(rest) == [row for row in rows_of(whole) if row[0] > run]
