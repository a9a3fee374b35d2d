"""Position bias: a judge that follows the place is exposed, one that follows the text is not."""

import json
import random
from itertools import combinations

import pytest
from typer.testing import CliRunner

from penmark.cli.app import command_tree
from penmark.errors import ConfigError
from penmark.metaeval.order import as_json, judges_with_an_order, order_bias
from penmark.metaeval.panel import load_panel, load_rater
from penmark.records import Preference, Response, Task
from penmark.store import Store

WRITERS = ("ann", "bob", "cy")


def task(n):
    return Task(bench="demo", id=str(n), instruction=f"Write {n}")


def key(writer, n):
    return Response(task=task(n).key, writer=writer, text=f"{n} by {writer}").key


def judged(path, verdict, *, tasks=20, orders=("ab", "ba"), judge="p", status="scored"):
    """A store in which a judge gave `verdict(first shown, second shown, task)`: margin for the text shown first."""
    with Store(path) as store:
        store.save_tasks({n: task(n) for n in range(tasks)})
        store.save_responses(
            *(Response(task=task(n).key, writer=w, text=f"{n} by {w}") for n in range(tasks) for w in WRITERS)
        )
        store.save_judge(judge, {"judge": "pairwise", **({"orders": "both"} if len(orders) == 2 else {})})
        for n in range(tasks):
            for (one, other), order in ((p, o) for p in combinations(WRITERS, 2) for o in orders):
                shown = (one, other) if order == "ab" else (other, one)
                found = verdict(*shown, n)
                margin = found if order == "ab" or found is None else -found
                p = Preference(
                    first=key(one, n), second=key(other, n), judge=judge, order=order, margin=margin,
                    status=status if found is not None else "unreadable",
                )  # fmt: skip
                store.save_preferences(p, run="r")
    return path


def bias(path, judge="p"):
    with Store(path) as store:
        return order_bias(store, "demo", judge)


def test_a_judge_that_always_names_the_first_is_exposed(tmp_path):
    found = bias(judged(tmp_path / "s.db", lambda first, second, n: 1))
    assert (found.pairs, found.both) == (60, 60)
    assert (found.first_wins.value, found.first_wins.low, found.first_wins.n) == (1.0, 1.0, 120)
    assert (found.consistent.value, found.first_twice.value, found.lean.value) == (0.0, 1.0, 1.0)
    assert [(w.first.value, w.second.value, w.gain.value) for w in found.writers] == [(1, 0, 1)] * 3
    assert found.prefers_place
    assert found.is_blind
    assert "prefers the text shown first" in found.notes[0]
    assert "do not rank writers" in found.notes[1]


def test_a_judge_that_reads_the_texts_is_fair_and_consistent(tmp_path):
    found = bias(judged(tmp_path / "s.db", lambda first, second, n: 2 if first < second else -2))
    assert (found.first_wins.value, found.consistent.value, found.ties.value, found.lean.value) == (0.5, 1.0, 0, 0)
    assert {w.name: w.gain.value for w in found.writers} == dict.fromkeys(WRITERS, 0)
    assert found.writers[0].first.value == 1.0
    assert not found.notes


def test_the_share_is_counted_by_hand(tmp_path):
    """Of three pairs: ann beats bob in both orders; the second place wins against cy and bob; a tie in one order."""

    def verdict(first, second, n):
        return {"annbob": 1, "bobann": -1, "anncy": -1, "cyann": -2, "bobcy": 0, "cybob": 2}[first + second]

    found = bias(judged(tmp_path / "s.db", verdict, tasks=1))
    assert found.first_wins.value == pytest.approx(2 / 5)
    assert found.ties.value == pytest.approx(1 / 6)
    assert [s.value for s in (found.consistent, found.second_twice, found.one_tie, found.first_twice)] == pytest.approx(
        [1 / 3, 1 / 3, 1 / 3, 0]
    )
    assert found.lean.value == pytest.approx((1 - 1 - 1 - 2 + 0 + 2) / 6)
    assert found.first_wins.low is None


def test_a_coin_is_consistent_half_the_time_and_prefers_no_place(tmp_path):
    draw = random.Random(5)
    found = bias(judged(tmp_path / "s.db", lambda *_: draw.choice((1, -1)), tasks=100))
    assert found.first_wins.low < 0.5 < found.first_wins.high
    assert found.consistent.low < 0.5 < found.consistent.high


def test_ties_in_one_order_do_not_make_a_judge_that_reads_the_texts_blind(tmp_path):
    """It names the right text in one order and ties in the other in two pairs of three; no verdict contradicts."""

    def verdict(first, second, n):
        return 0 if first > second and n % 3 else 1 if first < second else -1

    found = bias(judged(tmp_path / "s.db", verdict, tasks=6))
    assert found.consistent.value == pytest.approx(1 / 3)
    assert (found.same_winner.value, found.same_winner.n) == (1, 6)
    assert not found.is_blind
    assert not any("do not rank" in note for note in found.notes)


