"""`penmark meta agreement` on the command line, and on real ratings."""

import pytest
from commands import REAL_DATA, jsonl

HUMAN = REAL_DATA / "human"
ROWS = [
    {"task": str(t), "instruction": "Go.", "writer": w, "response": w * n, "score": {"kim": s, "lee": s + t % 2}}
    for t in range(6)
    for w, n, s in (("a", 5, 1), ("b", 9, 3), ("c", 7, 3 - t % 2))
]


@pytest.fixture
def mine(penmark):
    penmark("import ratings --bench mine --as-bench --scale 0-5", jsonl("mine.jsonl", *ROWS)).ok()
    penmark("judge mine --judge length --units words --judge-name words").ok()


def test_the_json_has_the_agreed_shape(penmark, mine):
    found = penmark("meta agreement --json").ok().json()
    assert list(found) == ["bench", "human", "judges"]
    assert (found["bench"], found["human"]) == ("mine", "human")
    assert list(found["judges"]) == ["words", "length", "random", "human ceiling"]
    for judge in found["judges"].values():
        assert {"pairwise", "kappa", "pearson", "spearman", "kendall", "within_task", "system", "normalised"} <= {
            *judge
        }
        assert {"coverage", "cost"} <= {*judge}
        assert {*judge["pairwise"]} == {"value", "ci95", "n"}
    assert found["judges"]["length"]["cost"] == 0
    assert found["judges"]["human ceiling"]["cost"] is None


def test_the_table_says_how_to_read_it(penmark, mine):
    out = penmark("meta agreement").ok().out
    for part in ("Agreement with human on mine", "human ceiling", "Normalised per writer", "95% intervals", "words"):
        assert part in out


def test_a_page_is_written_and_loads_nothing(penmark, mine, tmp_path):
    penmark("meta agreement --by language -o pages/found.html").ok()
    page = (tmp_path / "pages" / "found.html").read_text(encoding="utf-8")
    assert "Pairs in the same order, by language" in page
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert "<script" not in page


def test_the_table_of_groups_says_how_many_pairs_each_is_of(penmark, mine):
    pairs = penmark("meta agreement --by language --json").ok().json()["judges"]["length"]["language"]["en"]["pairwise"]
    out = penmark("meta agreement --by language").ok().out
    table = out.partition("order, by language")[2].partition("Writers' means")[0].splitlines()
    rows = {line.split()[0]: line.split()[-1] for line in table if line.strip()}
    assert (rows["language"], rows["en"]) == ("Pairs", str(pairs["n"]))


def test_writers_are_correlated_for_each_value_of_a_tag(penmark, mine):
    found = penmark("meta agreement --by language --json").ok().json()["judges"]["length"]["language"]["en"]["system"]
    table = penmark("meta agreement --by language").ok().out.partition("Writers' means, by language")[2]
    (row,) = [line.split() for line in table.splitlines() if line.split()[:2] == ["en", "length"]]
    assert (row[2], row[-1]) == (f"{found['pearson']['value']:.3f}".replace("-", "−"), str(found["pearson"]["n"]))


def test_the_newest_rated_benchmark_is_taken(penmark, judged, mine):
    assert penmark("meta agreement --json").ok().json()["bench"] == "mine"
    penmark("meta agreement --bench sample").refused("nobody has rated sample", "penmark import ratings FILE")


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ("--bench poems", "nothing has been judged on 'poems'"),
        ("--human kim", "no judgments by 'kim'"),
        ("--judge j9", "no judgments by j9"),
        ("--by mood", "has the tag 'mood'"),
        ("--json -o page.html", "leave out --json"),
    ],
)
def test_what_is_not_there_is_named(penmark, mine, options, part):
    penmark(f"meta agreement {options}").refused(part)


def test_an_empty_database_has_nothing_to_compare(penmark):
    penmark("meta agreement").refused("no such database")


@pytest.mark.data
@pytest.mark.skipif(not HUMAN.exists(), reason="the human ratings are not here")
def test_the_length_of_real_texts_agrees_with_people_as_published(penmark):
    done = penmark("import ratings --bench zh --as-bench", HUMAN / "writing_preference_zh.jsonl").ok()
    assert "2,070 scores on 2,070 responses to 109 tasks of zh" in done.out
    done = penmark("import ratings --bench en --as-bench", HUMAN / "autoj_pairs.jsonl").ok()
    assert "662 preferences on 1,304 responses to 610 tasks of en" in done.out
    penmark("judge en --judge length").ok()
    zh = penmark("meta agreement --bench zh --json").ok().json()["judges"]["length"]
    en = penmark("meta agreement --bench en --json").ok().json()["judges"]["length"]
    assert (round(zh["pairwise"]["value"], 4), zh["pairwise"]["n"]) == (0.5696, 12_010)
    assert zh["within_task"]["pearson"]["n"] == 109
    assert (round(en["pairwise"]["value"] + 1e-9, 4), en["pairwise"]["n"]) == (0.7225, 481)
    assert round(zh["normalised"]["pairwise"]["value"], 4) == 0.5575
    assert zh["normalised"]["pairwise"]["n"] == 18_621
