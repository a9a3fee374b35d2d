import io
import json
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penmark.benchmarks.exchange import (
    ImportedScore,
    read_responses,
    read_scores,
    write_own_judgments,
    write_own_preferences,
    write_own_responses,
    write_own_scores,
    write_responses,
    write_scores,
)
from penmark.errors import DataError
from penmark.records import Judgment, Preference

IDS = ["16", "23", "en-01"]
read_mine = partial(read_responses, writer="me")
NODES = {"16": frozenset({"Depth", "风格"}), "23": frozenset({"Depth", "Length"}), "en-01": frozenset({"Tone"})}


def _file(tmp_path, *lines, end="\n"):
    path = tmp_path / "exchange.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(texts) + end, encoding="utf-8")
    return path


def _score(task, node, score, repeat=0, reason="because"):
    return ImportedScore(task=task, node=node, repeat=repeat, score=score, reason=reason)


def _upstream(index, scores):
    return {"index": index, "scores": scores}


def _own(**changes):
    return {"task": "16", "node": "Depth", "repeat": 0, "score": 7, "reason": "r"} | changes


def _refused(read, path, known, line, field):
    """The message of the only problem, after a check that it names file, line and field."""
    with pytest.raises(DataError) as caught:
        read(path, known)
    (message,) = str(caught.value).splitlines()
    assert message.startswith(f"{path}:{line}: {field}: " if field else f"{path}:{line}: ")
    return message


def test_responses_are_read_in_every_shape_with_further_fields_ignored(tmp_path):
    path = _file(
        tmp_path,
        {"index": 16, "response": "写作\n{criteria} [[10]]", "model": 3},
        {"index": "23", "response": ""},
        {"task": "en-01", "writer": "w", "response": " text "},
        {"infer_id": "infer_7", "bench_id": "gongwen_1", "task_type": "open", "model": "m", "output": ""},
    )
    assert read_mine(path, [*IDS, "infer_7"]) == {
        "me": {"16": "写作\n{criteria} [[10]]", "23": "", "en-01": " text ", "infer_7": ""}
    }


def test_lines_that_say_who_wrote_them_are_grouped_by_writer_unless_one_is_given(tmp_path):
    path = _file(
        tmp_path,
        {"infer_id": "16", "model": "b", "output": "by b"},
        {"infer_id": "16", "model": "a", "output": "by a"},
        {"task": "23", "writer": "b", "response": "b too"},
        {"infer_id": "en-01", "model": "a", "output": ""},
    )
    assert read_responses(path, IDS) == {"b": {"16": "by b", "23": "b too"}, "a": {"16": "by a", "en-01": ""}}
    assert '"16" is on line 1 too' in _refused(read_mine, path, IDS, 2, "infer_id")


def test_lines_that_name_no_writer_need_one_and_say_so_once(tmp_path):
    path = _file(tmp_path, {"index": 16, "response": "x"}, {"index": 23, "response": "y"})
    message = _refused(read_responses, path, IDS, 1, "index")
    assert "does not say who wrote" in message
    assert "--writer NAME" in message


@pytest.mark.parametrize(
    ("line", "field", "found"),
    [
        ({"task": "23", "response": "x"}, "writer", "missing; add it, or name the writer with --writer NAME"),
        ({"infer_id": "23", "output": "x"}, "model", "missing; add it, or name the writer with --writer NAME"),
        ({"infer_id": "23", "model": "", "output": "x"}, "model", "empty"),
        ({"infer_id": "23", "model": 4, "output": "x"}, "model", "4 is not a text"),
        ({"infer_id": "23", "model": "\ud800", "output": "x"}, "model", "lone surrogate"),
        ({"infer_id": "23", "model": "m", "response": "x"}, "output", "missing"),
        ({"infer_id": "99", "model": "m", "output": "x"}, "infer_id", 'no query "99" in the benchmark'),
        ({"infer_id": "16", "model": "m", "output": "again"}, "infer_id", '"16" is on line 1 too'),
    ],
)
def test_a_malformed_line_of_a_shape_with_writers_refuses_the_file(tmp_path, line, field, found):
    path = _file(tmp_path, {"infer_id": "16", "model": "m", "output": "good"}, line)
    assert found in _refused(read_responses, path, IDS, 2, field)