def test_a_coin_with_ties_is_told_by_its_winners(tmp_path):
    draw = random.Random(3)
    found = bias(judged(tmp_path / "s.db", lambda *_: draw.choice((1, 0, -1)), tasks=100))
    assert found.same_winner.low < 0.5 < found.same_winner.high
    assert found.consistent.high < 0.5


def test_a_judge_that_only_ties_has_no_share_of_wins_and_is_consistent(tmp_path):
    found = bias(judged(tmp_path / "s.db", lambda *_: 0))
    assert (found.first_wins.value, found.ties.value, found.consistent.value) == (None, 1.0, 1.0)
    assert (found.same_winner.value, found.is_blind) == (None, False)


def test_pairs_without_a_verdict_in_one_order_are_left_out_and_counted(tmp_path):
    path = judged(tmp_path / "s.db", lambda first, second, n: None if (first, n) == ("cy", 0) else 1)
    found = bias(path)
    assert (found.pairs, found.both) == (60, 58)
    assert any("2 of 60 pairs lack" in note for note in found.notes)


def test_verdicts_shown_in_one_order_have_a_share_and_no_consistency(tmp_path):
    found = bias(judged(tmp_path / "s.db", lambda *_: 1, orders=("ab",)))
    assert (found.first_wins.value, found.consistent.value, found.both) == (1.0, None, 0)
    assert any("one order only" in note for note in found.notes)


def test_a_judge_without_a_verdict_is_left_out_unless_it_is_named(tmp_path):
    path = judged(tmp_path / "s.db", lambda first, second, n: None)
    judged(path, lambda first, second, n: 1, judge="q")
    judged(path, lambda first, second, n: None, judge="r")
    with Store(path) as store:
        assert judges_with_an_order(store, "demo", ["p", "q", "r"]) == ["q"]
    found = CliRunner().invoke(command_tree("meta"), ["meta", "order", "--json", "--db", str(path)])
    assert list(json.loads(found.stdout)["judges"]) == ["q"]
    named = CliRunner().invoke(command_tree("meta"), ["meta", "order", "--judge", "r", "--db", str(path)])
    assert named.exit_code != 0


def test_what_needed_no_reading_says_nothing_about_order(tmp_path):
    path = judged(tmp_path / "s.db", lambda *_: 1, status="empty")
    with pytest.raises(ConfigError, match="penmark compare demo"):
        bias(path)


def test_agreement_takes_a_pair_whose_orders_disagree_for_a_tie_and_half_a_verdict_for_none(tmp_path):
    """ann and bob: a winner in one order, a tie in the other; ann and cy: a winner; bob and cy: one order only."""

    def verdict(first, second, n):
        return {"annbob": 1, "bobann": 0, "anncy": 1, "cyann": -2, "bobcy": 1, "cybob": None}[first + second]

    with Store(judged(tmp_path / "s.db", verdict, tasks=1)) as store:
        panel = load_panel(store, "demo")
        found = load_rater(store, panel, "p")
    assert found.margins is not None
    named = {frozenset((panel.keys[a], panel.keys[b])): margin for (a, b), margin in found.margins.items()}
    assert named == {frozenset((key("ann", 0), key("bob", 0))): 0.0, frozenset((key("ann", 0), key("cy", 0))): 1.0}
    assert (found.asked, found.scored) == (3, 2)


def test_the_json_holds_numbers_with_intervals(tmp_path):
    made = as_json(bias(judged(tmp_path / "s.db", lambda *_: 1)))
    json.dumps(made, allow_nan=False)
    assert made["first_wins"] == {"value": 1.0, "ci95": [1.0, 1.0], "n": 120}
    assert made["writers"]["ann"]["gain"]["value"] == 1.0


def test_the_command_shows_every_judge_as_a_table_json_or_a_page(tmp_path):
    path = judged(tmp_path / "s.db", lambda *_: 1)
    judged(path, lambda first, second, n: 1 if first < second else -1, judge="fair")
    run = CliRunner().invoke

    def ok(*words):
        result = run(command_tree(), ["meta", "order", "--db", str(path), *words])
        assert result.exit_code == 0, result.output
        return result.stdout

    made = json.loads(ok("--json"))
    assert {name: one["first_wins"]["value"] for name, one in made["judges"].items()} == {"p": 1.0, "fair": 0.5}
    shown = ok()
    assert "prefers the text shown first" in shown
    assert "100%" in shown
    ok("--judge", "p", "-o", str(tmp_path / "order.html"))
    page = (tmp_path / "order.html").read_text("utf-8")
    assert "Position bias on demo" in page
    assert "do not rank writers" in page
    assert run(command_tree(), ["meta", "order", "--db", str(path), "--judge", "nobody"]).exit_code == 2
