"""Human ratings are read whole and strictly from files of any shape."""

import json

import pytest

from penmark.benchmarks.ratings import Terms, read_ratings
from penmark.errors import DataError
from penmark.records import Task

KNOWN = {
    "t1": Task(bench="b", id="t1", instruction="Write a poem."),
    "2": Task(bench="b", id="2", instruction="写信。"),
}


def jsonl(folder, *rows, name="ratings.jsonl"):
    path = folder / name
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in rows), encoding="utf-8")
    return path


def read(path, *, columns=None, format=None, **terms):
    return read_ratings(path, Terms(bench="b", **{"known": KNOWN, **terms}), format=format, columns=columns or {})


def scores(ratings):
    return [(s.task, s.writer, s.node, s.annotator, s.score) for s in ratings.scores]


def margins(ratings):
    return [(p.task, p.first, p.second, p.annotator, p.margin) for p in ratings.preferences]


def made(folder, *rows, **terms):
    return read(jsonl(folder, *rows), known={}, makes_tasks=True, **terms)


def test_scores_of_one_annotator_and_of_several(tmp_path):
    path = jsonl(
        tmp_path,
        {"task": "t1", "writer": "ann", "score": 2.5, "reason": "dull"},
        {"task": 2, "writer": "ann", "score": [1, None, 3]},
        {"task": "2", "writer": "眠", "score": {"kim": 7, "lee": -1}},
        {"task": "t1", "writer": "眠", "annotator": "kim", "score": 0},
    )
    ratings = read(path)
    assert scores(ratings) == [
        ("t1", "ann", "", "", 2.5), ("2", "ann", "", "1", 1), ("2", "ann", "", "3", 3),
        ("2", "眠", "", "kim", 7), ("2", "眠", "", "lee", -1), ("t1", "眠", "", "kim", 0),
    ]  # fmt: skip
    assert ratings.unrated == [2]
    assert ratings.scores[0].reason == "dull"
    assert ratings.texts["t1", "ann"] is None


def test_scores_of_criteria(tmp_path):
    path = jsonl(tmp_path, {"task": "t1", "writer": "w", "criteria": {"logic": 3, "style": 4}, "score": 5})
    assert scores(read(path)) == [("t1", "w", "", "", 5), ("t1", "w", "logic", "", 3), ("t1", "w", "style", "", 4)]


def test_a_table_with_columns_of_any_name(tmp_path):
    path = tmp_path / "ratings.csv"
    text = (
        'prompt,model,essay,kim,lee,kind\n"Tell, please",w,"Line one\nline two",3,,tale\n"Tell, please",v,x,1,2,tale\n'
    )
    path.write_text("\ufeff" + text, encoding="utf-8")
    columns = {"instruction": "prompt", "writer": "model", "response": "essay", "score:kim": "kim", "score:lee": "lee"}
    ratings = read(path, columns={**columns, "tag:genre": "kind"}, known={}, makes_tasks=True)
    (task,) = ratings.tasks.values()
    assert (task.instruction, task.tags) == ("Tell, please", {"language": "en", "genre": "tale"})
    assert ratings.texts == {(task.id, "w"): "Line one\nline two", (task.id, "v"): "x"}
    assert [s[1:] for s in scores(ratings)] == [("w", "", "kim", 3), ("v", "", "kim", 1), ("v", "", "lee", 2)]
    assert [s.line for s in ratings.scores] == [2, 4, 4]


@pytest.mark.parametrize(
    ("header", "cells", "empty"),
    [("score", ["3", ""], [3]), ("score:kim,score:lee", ["3,4", ","], [3, 3]), ("criterion:logic", ["", "2"], [2])],
)
def test_an_empty_cell_under_a_score_is_a_text_that_nobody_rated(tmp_path, header, cells, empty):
    path = tmp_path / "ratings.csv"
    path.write_text(f"task,writer,{header}\nt1,a,{cells[0]}\nt1,b,{cells[1]}\n", encoding="utf-8")
    ratings = read(path)
    assert (ratings.unrated, {*ratings.texts}) == (empty, {("t1", "a"), ("t1", "b")})


def test_a_table_without_a_column_of_scores_says_so(tmp_path):
    path = tmp_path / "ratings.csv"
    path.write_text("task,writer,rating\nt1,a,3\n", encoding="utf-8")
    with pytest.raises(DataError, match=":2: score: missing; name the --column that has it"):
        read(path)


def test_tabs_separate_the_cells_of_a_tsv(tmp_path):
    path = tmp_path / "ratings.tsv"
    path.write_text("task\twriter\tscore\nt1\tw\t4\n", encoding="utf-8")
    assert scores(read(path)) == [("t1", "w", "", "", 4)]


