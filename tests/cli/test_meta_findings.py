"""`penmark meta stability`, `length` and `judges` on the command line."""

import pytest
from commands import judge_script


@pytest.fixture
def repeated(penmark, judged):
    model = judge_script("two.jsonl", rules=[{"replies": [f'{{"score": {n}, "reason": "so"}}' for n in (4, 8)]}])
    penmark("judge sample --judge static --judge-name again --repeats 2 --judge-model", model).ok()


def test_repeats_show_how_stable_a_judge_is(penmark, repeated):
    found = penmark("meta stability --json").ok().json()
    assert (found["bench"], list(found["judges"])) == ("sample", ["again"])
    assert found["judges"]["again"]["responses"] == 8
    assert found["judges"]["again"]["std"]["value"] > 0
    assert "Flipped" in penmark("meta stability").ok().out
    penmark("meta stability --judge j").refused("j has scored a response to sample more than once", "--repeats 5")


def test_length_bias_is_shown_with_and_without_people(penmark, judged):
    found = penmark("meta length --json").ok().json()
    assert (found["human"], list(found["judges"])) == (None, ["j"])
    assert {*found["judges"]["j"]} == {
        "output", "input", "longer_preferred", "agreement", "length_matched", "partial_spearman",
    }  # fmt: skip
    out = penmark("meta length --human j").ok().out
    assert "Slope of output on input" in out
    assert "Longer wins" in out


def test_judges_are_shown_against_each_other(penmark, judged, tmp_path):
    penmark("judge sample --judge length --units words --judge-name words").ok()
    found = penmark("meta judges --json").ok().json()
    assert found["judges"] == ["j", "words", "length"]
    assert "Order of the writers" in penmark("meta judges --by system").ok().out
    penmark("meta judges -o judges.html").ok()
    page = (tmp_path / "judges.html").read_text(encoding="utf-8")
    assert page.index("Pairs in the same order") < page.index("Cohen")
    assert "background:#" in page
