import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penmark.errors import DataError
from penmark.jsonl import Row, raise_problems, read_jsonl, shown
from penmark.protocols import Problem


def _read(tmp_path, content):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    problems = []
    return [(row.line, row.values) for row in read_jsonl(path, problems)], problems


def test_each_line_comes_with_its_number_and_blank_lines_are_skipped(tmp_path):
    rows, problems = _read(tmp_path, b'{"a": 1}\n\n  \r\n{"a": 2}\r\n{"a": "\xe2\x80\xa8"}')
    assert rows == [(1, {"a": 1}), (4, {"a": 2}), (5, {"a": "\u2028"})]
    assert problems == []


def test_a_byte_order_mark_at_the_start_is_accepted_and_nowhere_else(tmp_path):
    rows, problems = _read(tmp_path, b'\xef\xbb\xbf{"a": 1}\n\xef\xbb\xbf{"a": 2}\n')
    assert rows == [(1, {"a": 1})]
    assert [problem.line for problem in problems] == [2]


@pytest.mark.parametrize(
    ("bad", "field", "found", "remedy"),
    [
        (b'{"a": "\xff"}', "", "invalid UTF-8 at byte offset 7 of the line (0xff)", "save the file as UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "", "invalid UTF-8 at byte offset 7", "save the file as UTF-8"),
        (b"[1, 2]", "", "[1, 2] is not an object", "write one JSON object a line"),
        (b"null", "", "null is not an object", "write one JSON object a line"),
        (b'{"a": 1} {"a": 2}', "", "invalid JSON (Extra data", "write one JSON object a line"),
        (b'{"a": }', "", "invalid JSON (Expecting value at character 7)", "write one JSON object a line"),
        (b'{"a": NaN}', "", "invalid JSON (NaN is not JSON)", "write one JSON object a line"),
        (b"[" * 200_000, "", "invalid JSON (", "write one JSON object a line"),
        (b'{"a": ' + b"9" * 5000 + b"}", "", "invalid JSON (", "write one JSON object a line"),
        (b'{"index": 1, "index": 2}', "index", "the key stands twice in one object", "keep one of them"),
        (b'{"x": {"k": 1, "k": 1}}', "k", "the key stands twice in one object", "keep one of them"),
    ],
)
def test_a_malformed_line_is_a_problem_and_the_lines_around_it_are_read(tmp_path, bad, field, found, remedy):
    rows, problems = _read(tmp_path, b'{"n": 1}\n' + bad + b'\n{"n": 3}\n')
    assert rows == [(1, {"n": 1}), (3, {"n": 3})]
    (problem,) = problems
    assert (problem.path, problem.line, problem.field) == (tmp_path / "rows.jsonl", 2, field)
    assert found in problem.found
    assert problem.remedy == remedy


@pytest.mark.parametrize("end", ['{"a": "long', '{"a": 1, ', "tru", '{"a": 1'])
def test_a_truncated_last_line_is_named_as_such(tmp_path, end):
    rows, problems = _read(tmp_path, f'{{"a": 1}}\n{end}'.encode())
    assert rows == [(1, {"a": 1})]
    assert "incomplete last line" in problems[0].found
    assert "cut off" in problems[0].remedy


def test_a_last_line_cut_inside_a_character_says_where_and_why(tmp_path):
    _, problems = _read(tmp_path, '{"a": 1}\n{"a": "写'.encode()[:-1])
    assert "invalid UTF-8 at byte offset 7" in problems[0].found
    assert "cut off" in problems[0].remedy


def test_the_offset_of_a_bad_byte_counts_the_byte_order_mark(tmp_path):
    _, problems = _read(tmp_path, b'\xef\xbb\xbf{"\xff": 1}\n')
    assert "byte offset 5 of the line (0xff)" in problems[0].found


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_an_empty_file_is_a_problem(tmp_path, content):
    rows, problems = _read(tmp_path, content)
    assert rows == []
    assert [(p.line, p.found) for p in problems] == [(0, "no records, the file is empty")]


def test_a_missing_file_and_a_folder_are_problems(tmp_path):
    problems = []
    assert list(read_jsonl(tmp_path / "none.jsonl", problems)) == []
    assert list(read_jsonl(tmp_path, problems)) == []
    assert [str(p).partition("; ")[0] for p in problems] == [
        f"{tmp_path / 'none.jsonl'}: no such file",
        f"{tmp_path}: cannot be read (Is a directory)",
    ]


def test_lines_are_read_one_at_a_time(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": 1}\nnonsense\n', encoding="utf-8")
    problems = []
    rows = read_jsonl(path, problems)
    assert next(rows).values == {"a": 1}
    assert problems == []
    assert list(rows) == []
    assert len(problems) == 1


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = scalars | st.lists(scalars, max_size=2) | st.dictionaries(st.text(), scalars, max_size=2)


@settings(deadline=None)
@given(st.lists(st.dictionaries(st.text(), values, max_size=3), min_size=1, max_size=3))
def test_what_json_writes_is_read_back(tmp_path_factory, objects):
    content = "\n".join(json.dumps(o) for o in objects)
    rows, problems = _read(tmp_path_factory.getbasetemp(), content.encode())
    assert [values for _, values in rows] == objects
    assert problems == []


@settings(deadline=None)
@given(st.binary())
def test_no_content_makes_the_reader_fail(tmp_path_factory, content):
    rows, problems = _read(tmp_path_factory.getbasetemp(), content)
    assert rows or problems


def _row(tmp_path, values):
    problems = []
    return Row(tmp_path / "f.jsonl", 7, values, problems), problems


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({}, "missing"),
        ({"name": None}, "null is not a text"),
        ({"name": 5}, "5 is not a text"),
        ({"name": " \n"}, "empty"),
        ({"name": "a\ud800"}, 'half a character (a lone surrogate) in "a\\ud800"'),
    ],
)
def test_a_text_field_that_holds_no_text_is_reported(tmp_path, values, found):
    row, problems = _row(tmp_path, values)
    row.text("name")
    assert [(p.line, p.field, p.found) for p in problems] == [(7, "name", found)]
    assert not row.is_sound


