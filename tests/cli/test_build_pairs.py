"""`penmark build pairs`: which texts, which demands, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import jsonl, lines

from mirror_texts import some_texts
from penmark.train.data import read_pairs


def rows(path):
    return lines(Path(path).read_text(encoding="utf-8"))


@pytest.fixture
def texts():
    """A file of texts to the same prompts, three each."""
    made = [{"task": t.task, "prompt": t.prompt, "response": t.text, "writer": t.writer} for t in some_texts(20)]
    return jsonl("texts.jsonl", *made)


def test_only_the_sorts_of_demands_that_were_named_are_in_the_pairs_each_as_often(penmark, texts):
    penmark(
        "build pairs --couples 12 --language en --most-broken 2 --sort includes --sort starts_with -o p.jsonl --texts",
        texts,
    ).ok()
    made = rows("p.jsonl")
    assert {r["check"]["name"] for row in made for r in row["requirements"]} == {"includes", "starts_with"}
    counts = json.loads(Path("p.card.json").read_text(encoding="utf-8"))["counts"]["broken demands by check"]
    assert abs(counts["includes"] - counts["starts_with"]) <= 2 * 3  # A couple is two pairs.
    assert [set(pair.checks) for pair in read_pairs(Path("p.jsonl"))] == [set(row["checks"]) for row in made]


def test_passages_are_short_and_the_card_says_how_they_were_taken(penmark, texts):
    penmark("build pairs --passages 8-20 --couples 6 --most-broken 1 --language en -o p.jsonl --texts", texts).ok()
    made = rows("p.jsonl")
    assert {row["language"] for row in made} == {"en"}
    assert all(8 <= len(row[side].split()) <= 20 for row in made for side in ("chosen", "rejected"))
    assert all(row["prompt"].startswith("Write a short passage.\n") for row in made)
    settings = json.loads(Path("p.card.json").read_text(encoding="utf-8"))["settings"]
    assert (settings["passages"], settings["tasks"]) == ("8-20", "all")


def test_the_two_sides_share_no_task(penmark, texts):
    for side in ("train", "held-out"):
        command = f"build pairs --side {side} --held-out-share 0.4 --couples 40 --language en -o {side}.jsonl --texts"
        penmark(command, texts).ok()
    train, held_out = ({row["task"] for row in rows(f"{side}.jsonl")} for side in ("train", "held-out"))
    assert train
    assert held_out
    assert not train & held_out


def test_pairs_by_writer_choose_the_first_named(penmark, texts):
    penmark("build pairs --by writer --writer w2 --writer w0 --couples 4 --closeness 3 -o p.jsonl --texts", texts).ok()
    made = rows("p.jsonl")
    assert len(made) == 8
    assert {(row["writers"]["chosen"], row["writers"]["rejected"]) for row in made} == {("w2", "w0")}
    assert len(read_pairs(Path("p.jsonl"))) == 8


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("--sort rhymes", "--sort rhymes: there is no such sort of demand; choose from words, sentences"),
        ("--sort includes", "1 sorts cannot make 3 broken demands"),
        ("--passages 40", "--passages '40' is no range of words"),
        ("--passages 40-20", "--passages '40-20' is no range of words"),
        ("--by writer", "--by writer takes two writers, the better one first, found 0"),
        ("--by writer --writer a --writer a", "--by writer takes two writers"),
        ("--side held-out --held-out-share 0", "no sample could be made: there are no texts"),
    ],
)
def test_what_cannot_be_made_is_refused_and_nothing_is_written(penmark, texts, command, problem):
    penmark(f"build pairs {command} -o p.jsonl --texts", texts).refused(problem)
    assert not list(Path().glob("p.*"))


def test_groups_give_whole_texts(penmark, judged):
    penmark("build pairs --by dropout --bench sample --passages 20-40 -o p.jsonl").refused("leave --passages out")


def test_groups_of_real_texts_are_ranked_in_their_order_by_the_rules_they_were_made_with(penmark, texts):
    command = "build groups --size 3 --groups 6 --language en --closeness 2 --sort includes --sort excludes"
    penmark(f"{command} -o groups.jsonl --texts", texts).ok()
    assert len(rows("groups.jsonl")) == 6 * 3 == json.loads(Path("groups.card.json").read_text("utf-8"))["samples"]
    penmark("weval import groups.jsonl").ok()
    penmark("weval rank --judge rules").ok()
    judges = penmark("weval report --format json").ok().json()["judges"]
    assert judges["rules"]["correlation"]["value"] == 1
    assert judges["constant"]["correlation"]["value"] == 0