@pytest.mark.parametrize(
    ("said", "margin"),
    [("a", 1), ("B", -1), ("tie", 0), ("A >> B", 2), ("a<b", -1), ("a=b", 0), ("ann", 1), ("bob", -1)],
)
def test_a_preference_in_words_or_by_name(tmp_path, said, margin):
    row = {"task": "t1", "writer_a": "ann", "writer_b": "bob", "preferred": said}
    assert margins(read(jsonl(tmp_path, row))) == [("t1", "ann", "bob", "", margin)]


def test_what_a_value_says_can_be_told(tmp_path):
    row = {"task": "t1", "writer_a": "ann", "writer_b": "bob", "preferred": 0}
    assert margins(read(jsonl(tmp_path, row), verdicts={"0": -1})) == [("t1", "ann", "bob", "", -1)]
    with pytest.raises(DataError, match="--verdict 0=a"):
        read(jsonl(tmp_path, row))
    with pytest.raises(DataError, match="use 0 or a writer"):  # What is told replaces the usual words.
        read(jsonl(tmp_path, {**row, "preferred": "a"}), verdicts={"0": -1})


def test_texts_without_a_writer_are_numbered_for_each_task(tmp_path):
    pair = {"instruction": "Go.", "response_a": "x", "response_b": "y", "preferred": "a"}
    same = {**pair, "response_a": "y", "response_b": "y", "preferred": "tie"}
    ratings = made(tmp_path, pair, same, {**pair, "instruction": "Come."})
    first, second = ratings.tasks
    assert margins(ratings) == [
        (first, "response 1", "response 2", "", 1),
        (first, "response 2", "response 3", "", 0),
        (second, "response 1", "response 2", "", 1),
    ]
    assert ratings.texts[first, "response 3"] == "y"


def test_a_pick_says_nothing_about_the_others(tmp_path):
    path = jsonl(tmp_path, {"task": "t1", "responses": {"a": "A.", "b": "B.", "c": "C."}, "best": "b"})
    assert margins(read(path)) == [("t1", "b", "a", "", 1), ("t1", "b", "c", "", 1)]
    path = jsonl(tmp_path, {"task": "t1", "candidates": ["a", "b"], "best": "a", "annotator": "kim"})
    assert margins(read(path)) == [("t1", "a", "b", "kim", 1)]


@pytest.mark.parametrize("ranking", [[["b"], ["a", "c"]], ["b", "a=c"], "b > a = c"])
def test_a_ranking_is_a_preference_for_each_pair(tmp_path, ranking):
    found = margins(read(jsonl(tmp_path, {"task": "t1", "ranking": ranking})))
    assert found == [("t1", "b", "a", "", 1), ("t1", "b", "c", "", 1), ("t1", "a", "c", "", 0)]


def test_a_task_is_found_by_its_instruction(tmp_path):
    assert scores(read(jsonl(tmp_path, {"instruction": "写信。", "writer": "w", "score": 1}))) == [
        ("2", "w", "", "", 1)
    ]


def test_a_task_without_an_id_has_the_same_one_in_every_file(tmp_path):
    row = {"instruction": "Go.", "writer": "w", "response": "x", "score": 1}
    (one,), (two,) = (made(tmp_path, {**row, "writer": name}).tasks for name in ("v", "w"))
    assert one == two


def test_the_upstream_files_are_known_by_their_columns(tmp_path):
    row = {"prompt_id": "p", "tag": "诗歌", "prompt": "写诗", "model": "m", "response": "床前", "human_score": 3}
    ratings = made(tmp_path, row)
    assert scores(ratings) == [("p", "m", "", "", 3)]
    assert ratings.tasks["p"].tags == {"language": "zh", "genre": "诗歌"}
    pairs = [{"scenario": "s", "label": n, "prompt": "Do", "response 1": "x", "response 2": "y"} for n in (0, 1, 2)]
    ratings = made(tmp_path, *pairs)
    assert [p.margin for p in ratings.preferences] == [1, -1, 0]
    assert [t.tags["task_type"] for t in ratings.tasks.values()] == ["s"]


SCORE = {"task": "t1", "writer": "w", "score": 3}
PAIR = {"task": "t1", "writer_a": "a", "writer_b": "b", "preferred": "a"}
MADE = {"task": "x", "instruction": "Go.", "writer": "w", "response": "x", "score": 1}