BAD_RESPONSES = [
    ({"index": 99, "response": "x"}, "index", "no query 99 in the benchmark", "--bench"),
    ({"task": "en-99", "response": "x"}, "task", 'no query "en-99" in the benchmark', "--bench"),
    ({"index": True, "response": "x"}, "index", "no query true", "--bench"),
    ({"index": 16.0, "response": "x"}, "index", "no query 16.0", "--bench"),
    ({"index": None, "response": "x"}, "index", "no query null", "--bench"),
    ({"index": "\ud800", "response": "x"}, "index", 'no query "\\ud800"', "--bench"),
    ({"response": "x"}, "index", "missing", "--bench"),
    ({"index": 23, "response": None}, "response", "null is not a text", "double quotes"),
    ({"index": 23, "response": ["x"]}, "response", '["x"] is not a text', "double quotes"),
    ({"index": 23, "response": "bad \udfff"}, "response", "lone surrogate", "replace or remove"),
    ({"index": 23}, "response", "missing", "add it"),
    ({"index": "16", "response": "again"}, "index", '"16" is on line 1 too', "one writer at a time"),
    ({"task": "16", "writer": "w", "response": "again"}, "task", '"16" is on line 1 too', "one writer at a time"),
    ([1], "", "[1] is not an object", "one JSON object a line"),
    ('{"index": 23, "index": 23, "response": "x"}', "index", "the key stands twice", "keep one"),
]


@pytest.mark.parametrize(("line", "field", "found", "remedy"), BAD_RESPONSES)
def test_a_malformed_response_refuses_the_file(tmp_path, line, field, found, remedy):
    path = _file(tmp_path, {"index": 16, "response": "good"}, line)
    message = _refused(read_mine, path, IDS, 2, field)
    assert found in message
    assert remedy in message


def test_scores_are_read_in_upstream_shape_with_repeats_and_unscored_ones(tmp_path):
    depth = [{"score": 7, "reason": "because"}, {"score": None, "reason": "unreadable"}, {"score": 10, "model": "m"}]
    path = _file(tmp_path, _upstream(16, {"风格": [{"score": 1, "reason": ""}], "Depth": depth}))
    assert read_scores(path, NODES) == [
        _score("16", "风格", 1, reason=""),
        _score("16", "Depth", 7),
        _score("16", "Depth", None, 1, "unreadable"),
        _score("16", "Depth", 10, 2, ""),
    ]


def test_a_criterion_with_an_empty_list_is_unscored_rather_than_forgotten(tmp_path):
    path = _file(tmp_path, _upstream("16", {"Depth": []}))
    assert read_scores(path, NODES) == [_score("16", "Depth", None, reason="")]


def test_scores_are_read_in_penmarks_shape_in_any_order(tmp_path):
    path = _file(tmp_path, _own(repeat=1, writer="w", judge="j"), _own(score=None, reason=None), _own(task="23"))
    assert read_scores(path, NODES) == [
        _score("16", "Depth", 7, 1, "r"),
        _score("16", "Depth", None, 0, ""),
        _score("23", "Depth", 7, 0, "r"),
    ]


BAD_SCORES = [11, 0, -3, 7.5, 7.0, "8", True, [8], {}, 10**30]


@pytest.mark.parametrize("score", BAD_SCORES)
def test_a_score_that_is_no_whole_number_from_1_to_10_refuses_the_file(tmp_path, score):
    good = {"score": 5, "reason": "x"}
    path = _file(tmp_path, _upstream(23, {"Depth": [good]}), _upstream(16, {"Depth": [good, good | {"score": score}]}))
    message = _refused(read_scores, path, NODES, 2, 'scores["Depth"][1]["score"]')
    assert f"{json.dumps(score)} is not a whole number 1-10" in message
    assert "or null where there is no score" in message
    message = _refused(read_scores, _file(tmp_path, _own(score=score)), NODES, 1, "score")
    assert f"{json.dumps(score)} is not a whole number 1-10" in message


