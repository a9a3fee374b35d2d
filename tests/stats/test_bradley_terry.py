"""Strengths from comparisons: the model's own numbers, choix's, and what has no finite answer."""

from __future__ import annotations

import time

import choix
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit

from penmark.stats import resample_weights
from penmark.stats.bradley_terry import bradley_terry
from penmark.stats.comparisons import Comparisons, win_rates


def compared(rows, writers=None, covariates=None):
    """Comparisons from (task, first, second, outcome)."""
    task, first, second, outcome = (
        (np.array(column) for column in zip(*rows, strict=True)) if rows else [np.zeros(0)] * 4
    )
    x = np.zeros((len(rows), 0)) if covariates is None else np.asarray(covariates, float).reshape(len(rows), -1)
    most = writers or int(max(first.max(), second.max())) + 1
    return Comparisons(most, first.astype(int), second.astype(int), outcome.astype(float), task.astype(int), x)


def fitted(rows, *, resamples=0, **options):
    c = compared(rows, **options)
    return bradley_terry(c, resample_weights(int(c.task_C.max(initial=0)) + 1, resamples=resamples))


def planted(count, strengths, seed=0, tasks=50, ties=0.2, effect=0.0):
    draw = np.random.default_rng(seed)
    s = np.asarray(strengths, float)
    first = draw.integers(len(s), size=count)
    second = (first + 1 + draw.integers(len(s) - 1, size=count)) % len(s)
    x = draw.normal(scale=0.3, size=(count, 1))
    outcome = (draw.random(count) < expit(s[first] - s[second] + effect * x[:, 0])).astype(float)
    outcome[draw.random(count) < ties] = 0.5
    return Comparisons(len(s), first, second, outcome, draw.integers(tasks, size=count), x if effect else x[:, :0])


def test_two_writers_stand_apart_by_the_logarithm_of_their_odds():
    found = fitted([(0, 0, 1, 1)] * 3 + [(0, 1, 0, 1)])
    assert found.strength_W == pytest.approx([np.log(3) / 2, -np.log(3) / 2])
    assert not found.undefeated_W.any()


def test_a_tie_is_half_a_win_for_each():
    with_ties = fitted([(0, 0, 1, 0.5), (0, 0, 1, 0.5), (0, 0, 1, 1)])
    assert with_ties.strength_W == pytest.approx(fitted([(0, 0, 1, 1), (0, 1, 0, 1), (0, 0, 1, 1)] * 1).strength_W)


def test_nothing_but_ties_makes_all_equal_with_certainty():
    found = fitted([(t, a, b, 0.5) for t in range(4) for a, b in ((0, 1), (1, 2))], resamples=50)
    assert found.strength_W == pytest.approx([0, 0, 0])
    assert found.interval_2_W == pytest.approx(np.zeros((2, 3)))


def test_an_undefeated_writer_has_no_upper_bound_and_stays_finite_itself():
    rows = [(t, 0, w, 1) for t in range(6) for w in (1, 2)] + [(t, 1, 2, t % 2) for t in range(6)]
    found = fitted(rows, resamples=50)
    assert found.undefeated_W.tolist() == [True, False, False]
    assert found.winless_W.tolist() == [False, True, True]
    assert found.interval_2_W[1, 0] == np.inf
    assert found.interval_2_W[0, 1] == -np.inf
    assert np.isfinite(found.strength_W).all()
    assert found.strength_W[0] > found.strength_W[1] == pytest.approx(found.strength_W[2])


def test_a_writer_that_never_won_has_no_lower_bound():
    found = fitted([(t, 0, 1, t % 2) for t in range(4)] + [(t, 2, 0, 0) for t in range(4)], resamples=20)
    assert found.winless_W.tolist() == [False, False, True]
    assert found.interval_2_W[0, 2] == -np.inf


