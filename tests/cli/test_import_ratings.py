"""`penmark import ratings`: people become judges, and a file of ratings becomes a benchmark."""

import pytest
from commands import dump, jsonl, lines, writer_script

from penmark.store import Store, reads

ROWS = [
    {"task": str(n), "instruction": f"Write {n}.", "writer": w, "response": f"{w} {n} " + "x" * n, "score": s}
    for n, by in enumerate([(3, 1), (2, 2), (0, 3)])
    for w, s in zip("ab", by, strict=True)
]


def judgments(penmark, judge):
    rows = lines(penmark("export judgments --bench mine --judge", judge).ok().out)
    return {(row["task"], row["writer"], row["node"]): row["score"] for row in rows}


@pytest.fixture
def mine(penmark):
    penmark("import ratings --bench mine --as-bench", jsonl("mine.jsonl", *ROWS)).ok()
    return "mine"


def test_a_benchmark_made_from_ratings_serves_every_later_command(penmark, mine):
    assert judgments(penmark, "human")["0", "a", ""] == 3
    penmark("judge mine --judge length").ok()
    penmark("write mine --writer", writer_script("w.jsonl")).ok()
    penmark("run mine --judge length --writer", writer_script("v.jsonl"), "--dry-run").ok()
    penmark(
        "import responses --bench mine --writer c", jsonl("c.jsonl", {"task": "0", "writer": "c", "response": "x"})
    ).ok()
    report = penmark("report --bench mine --judge human --format json").ok().json()
    assert (report["unit"], report["writers"]["b"]["overall"]) == ("rating", 2)
    assert {row["task"] for row in lines(penmark("export responses --bench mine --format penmark").ok().out)} == set(
        "012"
    )


def test_the_same_file_twice_changes_nothing(penmark, mine):
    before = {table: rows for table, rows in dump("penmark.db").items() if table not in ("runs", "judgments")}
    penmark("import ratings --bench mine --as-bench mine.jsonl").ok()
    after = {table: rows for table, rows in dump("penmark.db").items() if table not in ("runs", "judgments")}
    assert after == before


def test_another_score_by_the_same_person_is_refused_with_its_line_and_nothing_is_stored(penmark, mine):
    before = dump("penmark.db")
    changed = jsonl("changed.jsonl", {**ROWS[0], "writer": "new", "response": "new"}, {**ROWS[1], "score": 0})
    penmark("import ratings --bench mine --as-bench", changed).refused("changed.jsonl:2", "another rating", "--judge")
    other = jsonl("other.jsonl", {**ROWS[0], "response": "other", "annotator": "k"})
    penmark("import ratings --bench mine --as-bench --judge people", other).refused("another response by 'a'")
    assert dump("penmark.db") == before


def test_annotators_are_judges_and_their_mean_is_one(penmark):
    rows = [{**row, "score": {"kim": row["score"], "李": 1}} for row in ROWS]
    done = penmark("import ratings --bench mine --as-bench", jsonl("mine.jsonl", *rows)).ok()
    assert "12 scores on 6 responses to 3 tasks of mine; judges: human, human:kim, human:李" in done.out
    assert judgments(penmark, "human:kim")["0", "a", ""] == 3
    assert judgments(penmark, "human")["0", "a", ""] == 2
    later = jsonl("later.jsonl", *({**row, "score": 2, "annotator": "lee"} for row in ROWS[:1]))
    penmark("import ratings --bench mine", later).ok()
    assert judgments(penmark, "human")["0", "a", ""] == 2  # (3 + 1 + 2) / 3
    assert judgments(penmark, "human")["0", "b", ""] == 1


def test_named_and_unnamed_annotators_do_not_mix(penmark, mine):
    named = jsonl("named.jsonl", {**ROWS[0], "annotator": "kim"})
    penmark("import ratings --bench mine", named).refused("'human' is in penmark.db with other settings")
    mixed = jsonl("mixed.jsonl", {**ROWS[0], "annotator": "kim"}, ROWS[1])
    penmark("import ratings --bench mine --judge people", mixed).refused("some lines say who rated")
    penmark("import ratings --bench mine --judge people --annotator lee", mixed).ok()