GOOD = {"score": 5, "reason": "x"}
BAD_SCORE_ROWS = [
    (_upstream(99, {"Depth": [GOOD]}), "index", "no query 99", "--bench"),
    ({"scores": {"Depth": [GOOD]}}, "index", "missing", "--bench"),
    (_upstream(23, {"Depth": [GOOD]}), "index", '"23" is on line 1 too', "keep one line a query"),
    (
        _upstream(16, {"Length": [GOOD]}),
        'scores["Length"]',
        '"Length" is no criterion of this query',
        "'Depth', '风格'",
    ),
    (_upstream(16, {}), "scores", "no criterion", "or delete the line"),
    ({"index": 16}, "scores", "missing", "put an object"),
    (_upstream(16, [GOOD]), "scores", "is not an object", "put an object"),
    (_upstream(16, {"Depth": GOOD}), 'scores["Depth"]', "is not a list", "make it a list"),
    (_upstream(16, {"Depth": [7]}), 'scores["Depth"][0]', "7 is not an object", "put an object"),
    (_upstream(16, {"Depth": [{"reason": "x"}]}), 'scores["Depth"][0]["score"]', "missing", "whole number 1-10"),
    (_upstream(16, {"Depth": [GOOD | {"reason": 4}]}), 'scores["Depth"][0]["reason"]', "4 is not a text", "quotes"),
    (_upstream(16, {"Depth": [GOOD | {"reason": "\ud800"}]}), 'scores["Depth"][0]["reason"]', "surrogate", "replace"),
    (_own(task="99"), "task", 'no query "99"', "--bench"),
    (_own(node="Tone"), "node", '"Tone" is no criterion of this query', "'Depth', '风格'"),
    (_own(node=""), "node", '"" is no criterion of this query', "'Depth', '风格'"),
    (_own(node=None), "node", "null is not a text", "quotes"),
    (_own(repeat=-1), "repeat", "-1 is not a whole number from 0", "0, 1, 2"),
    (_own(repeat=True), "repeat", "true is not a whole number from 0", "0, 1, 2"),
    ({"task": "16", "node": "Depth", "score": 7, "reason": ""}, "repeat", "missing", "0, 1, 2"),
    ({"task": "16", "node": "Depth", "repeat": 0, "reason": ""}, "score", "missing", "whole number 1-10"),
    ({"task": "16", "repeat": 0, "score": 7, "reason": ""}, "node", "missing", "add it"),
    (_own(task="23", node="Depth"), "task", '["23", "Depth", 0] is on line 1 too', "task, node and repeat"),
]


@pytest.mark.parametrize(("line", "field", "found", "remedy"), BAD_SCORE_ROWS)
def test_a_malformed_score_row_refuses_the_file(tmp_path, line, field, found, remedy):
    path = _file(tmp_path, _upstream(23, {"Depth": [GOOD]}), line)
    message = _refused(read_scores, path, NODES, 2, field)
    assert found in message
    assert remedy in message


@pytest.mark.parametrize(("read", "known"), [(read_mine, IDS), (read_scores, NODES)])
def test_a_file_that_cannot_be_read_whole_gives_nothing(tmp_path, read, known):
    good = {"index": 16, "response": "x", "scores": {"Depth": [GOOD]}}
    cut = _refused(read, _file(tmp_path, good, '{"index": 23, "respon', end=""), known, 2, "")
    assert "incomplete last line" in cut
    path = _file(tmp_path, good)
    path.write_bytes(path.read_bytes() + b'{"index": 23, "response": "\xff"}\n')
    assert "invalid UTF-8 at byte offset 27" in _refused(read, path, known, 2, "")
    for content in ("", "\n"):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(DataError, match="the file is empty"):
            read(path, known)
    with pytest.raises(DataError, match=r"none\.jsonl: no such file"):
        read(tmp_path / "none.jsonl", known)


def test_every_problem_of_a_file_is_in_one_error(tmp_path):
    path = _file(tmp_path, {"index": 99, "response": None}, "nonsense", {"index": 16})
    with pytest.raises(DataError) as caught:
        read_mine(path, IDS)
    assert [line.split(": ")[0] for line in str(caught.value).splitlines()] == [f"{path}:{n}" for n in (1, 1, 2, 3)]


def _lines(write, rows):
    stream = io.StringIO()
    write(stream, rows)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_upstream_responses_have_a_number_as_index_where_the_id_is_one():
    rows = [("16", "写"), ("en-01", ""), ("007", "x"), ("²", "y"), ("9" * 30, "z")]
    found = _lines(write_responses, rows)
    assert found[0] == {"index": 16, "response": "写"}
    assert [row["index"] for row in found] == [16, "en-01", "007", "²", "9" * 30]


