"""Renumbering of ops that restart in every run."""

from __future__ import annotations

from nandtrace.convert.op_ids import OpIds

EMPTY: dict[str, list[list[int | None]]] = {"ongoing": [[]]}


def test_ops_of_two_runs_differ() -> None:
    ids = OpIds()
    ids.begin(0, EMPTY)
    assert [ids.commit(0, raw, is_chain=False) for raw in (1, 2, 2)] == [1, 2, 2]
    ids.end(0, EMPTY)
    ids.begin(1, EMPTY)
    assert [ids.commit(1, raw, is_chain=False) for raw in (1, 2)] == [3, 4]
    assert ids.op(1, 1) == 3
    assert ids.op(0, 1) == 1


def test_an_op_without_an_id_has_none() -> None:
    ids = OpIds()
    ids.begin(0, {"ongoing": [[None]]})
    assert ids.commit(0, None, is_chain=False) is None
    assert ids.op(0, None) is None
    assert ids.end(0, {"ongoing": [[None, None]]}) == {"ongoing": [[None, None]]}


def test_an_op_named_before_its_commit_is_that_op() -> None:
    ids = OpIds()
    ids.begin(0, EMPTY)
    assert ids.op(0, 5) == 1
    assert ids.commit(0, 5, is_chain=False) == 1


def test_a_carried_op_until_the_run_commits_its_own() -> None:
    ids = OpIds()
    ids.begin(0, EMPTY)
    assert ids.commit(0, 7, is_chain=False) == 1
    assert ids.end(0, {"ongoing": [[7]]}) == {"ongoing": [[1]]}
    assert ids.begin(1, {"ongoing": [[7]]}) == {"ongoing": [[1]]}
    assert ids.op(1, 7) == 1
    assert ids.commit(1, 7, is_chain=True) == 1
    assert ids.commit(1, 7, is_chain=False) == 2
    assert ids.op(1, 7) == 2
    assert ids.end(1, {"ongoing": [[7, 7]]}) == {"ongoing": [[1, 2]]}


def test_an_op_is_carried_through_several_runs() -> None:
    ids = OpIds()
    ids.begin(0, EMPTY)
    ids.commit(0, 3, is_chain=False)
    ids.end(0, {"ongoing": [[3]]})
    for run in (1, 2, 3):
        assert ids.begin(run, {"ongoing": [[3]]}) == {"ongoing": [[1]]}
        assert ids.end(run, {"ongoing": [[3]]}) == {"ongoing": [[1]]}


def test_a_begin_snapshot_that_lists_its_ops_otherwise() -> None:
    ids = OpIds()
    ids.begin(0, {"ongoing": [[]], "suspended_erase": [[]]})
    ids.commit(0, 1, is_chain=False)
    ids.commit(0, 2, is_chain=False)
    ids.end(0, {"ongoing": [[1, 2]], "suspended_erase": [[]]})
    begun = ids.begin(1, {"ongoing": [[2], [9]], "suspended_erase": [[1]]})
    assert begun == {"ongoing": [[2], [3]], "suspended_erase": [[1]]}


def test_a_run_that_begins_where_none_ended() -> None:
    ids = OpIds()
    ids.begin(0, EMPTY)
    ids.commit(0, 4, is_chain=False)
    assert ids.begin(1, {"ongoing": [[4]]}) == {"ongoing": [[1]]}
    assert ids.end(5, {"ongoing": [[4]]}) == {"ongoing": [[2]]}


def test_the_first_run_may_begin_with_ops_of_before() -> None:
    ids = OpIds()
    assert ids.begin(0, {"ongoing": [[8, 9]]}) == {"ongoing": [[1, 2]]}
    assert ids.op(0, 9) == 2
    assert ids.commit(0, 10, is_chain=False) == 3
