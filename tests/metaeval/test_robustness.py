"""What perturbed copies do to a judge's scores."""

from __future__ import annotations

import json

import pytest

from penmark import session
from penmark.errors import ConfigError
from penmark.metaeval.copies import copy_writer, draw, save_copies
from penmark.metaeval.perturbations import PERTURBATIONS
from penmark.metaeval.robustness import as_json, robustness, verdict
from penmark.records import Response, Task
from penmark.session import JudgeRequest
from penmark.store import Store, reads

BENCH = "b"
WORDS = ["雾散了。", "山是青的。", "水是绿的。", "他在唱歌。", "我没有说话。", "后来我走了。"]


def text(number):
    """Three paragraphs of sentences that no other text has."""
    said = [f"{number}号{word}" for word in WORDS]
    return "\n\n".join("".join(said[i : i + 2]) for i in (0, 2, 4))


@pytest.fixture
def store(tmp_path):
    """Two writers, six tasks."""
    with Store(tmp_path / "p.db") as store:
        tasks = [Task(bench=BENCH, id=str(n), instruction=f"任务 {n}。", reference=text(n)) for n in range(6)]
        store.save_tasks(dict(enumerate(tasks)))
        for w, writer in enumerate("ab"):
            store.save_writer(writer, {"model": None, "source": "import"})
            store.save_responses(
                *(Response(task=t.key, writer=writer, text=text(10 * w + n)) for n, t in enumerate(tasks))
            )
        store.flush()
        yield store


def judged(store, judge, count=8, seed=0):
    drawn = draw(store, BENCH, [], count, seed)
    copied = save_copies(store, BENCH, drawn, seed)
    session.judge(store, JudgeRequest(bench=BENCH, judge=judge, writers=copied.writers, responses=copied.keys))
    return robustness(store, BENCH, [judge])


def test_texts_are_drawn_evenly_and_by_seed(store):
    drawn = draw(store, BENCH, [], 5, 0)
    assert sorted(r.writer for _, r in drawn) == ["a", "a", "a", "b", "b"]
    assert [r.key for _, r in drawn] == [r.key for _, r in draw(store, BENCH, [], 5, 0)]
    assert [r.key for _, r in drawn] != [r.key for _, r in draw(store, BENCH, [], 5, 1)]
    assert len(draw(store, BENCH, ["b"], 50, 0)) == 6
    with pytest.raises(ConfigError, match="no texts by nobody on b"):
        draw(store, BENCH, ["nobody"], 5, 0)


def test_copies_are_made_once_belong_to_their_text_and_stay_out_of_sight(store):
    drawn = draw(store, BENCH, [], 4, 0)
    before = list(reads.response_keys(store.db, BENCH))
    copied = save_copies(store, BENCH, drawn, 0)
    assert save_copies(store, BENCH, drawn, 0) == copied
    assert copied.impossible == {"strip-markdown": 4}
    assert list(reads.response_keys(store.db, BENCH)) == before
    of = reads.copies(store.db)
    assert of["a~pad"] == "a"
    assert len(of) == 2 * (len(PERTURBATIONS) - 1)
    assert len(copied.keys) == 4 * len(PERTURBATIONS)
    save_copies(store, BENCH, drawn, 1)
    assert reads.copies(store.db)[copy_writer("a", "pad", 1)] == "a"


def test_length_rewards_padding_and_only_the_drawn_texts_are_judged(store):
    made = judged(store, "length", count=8)
    assert made.texts == 8
    by_name = {d.name: d.effects["length"] for d in made.disturbances}
    assert by_name["pad"].verdict == "wrong"
    assert by_name["truncate"].verdict == "right"
    assert by_name["shuffle-paragraphs"].verdict == "wrong"  # it cannot see the order
    assert by_name["plea"].verdict == "wrong"
    assert by_name["pad"].change.n == 8
    scores = {}
    for task, writer, j in reads.judgments_on(store.db, BENCH, "length", ["a", "b", "a~pad", "b~pad"]):
        if j.node == "":
            scores[task, writer] = j.score
    moved = [scores[task, f"{writer}~pad"] - s for (task, writer), s in scores.items() if "~" not in writer]
    assert len(moved) == 8
    assert by_name["pad"].change.value == pytest.approx(sum(moved) / 8)


def test_overlap_with_the_reference_rewards_repeating_where_it_is_short(store):
    made = judged(store, "bleu")
    by_name = {d.name: d.effects["bleu"] for d in made.disturbances}
    assert by_name["shuffle-paragraphs"].change.value == 0
    assert by_name["shuffle-paragraphs"].verdict == "wrong"
    with_nodes = robustness(store, BENCH, nodes=["bleu-4"])
    assert with_nodes.columns == ["bleu", "bleu: bleu-4"]


@pytest.mark.parametrize(
    ("expected", "interval", "found"),
    [
        ("falls", (-1, -2, -0.5), "right"), ("falls", (-1, -2, 0.5), "unclear"), ("falls", (1, 0.5, 2), "wrong"),
        ("falls", (0, 0, 0), "wrong"), ("falls", (-1, None, None), "unclear"), ("falls", (0.2, -1, 1), "unclear"),
        ("stays", (0.2, -1, 1), "right"), ("stays", (1, 0.5, 2), "wrong"), ("stays", (-1, -2, -0.5), "wrong"),
        ("does not rise", (-1, -2, -0.5), "right"), ("does not rise", (1, 0.5, 2), "wrong"),
        ("does not rise", (0, 0, 0), "right"),
    ],
)  # fmt: skip
def test_a_change_is_wrong_only_beyond_chance(expected, interval, found):
    assert verdict(expected, *interval) == found


def test_without_copies_or_judgments_of_them_the_next_command_is_named(store):
    with pytest.raises(
        ConfigError, match=r"there are no perturbed copies .* `penmark meta robustness b --judge JUDGE`"
    ):
        robustness(store, BENCH)
    save_copies(store, BENCH, draw(store, BENCH, [], 2, 0), 0)
    with pytest.raises(ConfigError, match="no judge has scored the perturbed copies"):
        robustness(store, BENCH)


def test_the_json_has_direction_size_and_interval(store):
    made = as_json(judged(store, "length", count=4))
    pad = made["perturbations"]["pad"]
    assert pad["expected"] == "falls"
    assert pad["judges"]["length"].keys() == {"initial", "change", "size", "verdict"}
    assert pad["judges"]["length"]["change"]["n"] == 4
    json.dumps(made, allow_nan=False)
