"""Scores of several judges side by side."""

from __future__ import annotations

import numpy as np
import pytest
from score_tables import BENCH, stored, task

from penmark.errors import ConfigError
from penmark.metaeval.score_table import chars_of, load_table
from penmark.records import Judgment, Response
from penmark.store import Store

NONE = np.nan


def test_each_score_stands_at_its_task_and_writer(tmp_path):
    one = {
        "": np.array([[NONE, NONE], [1.0, 2.0], [3.0, NONE]]),
        "leaf": np.array([[NONE, NONE], [5.0, 6.0], [7.0, 8.0]]),
    }
    two = {"": np.array([[NONE, NONE], [NONE, 4.0], [NONE, NONE]])}
    with Store(stored(tmp_path / "p.db", ["a", "b"], one=one, two=two)) as store:
        found = load_table(store, BENCH, ["one", "two"])
        only_b = load_table(store, BENCH, ["one"], ["b"])
    assert [t.id for t in found.tasks] == ["1", "2"]
    assert found.writers == ["a", "b"]
    np.testing.assert_array_equal(found.root_N_W("one"), [[1, 2], [3, NONE]])
    np.testing.assert_array_equal(found.score_N_W["one"]["leaf"], [[5, 6], [7, 8]])
    np.testing.assert_array_equal(found.root_N_W("two"), [[NONE, 4], [NONE, NONE]])
    np.testing.assert_array_equal(only_b.score_N_W["one"]["leaf"], [[6], [8]])


def test_repeats_count_with_their_mean(tmp_path):
    path = stored(tmp_path / "p.db", ["a"], j={"": np.array([[4.0]])})
    with Store(path) as store:
        key = Response(task=task(0).key, writer="a", text="a 0").key
        again = Judgment(response=key, judge="j", node="", score=7.0, status="scored", repeat=1)
        store.save_judgments(again, run="r")
        store.flush()
        assert load_table(store, BENCH, ["j"]).root_N_W("j")[0, 0] == 5.5


@pytest.mark.parametrize(
    ("judges", "writers", "message"), [(["k"], [], "no judge 'k'"), (["j"], ["x"], "no writer 'x'")]
)
def test_a_name_that_is_not_there_is_refused(tmp_path, judges, writers, message):
    with (
        Store(stored(tmp_path / "p.db", ["a"], j={"": np.array([[4.0]])})) as store,
        pytest.raises(ConfigError, match=message),
    ):
        load_table(store, BENCH, judges, writers)


def test_characters_are_by_task_and_writer_and_missing_where_there_is_no_text(tmp_path):
    path = stored(tmp_path / "s.db", ["a", "bcd"], J={"": np.ones((2, 2))})
    with Store(path) as store:
        chars_N_W = chars_of(store, BENCH, [task(1), task(0), task(7)], ["bcd", "nobody", "a"])
    assert np.array_equal(chars_N_W, [[5, np.nan, 3], [5, np.nan, 3], [np.nan] * 3], equal_nan=True)