def test_writers_that_never_met_even_through_others_have_no_common_scale():
    rows = [(0, 0, 1, 1), (1, 0, 1, 0), (1, 0, 1, 1), (0, 2, 3, 1), (1, 2, 3, 0)]
    found = fitted(rows, writers=5)
    assert found.part_W[0] == found.part_W[1] != found.part_W[2] == found.part_W[3]
    assert found.strength_W[:2].sum() == pytest.approx(0)
    assert found.strength_W[2:4] == pytest.approx([0, 0])
    assert np.isnan(found.strength_W[4])
    assert not found.undefeated_W.any()


def test_one_task_gives_strengths_without_intervals_and_no_comparison_gives_nothing():
    assert np.isnan(fitted([(0, 0, 1, 1), (0, 1, 0, 1)], resamples=10).interval_2_W).all()
    nothing = fitted([], writers=2, resamples=10)
    assert np.isnan(nothing.strength_W).all()
    assert np.isnan(nothing.interval_2_W).all()


@settings(deadline=None, max_examples=40)
@given(st.integers(2, 6), st.integers(0, 10_000))
def test_strengths_are_those_of_choix_where_it_has_an_answer(writers, seed):
    draw = np.random.default_rng(seed)
    wins = draw.integers(0, 4, size=(writers, writers)) / 2
    wins[np.arange(writers), (np.arange(writers) + 1) % writers] += 0.5  # A cycle: everybody can be reached.
    np.fill_diagonal(wins, 0)
    rows = [(0, i, j, 1) for i in range(writers) for j in range(writers) for _ in range(int(2 * wins[i, j]))]
    expected = choix.ilsr_pairwise_dense(2 * wins, tol=1e-12, max_iter=10_000)
    assert fitted(rows).strength_W == pytest.approx(expected, abs=1e-6)


def test_with_covariates_it_is_the_maximum_that_scipy_finds():
    c = planted(600, [0.5, 0.0, -0.5], effect=1.5)
    found = bradley_terry(c, resample_weights(50, resamples=0))

    def loss(at):
        chance = expit(at[c.first_C] - at[c.second_C] + c.covariates_C_K @ at[3:])
        return -(c.outcome_C * np.log(chance) + (1 - c.outcome_C) * np.log(1 - chance)).sum() + at[:3].sum() ** 2

    best = minimize(loss, np.zeros(4), tol=1e-10).x
    assert np.concatenate([found.strength_W, found.effect_K]) == pytest.approx(best, abs=1e-4)


def test_length_held_constant_uncovers_the_order_that_length_had_hidden():
    draw = np.random.default_rng(4)
    c = planted(4000, [0.4, 0.0, -0.4], ties=0)
    longer = np.array([0.0, 0.0, 1.0])  # The weakest writes longest, and the judge loves length.
    x = (longer[c.first_C] - longer[c.second_C])[:, None] + draw.normal(scale=0.3, size=(4000, 1))
    won = draw.random(4000) < expit(0.4 * (c.second_C - c.first_C) + 2 * x[:, 0])
    columns = (c.first_C, c.second_C, won.astype(float), c.task_C)
    plain = bradley_terry(Comparisons(3, *columns, x[:, :0]), resample_weights(50, resamples=0))
    held = bradley_terry(Comparisons(3, *columns, x), resample_weights(50, resamples=30))
    assert np.argmax(plain.strength_W) == 2
    assert np.argsort(-held.strength_W).tolist() == [0, 1, 2]
    assert held.effect_interval_2_K[0, 0] < 2 < held.effect_interval_2_K[1, 0]


