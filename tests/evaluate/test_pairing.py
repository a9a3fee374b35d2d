"""Which responses meet: all against all or against baselines, and evenly where the budget may end it."""

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penmark.evaluate.pairing import Field, Pair, even_round, schedule


def field(writers, tasks, *, against=(), missing=()):
    """Everyone has answered everything, but for the (task, writer) that are missing."""
    responses = {f"t{t}": {w: f"{w}.t{t}" for w in writers if (f"t{t}", w) not in missing} for t in range(tasks)}
    return Field(responses, against)


def meetings(pairs):
    return [tuple(key.split(".")[0] for key in (p.first, p.second)) for p in pairs]


def is_connected(found, writers):
    groups = {w: {w} for w in writers}
    for a, b in found:
        merged = groups[a] | groups[b]
        for w in merged:
            groups[w] = merged
    return all(group == set(writers) for group in groups.values())


def test_all_against_all_goes_task_by_task_and_names_the_lesser_key_first():
    assert schedule(field("cab", 2), most=None, is_even=False, seed=0) == [
        Pair(f"t{t}", f"{x}.t{t}", f"{y}.t{t}") for t in range(2) for x, y in ("ab", "ac", "bc")
    ]


def test_baselines_meet_everybody_but_each_other():
    found = meetings(schedule(field("abcd", 2, against=("a", "d")), most=None, is_even=False, seed=0))
    assert Counter(found) == {("a", "b"): 2, ("a", "c"): 2, ("b", "d"): 2, ("c", "d"): 2}


def test_a_task_that_a_writer_has_not_answered_is_not_compared_for_it():
    gaps = field("ab", 3, missing={("t1", "a")})
    for is_even in (False, True):
        pairs = schedule(gaps, most=None, is_even=is_even, seed=0)
        assert sorted(p.task for p in pairs) == ["t0", "t2"]


@pytest.mark.parametrize("writers", [[], ["a"]])
def test_nobody_to_meet_is_an_empty_schedule(writers):
    assert schedule(field(writers, 3), most=5, is_even=True, seed=0) == []
    assert even_round(np.zeros((0, 2), int), 0) == []


@settings(deadline=None, max_examples=40)
@given(st.integers(2, 9), st.integers(1, 6), st.integers(0, 3))
def test_the_even_order_is_all_pairs_once_balanced_and_connected_wherever_it_ends(writers, tasks, seed):
    names = [f"w{i}" for i in range(writers)]
    whole = schedule(field(names, tasks), most=None, is_even=True, seed=seed)
    assert sorted(whole) == sorted(schedule(field(names, tasks), most=None, is_even=False, seed=seed))
    compared = Counter(dict.fromkeys(names, 0))
    for count, pair in enumerate(meetings(whole), start=1):
        compared.update(pair)
        assert max(compared.values()) - min(compared.values()) <= 2
        if count >= writers - 1:
            assert is_connected(meetings(whole)[:count], names)
    for most in (1, len(whole) // 2):
        assert schedule(field(names, tasks), most=most, is_even=True, seed=seed) == whole[:most]


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 6), st.integers(1, 4), st.integers(0, 3))
def test_with_baselines_the_others_are_compared_evenly(others, bases, seed):
    names = [f"w{i}" for i in range(others)]
    baselines = [f"x{i}" for i in range(bases)]
    pairs = schedule(field(names + baselines, 4, against=tuple(baselines)), most=None, is_even=True, seed=seed)
    assert len(pairs) == 4 * others * bases
    compared = Counter(dict.fromkeys(names, 0))
    for pair in meetings(pairs):
        compared.update(w for w in pair if w in compared)
        assert max(compared.values()) - min(compared.values()) <= 2


def test_tasks_are_used_evenly_too():
    pairs = schedule(field("abcd", 12), most=12, is_even=True, seed=3)
    assert max(Counter(p.task for p in pairs).values()) <= 2


def test_the_draw_follows_the_seed():
    orders = [schedule(field("abcde", 8), most=20, is_even=True, seed=seed) for seed in (0, 0, 1)]
    assert orders[0] == orders[1] != orders[2]


def test_a_round_of_a_hundred_writers_is_ordered_in_a_second():
    pairs = np.array(list(combinations(range(100), 2)))
    order = even_round(pairs, 0)
    assert sorted(order) == list(range(len(pairs)))
    assert is_connected([tuple(pairs[i]) for i in order[:99]], range(100))
