"""Every faulty graph and work-order scheduler, shrunk to what can be read at a glance."""

from __future__ import annotations

from pathlib import Path

import pytest

from nandtrace.selftest.faults.graph.fault import GraphFault
from nandtrace.selftest.faults.graph.table import GRAPH_FAULTS
from nandtrace.selftest.faults.workorder.fault import OrderFault
from nandtrace.selftest.faults.workorder.table import WORKORDER_FAULTS
from nandtrace.shrinking import Budget, shrink_trace
from nandtrace.shrinking.scenario_shrinking import shrink_scenario
from nandtrace.shrinking.task import Outputs, Task

pytestmark = pytest.mark.soak

CANDIDATES = 300
READABLE = 30


def _until_readable() -> tuple[list[int], Budget]:
    """Sizes that are told, and a budget that is over with one that is readable."""
    sizes: list[int] = []
    return sizes, Budget(CANDIDATES, is_over=lambda: bool(sizes) and sizes[-1] <= READABLE)


@pytest.mark.parametrize("fault", GRAPH_FAULTS, ids=lambda fault: fault.id)
def test_a_faulty_graph_scheduler_is_shrunk(fault: GraphFault, tmp_path: Path) -> None:
    path = tmp_path / "a.mpk"
    fault.record(path, fault.seed)
    sizes, budget = _until_readable()
    shrunk = shrink_trace(
        path,
        tmp_path / "out",
        invariant=fault.invariant,
        budget=budget,
        told=lambda _, size: sizes.append(size.counted),
    )
    assert shrunk.after.counted <= READABLE


@pytest.mark.parametrize("fault", WORKORDER_FAULTS, ids=lambda fault: fault.id)
def test_a_faulty_work_order_scheduler_is_shrunk(fault: OrderFault, tmp_path: Path) -> None:
    assert fault.invariant is not None
    sizes, budget = _until_readable()
    task = Task(
        tmp_path / "a.mpk",
        "",
        fault.invariant,
        Outputs(tmp_path / "out"),
        budget=budget,
        told=lambda _, size: sizes.append(size.counted),
    )
    shrunk = shrink_scenario(task, fault.scenario().plain, fault.play)
    assert shrunk is not None
    assert shrunk.after.counted <= READABLE