def test_a_covariate_that_never_varies_has_no_effect_and_one_that_decides_everything_stays_finite():
    rows = [(t, 0, 1, t % 2) for t in range(8)]
    assert np.isnan(fitted(rows, covariates=[0] * 8).effect_K).all()
    decided = fitted(rows, covariates=[1 if t % 2 else -1 for t in range(8)])
    assert 0 < decided.effect_K[0] < 20


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    truth = np.array([0.8, 0.2, -0.3, -0.7])
    covered = []
    for seed in range(40):
        found = bradley_terry(planted(400, truth, seed=seed, tasks=40, ties=0), resample_weights(40, resamples=100))
        covered += list((found.interval_2_W[0] <= truth) & (truth <= found.interval_2_W[1]))
    assert 0.89 <= np.mean(covered) <= 0.99


def test_a_planted_order_of_twenty_writers_is_recovered_from_100_000_comparisons_in_seconds():
    c = planted(100_000, np.linspace(2, -2, 20), tasks=1000)
    started = time.perf_counter()
    found = bradley_terry(c, resample_weights(1000, resamples=200))
    assert time.perf_counter() - started < 20
    assert np.argsort(-found.strength_W).tolist() == list(range(20))
    assert (found.interval_2_W[0] < found.strength_W).all()


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000))
def test_turning_comparisons_round_and_their_order_changes_nothing(seed):
    c = planted(60, [0.5, 0, -0.5], seed=seed, tasks=5)
    shuffled = np.random.default_rng(seed).permutation(60)
    turned = Comparisons(
        3, c.second_C[shuffled], c.first_C[shuffled], 1 - c.outcome_C[shuffled], c.task_C[shuffled], np.zeros((60, 0))
    )
    weights = resample_weights(5, resamples=5)
    one, other = bradley_terry(c, weights), bradley_terry(turned, weights)
    assert one.strength_W == pytest.approx(other.strength_W, abs=1e-7)
    assert one.interval_2_W == pytest.approx(other.interval_2_W, abs=1e-7)
    assert win_rates(c, weights).rate_W_W == pytest.approx(win_rates(turned, weights).rate_W_W, nan_ok=True)


def test_win_rates_count_ties_half_and_weigh_opponents_equally():
    rows = [(0, 0, 1, 1), (1, 0, 1, 0.5), (0, 0, 2, 0), (1, 2, 0, 1), (2, 2, 0, 1), (2, 0, 2, 1)]
    found = win_rates(compared(rows), resample_weights(3, resamples=200))
    assert found.rate_W_W[0, 1] == pytest.approx(0.75)
    assert found.rate_W_W[1, 0] == pytest.approx(0.25)
    assert found.rate_W_W[0, 2] == pytest.approx(0.25)
    assert np.isnan(found.rate_W_W[1, 2])
    assert np.isnan(np.diag(found.rate_W_W)).all()
    assert found.met_W_W.tolist() == [[0, 2, 4], [2, 0, 0], [4, 0, 0]]
    assert found.mean_W == pytest.approx([0.5, 0.25, 0.75])
    low, high = found.interval_2_W_W[:, 0, 2]
    assert low <= 0.25 <= high
    assert (found.mean_interval_2_W[0] <= found.mean_W).all()


def test_win_rates_of_one_task_have_no_interval_and_of_nothing_are_nan():
    one = win_rates(compared([(0, 0, 1, 1)]), resample_weights(1, resamples=10))
    assert one.mean_W == pytest.approx([1, 0])
    assert np.isnan(one.mean_interval_2_W).all()
    assert np.isnan(one.interval_2_W_W).all()
    assert np.isnan(win_rates(compared([], writers=2), resample_weights(1, resamples=10)).mean_W).all()


@pytest.mark.parametrize(
    "rows", [[(0, 0, 1, float("nan"))], [(0, 0, 1, 1.5)], [(0, 0, 0, 1)]], ids=["nan", "above 1", "itself"]
)
def test_what_is_no_comparison_is_refused(rows):
    with pytest.raises(ValueError, match=r"expected|leave"):
        compared(rows, writers=2)


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="as many in each"):
        Comparisons(2, np.zeros(1, int), np.ones(1, int), np.ones(2), np.zeros(1, int), np.zeros((1, 0)))
