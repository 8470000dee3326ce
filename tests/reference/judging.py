"""The reference checkers of all domains: a trace's verdict from the second opinion."""

from __future__ import annotations

from pathlib import Path

from tests.reference.log import Log, read_log
from tests.reference.runs import judge_log


def judge(path: Path) -> dict[str, int]:
    """How often each invariant is broken, only those that are."""
    log = read_log(path)
    return {"nand": _nand, "graph": _graph, "workorder": _workorder}[log.domain](log)


def _nand(log: Log) -> dict[str, int]:
    from tests.reference.nand.device import judge_device
    from tests.reference.nand.schedule import judge_schedule

    return judge_log(log) | judge_schedule(log) | judge_device(log)


def _graph(log: Log) -> dict[str, int]:
    from tests.reference.graph.judge import judge as judge_graph

    return judge_graph(log)


def _workorder(log: Log) -> dict[str, int]:
    from tests.reference.workorder.judge import judge as judge_workorder

    return judge_workorder(log)
