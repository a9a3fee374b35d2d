"""`penmark weval build`."""

from __future__ import annotations

import itertools
import json

import pytest
from commands import calls, dump, jsonl, script
from weval_scripts import ENGLISH, builder, constraints, seeds

from penmark.requirements.dropout import SEED, dropped_by
from penmark.store import Store, reads
from tiny_checkpoints import save_tiny_bert

BUILD = "weval build --no-filter --seeds"


@pytest.fixture
def two(tmp_path) -> str:
    return seeds("seeds.jsonl", "Write at least 6 words about a boat.", "写一条船。")


def groups(bench="weval"):
    with Store("penmark.db", create=False) as store:
        return [task for task, _ in reads.tasks(store.db, bench)]


def texts(bench="weval"):
    with Store("penmark.db", create=False) as store:
        return {(task.id, r.writer): r.text for task, r in reads.responses(store.db, bench)}


def test_a_seed_becomes_a_group_of_five_responses_to_ever_fewer_requirements(penmark, two):
    done = penmark(BUILD, two, "--model", builder()).ok()
    assert "2 groups from 2 seeds: benchmark weval" in done.err
    english, chinese = groups()
    assert english.instruction.startswith(
        "Write at least 6 words about a boat.\n\nRequirements:\n1. Use fewer than 2,000 words in all.\n2. "
    )
    assert chinese.instruction.startswith("写一条船。\n\n要求：\n1. 全文不超过三千字。")
    assert [r.kind for r in english.requirements] == ["length", "content", "style", "format", "content"]
    assert all(r.quote in english.instruction for r in english.requirements)
    dropped = list(dropped_by(english).values())
    assert [len(places) for places in dropped] == [0, 1, 2, 3, 4]
    assert all(set(fewer) < set(more) for fewer, more in itertools.pairwise(dropped))
    assert {text.split(":")[0] for (_, writer), text in texts().items() if writer == "weval/drop-2"} == {"Shown 3"}
    assert len(texts()) == 10


def test_what_is_dropped_is_drawn_with_the_seed_and_differs_between_groups(penmark):
    many = seeds("many.jsonl", *(f"Write about boat {n}." for n in range(8)))
    penmark(BUILD, many, "--model", builder(), "--dropout-seed", 1).ok()
    penmark(BUILD, many, "--model", builder(), "--dropout-seed", 2, "--bench", "other").ok()
    first = [list(dropped_by(task).values()) for task in groups()]
    second = [list(dropped_by(task).values()) for task in groups("other")]
    assert first != second
    assert len({repr(places) for places in first}) > 1


def test_the_same_command_goes_on_where_it_stopped_and_pays_nothing_twice(penmark, two):
    stopped = penmark(BUILD, two, "--model", builder(), "--max-calls", 5)
    assert stopped.code == 3
    assert "go on with: penmark" in stopped.err
    penmark(BUILD, two, "--model", builder()).ok()
    assert calls() == 12  # two of requirements, ten of responses
    before = dump("penmark.db")
    penmark(BUILD, two, "--model", builder()).ok()
    assert dump("penmark.db")["calls"] == before["calls"]


def test_a_dry_run_sends_and_stores_nothing(penmark, two):
    done = penmark(BUILD, two, "--model", builder(), "--dry-run").ok()
    assert "Nothing was sent" in done.out
    assert dump("penmark.db") == {}


