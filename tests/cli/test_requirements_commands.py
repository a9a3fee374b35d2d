"""`penmark requirements extract` and `check`."""

import json
from pathlib import Path

import pytest
from commands import script

QUERY = "写一首50字以内的诗，不要使用逗号。"


def write(name, *rows):
    Path(name).write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return name


def test_one_query_gives_its_demands_with_checks_and_quotes(penmark):
    done = penmark("requirements extract --json --query", QUERY).ok()
    (task,) = done.json()
    assert [r["check"] for r in task["requirements"]] == [
        {"name": "words", "arguments": {"most": 50}},
        {"name": "no_commas", "arguments": {}},
    ]
    assert all(r["quote"] in QUERY for r in task["requirements"])
    assert "2 requirements in 1 query, 2 of them checkable by rule; 0 queries without any" in done.err


@pytest.mark.parametrize("line", ["extract --query", "check poem.txt --query"])
@pytest.mark.parametrize("query", ["", " \n"])
def test_a_blank_query_is_refused_as_one_that_demands_nothing(penmark, line, query):
    Path("poem.txt").write_text("月光", encoding="utf-8")
    done = penmark(f"requirements {line}", query)
    assert done.code == 2
    assert f"--query is {query!r}, expected what a writer is asked for" in done.err
    assert not done.out


def test_a_benchmark_and_a_file_give_those_of_their_queries(penmark):
    assert len(penmark("requirements extract --bench sample --limit 3 --json").ok().json()) == 3
    file = write("q.jsonl", {"query": "Write 300 words."}, {"query": "Write."})
    done = penmark("requirements extract", file).ok()
    assert "words about=300" in done.out
    assert "1 query without any" in done.err


def test_what_was_extracted_is_checked_by_task(penmark):
    write("q.jsonl", {"query": QUERY, "index": 7})
    penmark("requirements extract q.jsonl -o demands.jsonl").ok()
    write("t.jsonl", {"task": "7", "response": "月光，照着窗。"}, {"task": 7, "response": ""})
    done = penmark("requirements check t.jsonl --requirements demands.jsonl --json").ok()
    assert [(row["text"], row["is_met"], row["distance"]) for row in done.json()] == [
        ("7", True, 0.0), ("7", False, 1.0), ("7", True, 0.0), ("7", True, 0.0),
    ]  # fmt: skip
    assert "3 of 4 demands met" in done.err


def test_a_text_file_is_checked_against_one_query(penmark):
    Path("poem.txt").write_text("月光，照着窗。", encoding="utf-8")
    done = penmark("requirements check poem.txt --query", QUERY).ok()
    assert "1 commas" in done.out
    assert "1 of 2 demands met; 0 more take a reader" in done.err


def test_each_line_may_carry_its_own_query_or_requirements(penmark):
    own = {"kind": "content", "text": "the sea", "check": {"name": "includes", "arguments": {"words": ["sea"]}}}
    reader = {"kind": "style", "text": "be kind"}
    file = write(
        "t.jsonl",
        {"response": "One two.", "query": "Write exactly 2 words."},
        {"response": "The sea.", "requirements": [own, reader]},
    )
    done = penmark("requirements check --json", file).ok()
    assert [(row["text"], row["is_met"]) for row in done.json()] == [("line 1", True), ("line 2", True)]
    assert "2 of 2 demands met; 1 more take a reader" in done.err


def test_responses_to_a_benchmark_are_checked_by_its_demands(penmark):
    file = write("t.jsonl", {"id": "zh-05", "response": "一诺，你真棒。"})
    rows = penmark("requirements check --bench sample --json", file).ok().json()
    assert {row["check"].split()[0]: row["is_met"] for row in rows} == {
        "words": False, "paragraphs": True, "excludes": True,
    }  # fmt: skip


@pytest.mark.parametrize("words", ["", "q.jsonl --bench sample", "--bench sample --query x"])
def test_queries_come_from_one_place(penmark, words):
    write("q.jsonl", {"query": "x"})
    penmark(f"requirements extract {words}").refused("give queries as FILE, with --bench BENCH or with --query TEXT")


def test_malformed_files_are_refused_with_line_and_remedy(penmark):
    penmark("requirements extract missing.jsonl").refused("missing.jsonl", "no such file")
    write("q.jsonl", {"query": ""}, {"text": "x"})
    penmark("requirements extract q.jsonl").refused("q.jsonl:1", "q.jsonl:2", "query: missing")
    bad = {"kind": "length", "check": {"name": "wordz", "arguments": {}}}
    write("d.jsonl", {"task": "1", "requirements": [bad]}, {"task": "1", "requirements": []})
    write("t.jsonl", {"task": "2", "response": "x"})
    penmark("requirements check t.jsonl --requirements d.jsonl").refused(
        'requirements[0]["check"]', "there is no check 'wordz'", "d.jsonl:2", "task 1 stands twice"
    )
    write("d.jsonl", {"task": "1", "requirements": [{"kind": "length", "check": {"name": "words", "arguments": [5]}}]})
    penmark("requirements check t.jsonl --requirements d.jsonl").refused("is not an object")
    write("d.jsonl", {"task": "1", "requirements": []})
    penmark("requirements check t.jsonl --requirements d.jsonl").refused(
        "no requirements are known for", "use one of 1"
    )
    penmark("requirements check t.jsonl").refused("t.jsonl:1", "give a query, its own requirements or a task")
    penmark("requirements check t.jsonl --requirements d.jsonl --bench sample").refused("give one of")
    penmark("requirements check missing.txt --query x").refused("missing.txt cannot be read")


def test_a_model_adds_what_takes_a_reader(penmark):
    found = {"kind": "style", "text": "The tone is kind.", "quote": "kindly"}
    model = script("m.jsonl", {"replies": [json.dumps({"requirements": [found]})]})
    words = ["requirements extract --json --query", "Write 300 words, kindly.", "--model", model]
    (task,) = penmark(*words).ok().json()
    assert [(r["kind"], r["check"] is None) for r in task["requirements"]] == [("length", False), ("style", True)]
    done = penmark(*words, "--max-calls", 0).ok()
    assert len(done.json()[0]["requirements"]) == 2, "a second run costs nothing"


def test_a_reply_that_quotes_what_the_query_does_not_say_adds_nothing_and_lowers_the_coverage(penmark):
    made_up = {"kind": "style", "text": "It rhymes.", "quote": "in rhyme"}
    model = script("m.jsonl", {"replies": [json.dumps({"requirements": [made_up]})]})
    done = penmark("requirements extract --query", "Write 300 words, kindly.", "--model", model)
    assert done.code == 3
    assert "the query does not say 'in rhyme'" in done.err
    assert "words about=300" in done.out


def test_a_dry_run_says_what_it_would_take_and_sends_nothing(penmark):
    model = script("m.jsonl", {"replies": ["never asked"]})
    done = penmark("requirements extract --dry-run --query", "Write.", "--model", model).ok()
    assert "Nothing was sent." in done.out
    assert not Path("penmark.db").exists()
