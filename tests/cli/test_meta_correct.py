"""`penmark meta correct`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "metaeval"))
from score_tables import stored


@pytest.fixture
def labelled(tmp_path):
    """Two writers, 200 tasks, all scored by `kind`, 50 by people."""
    rng = np.random.default_rng(0)
    human = np.array([5.0, 6.0]) + rng.normal(size=(200, 2))
    judge = {"": human + 2 + 0.3 * rng.normal(size=(200, 2))}
    part = human.copy()
    part[50:] = np.nan
    stored(tmp_path / "penmark.db", ["a", "b"], kind=judge, human={"": part})


@pytest.mark.usefixtures("labelled")
def test_a_judge_is_corrected_by_what_people_scored(penmark):
    made = penmark("meta correct --judge kind --json").ok().json()
    assert (made["bench"], made["judge"], made["human"]) == ("b", "kind", "human")
    mean = made["writers"]["b"]["mean"]
    low, high = mean["corrected"]["ci95"]
    assert low <= 6 <= high
    assert mean["judge"] > 7.5
    assert mean["narrower"] > 0.35
    shown = penmark("meta correct --judge kind --bench b --labels 20 -o out.txt").ok()
    assert shown.out == ""
    text = Path("out.txt").read_text(encoding="utf-8")
    assert "All labels" in text
    assert "Win rate against the other writers" in text


@pytest.mark.usefixtures("labelled")
def test_what_is_not_there_is_refused(penmark):
    penmark("meta correct --judge kind --human nobody").refused("no judge 'nobody' on b", "kind, human")
    penmark("meta correct --judge kind --labels 51").refused("human scores for 50 tasks")
