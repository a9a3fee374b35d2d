"""`penmark weval import` and `export`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import dump, jsonl, lines
from weval_scripts import builder, seeds

DEMANDS = ["Use at most 40 words.", "Tell it in verse."]
KINDS = ["length_words", "Style"]


def line(*, prompt="Write a note.\n1. Use at most 40 words.\n2. Tell it in verse.", kept=2, **changed):
    row = {
        "prompt": prompt,
        "chosen": f"A note to {kept}.",
        "constraint": DEMANDS[:kept],
        "instruction_id_list": KINDS[:kept],
    }
    return {**row, **changed}


def test_groups_that_are_written_read_back_the_same(penmark):
    two = seeds("seeds.jsonl", "Write about a boat.", "写一条船。")
    penmark("weval build --no-filter --seeds", two, "--model", builder()).ok()
    done = penmark("weval export -o groups.jsonl").ok()
    assert "10 responses in 2 groups" in done.err
    rows = lines(Path("groups.jsonl").read_text(encoding="utf-8"))
    assert set(rows[0]) > {"prompt", "chosen", "constraint", "instruction_id_list"}
    assert [len(row["constraint"]) for row in rows[:5]] == [5, 4, 3, 2, 1]
    penmark("weval import groups.jsonl --db other.db").ok()
    assert dump("other.db")["tasks"] == dump("penmark.db")["tasks"]
    penmark("weval export --db other.db -o again.jsonl").ok()
    assert Path("again.jsonl").read_bytes() == Path("groups.jsonl").read_bytes()
    assert "0 new responses" in penmark("weval import groups.jsonl --db other.db").ok().err


def test_a_file_in_upstreams_shape_is_ranked(penmark):
    other = "Write a poem.\n1. Use at most 40 words.\n2. Tell it in verse."
    jsonl("eval.jsonl", line(), line(kept=1), line(prompt=other), line(prompt=other, kept=1))
    assert "4 new responses in 2 groups" in penmark("weval import eval.jsonl --bench theirs").ok().err
    found = penmark("weval rank --bench theirs --judge rules --no-blind --json").ok().json()
    assert found["groups"] == 2
    assert list(found["judges"]["golden"]["by_kind"]) == ["style"]
    assert found["judges"]["golden"]["correlation"]["value"] == 1
    rows = lines(penmark("weval export --bench theirs").ok().out)
    assert [row["seed"] for row in rows] == ["Write a note."] * 2 + ["Write a poem."] * 2


def test_the_next_command_can_be_pasted_whatever_the_name(penmark):
    built = penmark(
        "weval build --no-filter --bench", "my groups", "--seeds", seeds("s.jsonl", "Boat."), "--model", builder()
    )
    assert "next: penmark weval rank --bench 'my groups' --judge" in built.ok().err
    jsonl("eval.jsonl", line(), line(kept=1))
    taken = penmark("weval import eval.jsonl --bench", "their groups").ok()
    assert "next: penmark weval rank --bench 'their groups' --judge" in taken.err


def test_requirements_may_be_lines_of_a_text_and_groups_go_by_number(penmark):
    rows = [line(constraint="\n".join(DEMANDS), instruction_id_list="length\nstyle"), line(prompt="Write.", kept=1)]
    jsonl("eval.jsonl", *rows)
    assert "in 1 group:" in penmark("weval import eval.jsonl --group-size 2").ok().err
    penmark("weval import eval.jsonl --db o.db --group-size 3").refused("eval.jsonl:1: prompt: 2 lines in this group")


@pytest.mark.parametrize(
    ("second", "told"),
    [
        (
            line(kept=1, constraint=["Rhyme."]),
            'eval.jsonl:2: constraint: "Rhyme." is not among those of the first line, 1',
        ),
        (line(), "eval.jsonl:2: constraint: 2 requirements, as another line of the group has"),
        (line(kept=1, instruction_id_list=["tone"]), 'eval.jsonl:2: instruction_id_list: unknown: "tone"'),
        (line(kept=1, instruction_id_list=KINDS), "eval.jsonl:2: instruction_id_list: 2 kinds of 1 requirements"),
        (line(kept=1, constraint=None), "eval.jsonl:2: constraint: null is not a list of texts"),
        (line(kept=1, prompt="Else."), "eval.jsonl:1: prompt: 1 line in this group; a group needs two or more"),
        ({"prompt": "x"}, "eval.jsonl:2: chosen: missing"),
        ("{", "eval.jsonl:2: invalid JSON"),
    ],
)
def test_a_bad_line_is_refused_and_nothing_is_stored(penmark, second, told):
    jsonl("eval.jsonl", line(), second if isinstance(second, str) else json.dumps(second))
    penmark("weval import eval.jsonl").refused(told)
    assert dump("penmark.db") == {}


def test_a_group_in_two_places_is_refused(penmark):
    jsonl("eval.jsonl", line(), line(kept=1), line(prompt="x"), line(prompt="x", kept=1), line(), line(kept=1))
    penmark("weval import eval.jsonl").refused("eval.jsonl:5: prompt: a group with this prompt begins on line 1 too")


def test_two_groups_of_one_name_are_refused(penmark):
    first = [line(task="a"), line(task="a", kept=1)]
    jsonl("eval.jsonl", *first, line(prompt="x", task="a"), line(prompt="x", task="a", kept=1))
    penmark("weval import eval.jsonl").refused('eval.jsonl:3: task: the group on line 1 is called "a" too')


def test_other_groups_of_the_same_name_are_refused(penmark):
    jsonl("eval.jsonl", line(), line(kept=1))
    penmark("weval import eval.jsonl").ok()
    jsonl("other.jsonl", line(prompt="Write."), line(prompt="Write.", kept=1))
    penmark("weval import other.jsonl").refused("holds other groups of 'weval' for 1")
    penmark("weval import eval.jsonl --bench sample").refused("'sample' is a benchmark of penmark's own")