def test_a_requirement_with_a_wide_space_is_usable(penmark, two):
    spaced = {"when": ["c1 to c5"], "replies": [constraints(c5="Name three\u3000colours.")]}
    assert "2 groups from 2 seeds" in penmark(BUILD, two, "--model", builder("b.jsonl", spaced)).ok().err


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ("five of them", "not one JSON object"),
        (json.dumps({"c1": "Rhyme.", "t1": "style"}), "expected ['c1', 't1'"),
        (constraints(c2=" "), "'c2' is empty or not a text"),
        (constraints(c2="Two\nlines."), "has line breaks in it"),
        (constraints(t2="tone"), "'t2' is 'tone', expected one of style, format, length, content"),
        (constraints(c5="Tell it in  the first PERSON."), "a requirement stands twice"),
        (constraints(c5="words about a boat"), "the query asks for this already"),
        (constraints(c2="Use at least 3,000 words in all.", t2="length"), "no text can meet both"),
        (constraints(c4="Write no more than 5 words.", t4="length"), "no text can meet both"),
        (constraints(**dict.fromkeys(("t1", "t2", "t3", "t4", "t5"), "style")), "all requirements are of the kind"),
    ],
)
def test_a_seed_without_five_usable_requirements_is_asked_again_and_then_left_out(penmark, two, reply, why):
    bad = {"when": ["c1 to c5"], "replies": [reply]}
    done = penmark(BUILD, two, "--model", builder("b.jsonl", bad))
    assert done.code == 3
    assert "no requirements for seed 1, left out" in done.err
    assert why in done.err
    assert [task.id for task in groups()] == ["2"]
    assert calls() == 3 + 1 + 5


def test_a_second_reply_may_do(penmark, two):
    again = {"when": ["c1 to c5"], "replies": ["hm", constraints()]}
    penmark(BUILD, two, "--model", builder("b.jsonl", again)).ok()
    assert len(groups()) == 2


def test_the_writer_may_be_another_model_and_sees_no_more_than_the_query(penmark, two):
    writer = script("w.jsonl", {"when": ["c1"], "replies": ["leaked"]}, {"replies": ["A text."]})
    penmark(BUILD, two, "--model", builder(), "--writer", writer).ok()
    assert set(texts().values()) == {"A text."}


def test_seeds_may_be_a_benchmark(penmark):
    penmark("weval build --no-filter --seeds sample --limit 2 --model", builder()).ok()
    assert [task.id for task in groups()] == ["en-01", "zh-01"]
    assert groups()[0].reference


def test_other_groups_of_the_same_name_are_refused_before_anything_is_written(penmark, two):
    penmark(BUILD, two, "--model", builder()).ok()
    before = len(texts())
    done = penmark(BUILD, two, "--model", builder(), "--dropout-seed", 7)
    assert done.code == 2
    assert "holds other groups of 'weval' for 1, 2" in done.err
    assert "--bench NAME" in done.err
    assert len(texts()) == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--seeds seeds.jsonl", "--encoder DIR keeps those near prototypes"),
        ("--seeds seeds.jsonl --no-filter --encoder here", "give one of the two"),
        ("--seeds seeds.jsonl --no-filter --bench sample", "'sample' is a benchmark of penmark's own"),
        ("--seeds none.jsonl --no-filter", "none.jsonl is neither a file nor a benchmark"),
        ("--seeds seeds.jsonl --encoder none", "--encoder none"),
    ],
)
def test_wrong_usage_is_refused_before_anything_is_sent(penmark, two, words, told):
    penmark(f"weval build {words} --model", builder()).refused(told)
    assert dump("penmark.db") == {}


def test_the_requirements_are_as_the_model_gave_them(penmark, two):
    penmark(BUILD, two, "--model", builder()).ok()
    assert [r.text for r in groups()[0].requirements] == [ENGLISH[f"c{n}"] for n in range(1, 6)]


def test_seeds_far_from_every_prototype_are_left_out(penmark, tmp_path):
    save_tiny_bert(tmp_path / "encoder")
    two = seeds("seeds.jsonl", "abc abc", "zyx")
    jsonl("own.jsonl", {"category": "a", "query": "abc abc"})
    words = ("--encoder encoder --prototypes own.jsonl --min-similarity 0.999 --seeds", two, "--model", builder())
    done = penmark("weval build " + words[0], *words[1:]).ok()
    assert "1 of 2 seeds are within 0.999 of a prototype" in done.err
    assert [(task.tags[SEED], task.tags["task_type"]) for task in groups()] == [("abc abc", "a")]


def test_a_query_whose_own_demands_are_misread_is_not_held_against_its_requirements(penmark):
    odd = seeds("seeds.jsonl", "Write a title of at most 8 words and a text of 100 to 140 words.")
    penmark(BUILD, odd, "--model", builder()).ok()
    assert len(groups()) == 1
