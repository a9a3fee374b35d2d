"""`penmark meta card`: a page for each judge."""

import pytest
from commands import jsonl

ROWS = [
    {"task": str(t), "instruction": "Go.", "writer": w, "response": w * (n + t), "score": {"kim": s, "lee": s + t % 2}}
    for t in range(12)
    for w, n, s in (("a", 5, 1), ("b", 9, 3), ("c", 7, 3 - t % 2))
]


@pytest.fixture
def mine(penmark):
    penmark("import ratings --bench mine --as-bench", jsonl("mine.jsonl", *ROWS)).ok()
    penmark("judge mine --judge length --judge-name 'count/chars@1' --repeats 2").ok()
    penmark("judge mine --judge length --units words --judge-name words").ok()


def test_every_judge_gets_a_page_that_reads_without_explanation(penmark, mine, tmp_path):
    done = penmark("meta card -o cards").ok()
    assert done.out.split() == ["cards/count-chars@1.html", "cards/words.html"]
    page = (tmp_path / "cards" / "count-chars@1.html").read_text(encoding="utf-8")
    for part in (
        "count/chars@1 on mine", "picks the one that people prefer", "the length of the text gets",
        "one person against the others gets", "has a verdict on 36 of them (100%)", "for USD 0 in all",
        "Asked again, it says the opposite about 0 in 100", "it picks the longer 100 times in 100",
        "What its scores mean to people", "<svg", "Coverage and cost", "Repeats", "Scores and length",
    ):  # fmt: skip
        assert part in page, part
    assert "<script" not in page
    words = (tmp_path / "cards" / "words.html").read_text(encoding="utf-8")
    assert "It was asked once about everything" in words


def test_the_json_has_every_part(penmark, mine):
    found = penmark("meta card --json").ok().json()
    assert (found["bench"], found["human"], list(found["judges"])) == ("mine", "human", ["count/chars@1", "words"])
    card = found["judges"]["count/chars@1"]
    assert {"agreement", "coverage", "cost", "stability", "length", "robustness", "calibration", "spec"} <= {*card}
    assert list(card["agreement"]) == ["count/chars@1", "length", "random", "human ceiling"]
    assert card["coverage"] == {"asked": 36, "scored": 36, "statuses": {"scored": 72}}
    assert card["stability"]["flip_rate"]["value"] == 0
    assert list(card["length"]) == ["count/chars@1", "human"]
    assert card["calibration"]["of"] == "scores"
    assert found["judges"]["words"]["stability"] is None
    assert card["robustness"] is None


def test_a_judge_of_disturbed_texts_shows_what_it_notices(penmark, mine, tmp_path):
    penmark("meta robustness mine --judge length --judge-name 'count/chars@1' --limit 12").ok()
    penmark("meta card --judge 'count/chars@1' -o card.html").ok()
    page = (tmp_path / "card.html").read_text(encoding="utf-8")
    assert "texts disturbed" in page
    assert "has a verdict on 36 of them (100%)" in page  # The copies are not among the responses.
    card = penmark("meta card --judge 'count/chars@1' --json").ok().json()["judges"]["count/chars@1"]
    assert card["robustness"]["bench"] == "mine"
    penmark("meta card --judge words -o words.html").ok()
    assert "judged no disturbed texts" in (tmp_path / "words.html").read_text(encoding="utf-8")


def test_a_judge_that_nobody_can_be_held_against_says_so(penmark, judged, tmp_path):
    penmark("meta card --judge j -o j.html").ok()
    page = (tmp_path / "j.html").read_text(encoding="utf-8")
    assert "Nobody has rated sample" in page
    assert "penmark import ratings FILE --bench sample" in page
    assert penmark("meta card --judge j --json").ok().json()["judges"]["j"]["agreement"] is None


def test_what_does_not_fit_is_refused(penmark, mine):
    penmark("meta card -o card.html").refused("card.html is one page", "--judge NAME")
    penmark("meta card --judge nobody").refused("no judgments by nobody")


def test_people_alone_have_no_card(penmark):
    penmark("import ratings --bench mine --as-bench", jsonl("mine.jsonl", *ROWS)).ok()
    penmark("meta card").refused("only people have judged mine", "penmark judge mine")