def test_criteria_alone_give_the_whole_their_mean(penmark):
    rows = [{**ROWS[0], "score": None, "criteria": {"logic": 1, "style": 4}}]
    penmark("import ratings --bench mine --as-bench", jsonl("mine.jsonl", *rows)).ok()
    assert judgments(penmark, "human") == {("0", "a", ""): 2.5, ("0", "a", "logic"): 1, ("0", "a", "style"): 4}


def test_preferences_of_people_are_kept_with_the_verdict_of_most(penmark):
    pair = {"task": "1", "instruction": "Go.", "writer_a": "w", "response_a": "W", "writer_b": "v", "response_b": "V"}
    rows = [{**pair, "annotator": who, "preferred": said} for who, said in zip("klm", ["a", "a", "b"], strict=True)]
    penmark("import ratings --bench mine --as-bench", jsonl("pairs.jsonl", *rows)).ok()
    with Store("penmark.db") as store:
        (most,) = reads.preferences_on(store.db, "mine", "human")
        (one,) = reads.preferences_on(store.db, "mine", "human:m")
    assert (most[1:3], most[3].margin) == (("v", "w"), -1)  # w is better, and v comes first in the alphabet.
    assert (one[3].margin, one[3].order) == (1, "ba")


def test_one_person_may_be_asked_twice_about_a_pair(penmark):
    pair = {"task": "1", "instruction": "Go.", "response_a": "B", "response_b": "A"}
    file = jsonl("pairs.jsonl", {**pair, "preferred": "a"}, {**pair, "preferred": "b"})
    penmark("import ratings --bench mine --as-bench", file).ok()
    with Store("penmark.db") as store:
        assert [(p.repeat, p.margin) for *_, p in reads.preferences_on(store.db, "mine", "human")] == [(0, 1), (1, -1)]


def test_ratings_of_a_known_benchmark_need_no_texts(penmark, judged):
    row = {"task": lines(penmark("export responses --format penmark").ok().out)[0]["task"], "score": 4}
    file = jsonl("known.jsonl", {**row, "writer": "a"}, {**row, "writer": "unseen"})
    penmark("import ratings --bench sample", file).ok()
    with Store("penmark.db") as store:
        assert {w for _, w, _ in reads.judgments_on(store.db, "sample", "human")} == {"a", "unseen"}


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ("--bench mine", ["no benchmark 'mine'", "--as-bench"]),
        ("--bench sample --as-bench", ["is a benchmark of its own"]),
        ("--bench mine --as-bench --format xml", ["no format 'xml'", "writing-preference"]),
        ("--bench mine --as-bench --column mark=score", ["no field mark", "criterion:NAME"]),
        ("--bench mine --as-bench --column score", ["FIELD=COLUMN"]),
        ("--bench mine --as-bench --verdict 0=left", ["a, b, tie"]),
        ("--bench mine --as-bench --verdict 0", ["VALUE=a"]),
        ("--bench mine --as-bench --scale 5-1", ["LOW-HIGH"]),
        ("--bench mine --as-bench --scale 1-2", ["mine.jsonl:1", "not in 1-2"]),
        ("--bench mine --as-bench --format pairs", ["mine.jsonl:1", "writer_a"]),
    ],
)
def test_wrong_usage_is_refused_before_anything_is_stored(penmark, options, parts):
    penmark(f"import ratings {options}", jsonl("mine.jsonl", *ROWS)).refused(*parts)
    assert not dump("penmark.db")


def test_a_file_with_empty_scores_only_is_refused(penmark):
    file = jsonl("mine.jsonl", {**ROWS[0], "score": None})
    penmark("import ratings --bench mine --as-bench", file).refused("no rating, 1 are empty")