@pytest.mark.parametrize(
    ("rows", "line", "found"),
    [
        ([SCORE, {**SCORE, "task": "t9"}], 2, "--as-bench"),
        ([{"writer": "w", "score": 3}], 1, "task: missing"),
        ([{**SCORE, "task": True}], 1, "no id"),
        ([{"task": "t1", "score": 3}], 1, "writer: missing"),
        ([{"task": "t1", "writer": "w", "mark": 3}], 1, "--column score=rating"),
        ([{**SCORE, "score": "3"}], 1, "not a number"),
        ([{**SCORE, "score": True}], 1, "not a number"),
        ([SCORE, SCORE], 2, "on line 1 too"),
        ([SCORE, "{"], 2, "invalid JSON"),
        ([{**SCORE, "response": "x"}, {**SCORE, "annotator": "k", "response": "y"}], 2, "another response"),
        ([{**PAIR, "preferred": "c"}], 1, "no verdict"),
        ([{**PAIR, "preferred": None}], 1, "preferred: missing"),
        ([{**PAIR, "writer_a": "b", "writer_b": "a"}], 1, '"a" is a side and the name of the other writer'),
        ([{**PAIR, "writer_b": "a", "preferred": "tie"}], 1, "both sides"),
        ([{"task": "t1", "candidates": ["a"], "best": "b"}], 1, "not among a"),
        ([{"task": "t1", "responses": ["a"], "best": "a"}], 1, "not an object"),
        ([{"task": "t1", "ranking": "a > a"}], 1, "ranks no two"),
        ([{"task": "t1", "ranking": "a > b", "candidates": ["a", "c"]}], 1, '"c" is not ranked'),
    ],
)  # fmt: skip
def test_a_malformed_record_is_named_by_file_and_line(tmp_path, rows, line, found):
    path = jsonl(tmp_path, *rows)
    with pytest.raises(DataError) as caught:
        read(path)
    message = str(caught.value).splitlines()[0]
    assert message.startswith(f"{path}:{line}: ")
    assert found in message


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([MADE, {**MADE, "writer": "v", "instruction": "Come."}], ":2: instruction"),
        ([{k: v for k, v in MADE.items() if k != "instruction"}], "instruction: missing"),
        ([{**MADE, "tags": {"genre": 3}}], "tag:genre: 3 is not a text"),
        ([{**MADE, "tags": "tale"}], "tags: "),
        ([{**MADE, "material": 3}], "material: 3"),
    ],
)
def test_a_benchmark_is_not_made_of_records_that_do_not_fit(tmp_path, rows, found):
    with pytest.raises(DataError, match=found):
        made(tmp_path, *rows)


def test_a_known_task_keeps_its_instruction(tmp_path):
    path = jsonl(tmp_path, {**SCORE, "instruction": "Another."})
    with pytest.raises(DataError, match="has another one"):
        read(path, makes_tasks=True)


def test_a_score_outside_the_scale_is_refused(tmp_path):
    with pytest.raises(DataError, match="3 is not in 0-2"):
        read(jsonl(tmp_path, SCORE), scale=(0, 2))


def test_a_column_that_is_not_there_is_named_with_those_that_are(tmp_path):
    with pytest.raises(DataError, match="no column 'rating', only score, task, writer"):
        read(jsonl(tmp_path, SCORE), columns={"reason": "rating"})


def test_problems_name_the_files_own_columns(tmp_path):
    with pytest.raises(DataError, match=":1: rating: "):
        read(jsonl(tmp_path, {"task": "t1", "writer": "w", "rating": "x"}), columns={"score": "rating"})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "no records"),
        ("task,writer,score\n", "no records"),
        ("task,writer,writer\nt1,a,b\n", "two columns called writer"),
        ("task,writer,score\nt1,w\n", ":2: 2 cells under 3 columns"),
        ("task,writer,score\nt1,w,x\n", ':2: score: "x" is not a number'),
        ("task,writer,score\nt1,w,inf\n", ":2: score: "),
    ],
)
def test_a_table_that_is_not_sound_is_refused(tmp_path, text, found):
    path = tmp_path / "ratings.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=found):
        read(path)


@pytest.mark.parametrize("name", ["none.csv", "none.jsonl"])
def test_a_file_that_is_not_there_is_named(tmp_path, name):
    with pytest.raises(DataError, match=f"{name}: no such file"):
        read(tmp_path / name)


def test_a_table_that_is_not_utf8_is_refused(tmp_path):
    path = tmp_path / "ratings.csv"
    path.write_bytes(b"task,writer,score\nt1,\xff,3\n")
    with pytest.raises(DataError, match="invalid UTF-8"):
        read(path)
