"""`penmark weval metrics`."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from commands import jsonl

FIGURES = ("correlation", "il", "pl", "position_consistency")


def scored(path, score, *, groups=3, n=5):
    """A file of groups with `score(order)` for each response."""
    rows = [{"group": f"g{g}", "order": i, "score": score(i)} for g in range(groups) for i in range(n)]
    random.Random(0).shuffle(rows)
    return jsonl(path, *rows)


def values(penmark, *words):
    found = penmark("weval metrics --json", *words).ok().json()
    return [found[name]["value"] for name in FIGURES], found


def test_the_true_order_and_its_reverse(penmark):
    figures, found = values(penmark, scored("true.jsonl", lambda order: -order))
    assert figures == [1, 1, 1, 1]
    assert (found["tie_rate"], found["groups"], found["coverage"]) == (0, 3, 1)
    assert found["correlation"] == {"value": 1, "ci95": [1, 1], "n": 3}
    figures, _ = values(penmark, scored("reverse.jsonl", lambda order: order))
    assert figures[0] == -1


def test_a_constant_judge_is_chance_and_perfect_only_by_the_answer_key(penmark):
    file = scored("constant.jsonl", lambda order: 7)
    figures, found = values(penmark, file)
    assert figures == pytest.approx([0, 1 / 5, 1 / 120, 0.6])
    assert found["tie_rate"] == 1
    done = penmark("weval metrics --json --ties upstream", file).ok()
    assert [done.json()[name]["value"] for name in FIGURES] == [1, 1, 1, 1]
    assert done.json()["ties"] == "upstream"
    assert "warning: --ties upstream breaks the judge's ties by the true order" in done.err


def test_a_coin_flip_is_about_chance(penmark):
    coin = random.Random(5)
    figures, found = values(penmark, scored("coin.jsonl", lambda order: coin.random(), groups=3000))
    assert figures == pytest.approx([0, 1 / 5, 1 / 120, 0.6], abs=0.02)
    low, high = found["correlation"]["ci95"]
    assert low < 0 < high


def test_what_lines_say_of_the_dropped_requirements_is_told(penmark):
    rows = [
        {"group": 1, "order": 0, "score": 3, "dropped": []},
        {"group": 1, "order": 1, "score": 3, "dropped": ["length"]},
        {"group": 1, "order": 2, "score": 1, "dropped": ["style", "length"]},
    ]
    _, found = values(penmark, jsonl("said.jsonl", *rows))
    assert {key: figure["value"] for key, figure in found["by_dropped"].items()} == {"1": 0.5, "2": 1}
    assert {key: figure["value"] for key, figure in found["by_kind"].items()} == {"length": 0.5, "style": 1}
    table = penmark("weval metrics said.jsonl").ok().out
    assert "lacks requirements of this kind only" in table
    penmark("weval metrics said.jsonl -o new/table.txt").ok()
    assert Path("new/table.txt").read_text(encoding="utf-8") == table


def test_an_unscored_response_is_coverage_and_never_a_number(penmark):
    rows = [{"group": g, "order": i, "score": None if (g, i) == (0, 0) else -i} for g in range(2) for i in range(3)]
    figures, found = values(penmark, jsonl("null.jsonl", *rows))
    assert figures == [1, 1, 1, 1]
    assert (found["groups"], found["unscored_groups"]) == (1, 1)
    assert found["coverage"] == pytest.approx(5 / 6)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"group": 1, "order": 1, "score": "3"}', 'bad.jsonl:2: score: "3" is not a score; give a number'),
        ('{"group": 1, "order": 1, "score": true}', "bad.jsonl:2: score: true is not a score"),
        ('{"group": 1, "order": 1, "score": NaN}', "bad.jsonl:2: invalid JSON (NaN is not JSON)"),
        ('{"group": 1, "order": 1, "score": 1e999}', "bad.jsonl:2: score: Infinity is not a score"),
        ('{"group": 1, "order": 1}', "bad.jsonl:2: score: missing"),
        ('{"group": 1, "order": 1.5, "score": 3}', "bad.jsonl:2: order: 1.5 is not a rank"),
        ('{"group": 1, "order": -1, "score": 3}', "bad.jsonl:2: order: -1 is not a rank"),
        ('{"order": 1, "score": 3}', "bad.jsonl:2: group: missing; name the group"),
        ('{"group": 1, "order": 0, "score": 3}', 'bad.jsonl:2: order: 0 stands on line 1 too, in group "1"'),
        ('{"group": 2, "order": 1, "score": 3}', 'bad.jsonl:2: group: "2" has this line only'),
        ('{"group": 1, "order": 1, "score": 3, "dropped": "x"}', 'bad.jsonl:2: dropped: "x" does not say'),
        ("[]", "bad.jsonl:2: [] is not an object"),
    ],
)
def test_a_bad_line_is_refused_with_its_place_and_remedy(penmark, line, told):
    jsonl("bad.jsonl", {"group": 1, "order": 0, "score": 3}, line)
    penmark("weval metrics bad.jsonl").refused(told)


def test_a_file_that_is_not_there_is_refused(penmark):
    penmark("weval metrics none.jsonl").refused("none.jsonl: no such file")


def test_a_hundred_thousand_groups_take_seconds(penmark):
    """A fifth of them here; 0.6 s of processor time where the machine is idle, so far more than that is slow."""
    noise = random.Random(1)
    file = scored("many.jsonl", lambda order: round(noise.gauss(-order, 2), 3), groups=20_000)
    started = time.process_time()
    _, found = values(penmark, file)
    assert time.process_time() - started < 3
    assert found["groups"] == 20_000