def test_an_empty_text_passes_where_it_may_be_empty(tmp_path):
    row, problems = _row(tmp_path, {"name": ""})
    assert row.text("name", may_be_empty=True) == ""
    assert problems == []
    assert row.is_sound


def test_a_nested_field_is_named_by_its_way_through_the_line(tmp_path):
    row, problems = _row(tmp_path, {"list": [{"5-6": ""}, 3], "scores": {'a "b"': [{}]}, "flat": 1})
    (first,) = row.children("list")
    first.text("5-6")
    row.child("scores").children('a "b"')[0].text("score")
    assert row.child("flat") is None
    assert row.children("flat") == []
    assert [(p.field, p.found) for p in problems] == [
        ("list[1]", "3 is not an object"),
        ('list[0]["5-6"]', "empty"),
        ('scores["a \\"b\\""][0]["score"]', "missing"),
        ("flat", "1 is not an object"),
        ("flat", "1 is not a list"),
    ]


def test_a_shown_value_is_short_and_can_be_printed():
    assert shown("x" * 500) == '"' + "x" * 79 + "..."
    shown("\udcff\n").encode("utf-8")
    assert "\n" not in shown("a\nb")


def _problems(tmp_path, count):
    return [Problem(path=tmp_path, line=n, field="f", found="odd", remedy="mend it") for n in range(1, count + 1)]


def test_no_problems_raise_nothing():
    raise_problems([], "penmark bench check x")


def test_the_first_ten_problems_are_listed_then_how_many_more_and_the_command(tmp_path):
    with pytest.raises(DataError) as caught:
        raise_problems(_problems(tmp_path, 13), "penmark bench check x")
    lines = str(caught.value).splitlines()
    assert lines[0] == f"{tmp_path}:1: f: odd; mend it"
    assert lines[9].startswith(f"{tmp_path}:10:")
    assert lines[10:] == ["and 3 more", "correct the data and run `penmark bench check x`"]


def test_a_single_problem_without_a_command_is_a_single_line(tmp_path):
    with pytest.raises(DataError) as caught:
        raise_problems(_problems(tmp_path, 1))
    assert str(caught.value) == f"{tmp_path}:1: f: odd; mend it"
