"""Responses whose lines say who wrote them, in several files, and references taken in as a writer's."""

import time

import pytest
from commands import REAL_DATA, dump, jsonl, lines, sample_rows

FIRST, SECOND, THIRD = (row["id"] for row in sample_rows()[:3])
IMPORT = "import responses --bench sample"


def said(task, model, output="文章"):
    """A line of HoWToBench's shape."""
    return {"infer_id": task, "bench_id": "b_1", "task_type": "open", "model": model, "output": output}


def stored(penmark, *words):
    rows = lines(penmark("export responses --format penmark", *words).ok().out)
    return {(row["writer"], row["task"]): row["response"] for row in rows}


def test_several_files_are_taken_in_under_the_writers_they_name(penmark):
    one = jsonl("one.jsonl", said(FIRST, "m1"), said(SECOND, "m1", ""))
    two = jsonl("two.jsonl", said(FIRST, "m2"), said(THIRD, "m1"))
    done = penmark(IMPORT, one, two).ok()
    assert done.out.splitlines() == [
        "3 new responses by m1 to sample, 0 were there already",
        "1 new responses by m2 to sample, 0 were there already",
    ]
    assert stored(penmark, "--bench", "sample") == {
        ("m1", FIRST): "文章", ("m1", SECOND): "", ("m1", THIRD): "文章", ("m2", FIRST): "文章",
    }  # fmt: skip
    again = penmark(IMPORT, two, one).ok()
    assert again.out.count("0 new responses") == 2
    assert any("one.jsonl, two.jsonl" in run for run in dump("penmark.db")["runs"])


def test_what_penmark_exports_names_its_writers_and_comes_back_as_it_was(penmark):
    penmark(IMPORT, jsonl("in.jsonl", said(FIRST, "m1"), said(FIRST, "m2", "other"))).ok()
    penmark("export responses --format penmark -o out.jsonl").ok()
    penmark(IMPORT, "out.jsonl", "--db", "second.db").ok()
    assert stored(penmark, "--db", "second.db") == {("m1", FIRST): "文章", ("m2", FIRST): "other"}


def test_a_writer_that_is_given_wins(penmark):
    penmark(IMPORT, "--writer", "mine", jsonl("in.jsonl", said(FIRST, "m1"), said(SECOND, "m2"))).ok()
    assert set(stored(penmark)) == {("mine", FIRST), ("mine", SECOND)}


def test_responses_without_any_writer_are_refused_with_the_option_that_names_one(penmark):
    path = jsonl("in.jsonl", {"index": FIRST, "response": "x"}, {"index": SECOND, "response": "y"})
    penmark(IMPORT, path).refused("in.jsonl:1: index: ", "does not say who wrote", "--writer NAME")
    assert dump("penmark.db") == {}


def test_one_bad_file_keeps_the_others_out(penmark):
    good, bad = jsonl("good.jsonl", said(FIRST, "m1")), jsonl("bad.jsonl", said("en-99", "m1"))
    penmark(IMPORT, good, bad).refused("bad.jsonl:1: infer_id: ", 'no query "en-99"')
    assert dump("penmark.db") == {}


def test_two_files_that_disagree_on_a_response_are_refused(penmark):
    one, two = jsonl("one.jsonl", said(FIRST, "m1")), jsonl("two.jsonl", said(FIRST, "m1", "another"))
    penmark(IMPORT, one, two).refused("two.jsonl", "'m1'", FIRST, "--writer")
    assert dump("penmark.db") == {}
    penmark(IMPORT, one, jsonl("same.jsonl", said(FIRST, "m1"))).ok()


def test_scores_are_of_one_file_and_a_named_writer(penmark):
    path = jsonl("s.jsonl", {"index": FIRST, "scores": {}})
    assert penmark("import scores --bench sample --judge J", path).code == 2
    assert penmark("import scores --bench sample --judge J --writer w", path, path).code == 2
    row = {"infer_id": FIRST, "scores": {}}
    penmark("import scores --bench sample --judge J --writer w", jsonl("i.jsonl", row)).refused("index: missing")


def test_the_references_are_taken_in_as_a_writers_responses(penmark):
    done = penmark("import references --bench sample").ok()
    assert done.out == "24 new responses by reference to sample, 0 were there already\n"
    references = {("reference", row["id"]): row["reference"] for row in sample_rows()}
    assert stored(penmark) == references
    penmark("import references --bench sample --writer people").ok()
    assert penmark("import references --bench sample").ok().out.startswith("0 new responses")
    penmark("judge sample --judge length").ok()
    assert set(penmark("report --json").ok().json()["writers"]) == {"reference", "people"}


@pytest.mark.data
def test_a_benchmark_without_references_has_none_to_take_in(penmark):
    if not (REAL_DATA / "writingbench").is_dir():
        pytest.skip("the real data is not here")
    penmark("import references --bench writingbench --data", REAL_DATA).refused("no task of writingbench", "--bench")
    assert dump("penmark.db") == {}


@pytest.mark.data
def test_ten_real_writers_come_in_within_seconds_their_empty_texts_included(penmark):
    if not (REAL_DATA / "howtobench").is_dir():
        pytest.skip("the real data is not here")
    files = sorted((REAL_DATA / "howtobench" / "data").glob("*/inferences/*.jsonl"))
    began_s = time.monotonic()
    done = penmark("import responses --bench howtobench --data", REAL_DATA, *files).ok()
    assert time.monotonic() - began_s < 20
    assert done.out.count("195 new responses by ") == 10
    penmark("import references --bench howtobench --data", REAL_DATA).ok()
    texts = stored(penmark)
    assert len(texts) == 11 * 195
    assert sum(text == "" for text in texts.values()) == 8
    assert len({writer for writer, _ in texts}) == 11
    penmark("judge howtobench --judge length").ok()
    report = penmark("report --json").ok().json()["writers"]
    assert {(writer["count"], writer["coverage"]) for writer in report.values()} == {(195, 1.0)}
