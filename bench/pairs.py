"""Processor time of fitting 100,000 comparisons: `python bench/pairs.py`."""

from __future__ import annotations

import time

import numpy as np

from penmark.stats import resample_weights
from penmark.stats.bradley_terry import bradley_terry
from penmark.stats.comparisons import Comparisons, win_rates

COMPARISONS, WRITERS, TASKS, RESAMPLES = 100_000, 20, 1_000, 200


def planted(covariates: int) -> Comparisons:
    """Comparisons by planted strengths, one in five a tie."""
    draw = np.random.default_rng(0)
    strength_W = np.linspace(2, -2, WRITERS)
    first_C = draw.integers(WRITERS, size=COMPARISONS)
    second_C = (first_C + 1 + draw.integers(WRITERS - 1, size=COMPARISONS)) % WRITERS
    x_C_K = draw.normal(scale=0.3, size=(COMPARISONS, covariates))
    gap_C = strength_W[first_C] - strength_W[second_C] + x_C_K.sum(axis=1)
    outcome_C = (draw.random(COMPARISONS) < 1 / (1 + np.exp(-gap_C))).astype(float)
    outcome_C[draw.random(COMPARISONS) < 0.2] = 0.5
    return Comparisons(WRITERS, first_C, second_C, outcome_C, draw.integers(TASKS, size=COMPARISONS), x_C_K)


def main() -> None:
    """Time the fits and the win rates."""
    weights_B_N = resample_weights(TASKS, resamples=RESAMPLES)
    for covariates in (0, 1, 4):
        comparisons = planted(covariates)
        started = time.process_time()
        found = bradley_terry(comparisons, weights_B_N)
        is_right = np.argsort(-found.strength_W).tolist() == list(range(WRITERS))
        print(f"{covariates} covariates: {time.process_time() - started:.2f} s, planted order recovered: {is_right}")
    started = time.process_time()
    win_rates(planted(0), weights_B_N)
    print(f"win rates: {time.process_time() - started:.2f} s")


if __name__ == "__main__":
    main()