def test_upstream_scores_are_grouped_by_query_and_criterion_in_the_order_of_repeats():
    rows = [
        _score("16", "Depth", None, 1, "cut off"),
        _score("23", "Depth", 4.0),
        _score("16", "风格", 2),
        _score("16", "Depth", 9),
    ]
    depth = [{"score": 9, "reason": "because"}, {"score": None, "reason": "cut off"}]
    assert _lines(write_scores, rows) == [
        {"index": 16, "scores": {"Depth": depth, "风格": [{"score": 2, "reason": "because"}]}},
        {"index": 23, "scores": {"Depth": [{"score": 4, "reason": "because"}]}},
    ]


def test_whole_scores_are_written_as_whole_numbers_and_others_as_they_are():
    stream = io.StringIO()
    write_own_scores(stream, [_score("16", "Depth", 8.0), _score("23", "Depth", 7.25)])
    assert [line.split('"score": ')[1].split(",")[0] for line in stream.getvalue().splitlines()] == ["8", "7.25"]


def test_penmarks_responses_name_the_writer():
    assert _lines(write_own_responses, [("16", "gpt", "=1+1")]) == [{"task": "16", "writer": "gpt", "response": "=1+1"}]


def test_penmarks_judgments_have_inner_nodes_and_why_a_score_is_missing():
    leaf = Judgment(response="k", judge="j", node="Depth", score=None, status="unreadable", reason="?", repeat=2)
    root = Judgment(response="k", judge="j", node="", score=7.5, status="scored", read_as="sum")
    assert _lines(write_own_judgments, [("16", "w", leaf), ("16", "w", root)]) == [
        {
            "task": "16", "writer": "w", "judge": "j", "node": "Depth", "repeat": 2,
            "score": None, "status": "unreadable", "reason": "?", "read_as": "",
        },
        {
            "task": "16", "writer": "w", "judge": "j", "node": "", "repeat": 0,
            "score": 7.5, "status": "scored", "reason": "", "read_as": "sum",
        },
    ]  # fmt: skip


def test_penmarks_preferences_name_both_writers_and_the_order_they_were_shown_in():
    found = Preference(first="a", second="b", judge="j", order="ba", margin=-2, status="scored", reason="r", repeat=1)
    assert _lines(write_own_preferences, [("16", "adam", "zoe", found)]) == [
        {
            "task": "16", "first": "adam", "second": "zoe", "judge": "j", "order": "ba", "repeat": 1,
            "margin": -2, "status": "scored", "reason": "r",
        }
    ]  # fmt: skip


texts = st.text(st.characters(exclude_categories=["Cs"]))
ids = st.integers(0, 10**6).map(str) | texts.filter(bool)


def _write(folder, write, rows):
    path = folder / "written.jsonl"
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        write(stream, rows)
    return path


@settings(deadline=None)
@given(st.dictionaries(ids, texts, min_size=1))
def test_responses_written_in_either_shape_are_read_back_exactly(tmp_path_factory, responses):
    folder = tmp_path_factory.getbasetemp()
    upstream = _write(folder, write_responses, responses.items())
    assert read_mine(upstream, responses) == {"me": responses}
    own = _write(folder, write_own_responses, [(task, "w", text) for task, text in responses.items()])
    assert read_responses(own, list(responses)) == {"w": responses}


scorings = st.lists(st.tuples(st.none() | st.integers(1, 10), texts), min_size=1, max_size=4)


@settings(deadline=None)
@given(st.dictionaries(ids, st.dictionaries(texts, scorings, min_size=1, max_size=3), min_size=1, max_size=4))
def test_scores_written_in_either_shape_are_read_back_exactly(tmp_path_factory, tree):
    folder = tmp_path_factory.getbasetemp()
    rows = [
        _score(task, node, score, repeat, reason)
        for task, by_node in tree.items()
        for node, found in by_node.items()
        for repeat, (score, reason) in enumerate(found)
    ]
    nodes = {task: frozenset(by_node) for task, by_node in tree.items()}
    assert read_scores(_write(folder, write_scores, rows), nodes) == rows
    assert read_scores(_write(folder, write_own_scores, rows), nodes) == rows
    assert read_scores(_write(folder, write_own_scores, rows[::-1]), nodes) == rows[::-1]
