"""`penmark import tasks` and `penmark build tasks`, on the command line."""

import json

import pytest
from commands import dump, jsonl, script

GENRE, QUALITY, TELL = '{"genre": "<', '"quality": <1-5>', '"theme": "..."'
TEXT = "\n\n".join(f"In year {year} the ferry crossed again, and the village slept on." for year in range(12))
OUTLINE = {"theme": "A ferry", "summary": "Tell of it.", "facts": [], "outline": [f"Point {n}." for n in range(5)]}


@pytest.fixture
def model():
    return script(
        "model.jsonl",
        {"when": [GENRE], "replies": ['{"genre": "prose"}']},
        {"when": [QUALITY, "poor"], "replies": ['{"quality": 2, "reason": "Dull."}']},
        {"when": [QUALITY], "replies": ['{"quality": 5, "reason": "Fine."}']},
        {"when": [TELL], "replies": [json.dumps(OUTLINE)]},
    )


def test_tasks_are_taken_in_once_and_known_by_their_name(penmark):
    jsonl("t.jsonl", {"id": "a", "instruction": "Write."}, {"instruction": "写一封信。"})
    assert "2 new tasks of mine, 0 were there already" in penmark("import tasks t.jsonl --bench mine").ok().out
    jsonl("more.jsonl", {"id": "a", "instruction": "Write."}, {"id": "b", "instruction": "More."})
    assert "1 new task of mine, 1 were there already" in penmark("import tasks more.jsonl --bench mine").ok().out
    penmark("write mine --writer", script("w.jsonl", {"replies": ["An essay."]})).ok()
    penmark("judge mine --judge length").ok()
    report = penmark("report --bench mine --format json").ok().json()
    assert report["writers"]["scripted/w.jsonl"]["count"] == 3


def test_a_task_that_changed_is_refused_and_nothing_is_stored(penmark):
    jsonl("t.jsonl", {"id": "a", "instruction": "Write."})
    penmark("import tasks t.jsonl --bench mine").ok()
    before = dump("penmark.db")
    jsonl("t.jsonl", {"id": "new", "instruction": "Another."}, {"id": "a", "instruction": "Write more."})
    penmark("import tasks t.jsonl --bench mine").refused("other tasks of 'mine' under the ids a", "--bench")
    assert dump("penmark.db") == before


def test_the_name_of_a_benchmark_of_penmarks_own_is_refused(penmark):
    jsonl("t.jsonl", {"instruction": "Write."})
    penmark("import tasks t.jsonl --bench sample").refused("a benchmark of penmark's own")
    assert dump("penmark.db") == {}


def test_documents_become_tasks_and_what_is_left_out_is_named(penmark, model):
    jsonl(
        "d.jsonl", {"id": "good", "text": TEXT}, {"id": "bad", "text": f"{TEXT} poor"}, {"id": "short", "text": "Hm."}
    )
    done = penmark("build tasks d.jsonl -o tasks.jsonl --kind open --kind guide --model", model).ok()
    assert "left out: short: 1 word, wanted 100 to 6,000" in done.err
    assert "left out: bad: quality 2 of 5, wanted 4" in done.err
    assert "2 tasks: tasks.jsonl" in done.err
    penmark("import tasks tasks.jsonl --bench mine").ok()
    again = penmark("build tasks d.jsonl --kind open --kind guide --model", model).ok()
    assert [json.loads(line)["id"] for line in again.out.splitlines()] == ["good-open", "good-guide"]


def test_the_next_command_can_be_pasted_whatever_the_names(penmark, model):
    jsonl("d.jsonl", {"text": TEXT})
    made = penmark("build tasks d.jsonl --model", model, "-o", "my tasks.jsonl").ok()
    assert "penmark import tasks 'my tasks.jsonl' --bench NAME" in made.err
    taken = penmark("import tasks", "my tasks.jsonl", "--bench", "my own").ok()
    assert "next: penmark run 'my own' --writer" in taken.out


def test_a_dry_run_counts_the_questions_and_stores_nothing(penmark, model):
    jsonl("d.jsonl", {"text": TEXT}, {"text": f"{TEXT} More.", "genre": "prose"})
    out = penmark("build tasks d.jsonl --dry-run --model", model).ok().out
    calls, prompt_tokens, shared = out.split("scripted/model.jsonl")[1].split()[:3]
    assert calls == "5"
    assert 0 < int(shared.replace(",", "")) < int(prompt_tokens.replace(",", ""))
    assert dump("penmark.db") == {}


def test_no_document_is_read_where_no_length_would_do(penmark, model):
    bounds = "--min-words 9 --max-words 5"
    penmark(f"build tasks gone.jsonl {bounds} --model", model).refused("--min-words 9 is over --max-words 5")


def test_nothing_usable_is_refused_before_anything_is_asked(penmark, model):
    jsonl("d.jsonl", {"text": "Hm."})
    penmark("build tasks d.jsonl --model", model).refused("no document can be used: d-1: 1 word,", "--min-words")
    assert dump("penmark.db") == {}


def test_only_poor_documents_write_no_file_and_end_with_3(penmark, model, tmp_path):
    jsonl("d.jsonl", {"id": "bad", "text": f"{TEXT} poor"})
    done = penmark("build tasks d.jsonl -o tasks.jsonl --model", model)
    assert (done.code, (tmp_path / "tasks.jsonl").exists()) == (3, False)
    assert "0 tasks; nothing written" in done.err
    assert "genre:" not in done.err


@pytest.mark.parametrize(("least", "code"), [("0.5", 0), ("0.9", 3)])
def test_documents_without_a_usable_reply_end_with_3_where_they_are_too_many(penmark, least, code):
    model = script(
        "half.jsonl",
        {"when": [QUALITY, "silent"], "replies": ["I would rather not."]},
        {"when": [QUALITY], "replies": ['{"quality": 5, "reason": "Fine."}']},
        {"when": [TELL], "replies": [json.dumps(OUTLINE)]},
    )
    rows = [{"id": name, "genre": "prose", "text": f"{TEXT} {name}"} for name in ("good", "silent")]
    done = penmark("build tasks", jsonl("d.jsonl", *rows), "--min-coverage", least, "--model", model)
    assert done.code == code
    assert "left out: silent: no quality: " in done.err
    assert len(done.out.splitlines()) == 1
