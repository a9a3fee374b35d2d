"""The judges that score by counting: `rules` and `length-score`."""

import pytest

from penmark.judges import length_score, rules
from penmark.protocols import JudgeOptions
from penmark.records import Check, Requirement, Response, Task

OWN = (
    Requirement(kind="length", text="three words", check=Check("words", {"least": 3, "most": 3})),
    Requirement(kind="content", text="no fox", check=Check("excludes", {"words": ["fox"]})),
    Requirement(kind="content", text="no dog", check=Check("excludes", {"words": ["dog"]})),
    Requirement(kind="style", text="be kind"),
)


def task(instruction="Write.", requirements=()):
    return Task(bench="b", id="1", instruction=instruction, requirements=requirements)


def measured(module, of, text):
    judge = module.create(JudgeOptions())
    verdicts = judge.measure(of, Response(task=of.key, writer="w", text=text))
    assert all(verdict.read_as == "rule" for verdict in verdicts.values())
    return {node: verdict.score for node, verdict in verdicts.items()}


def leaves(module, of):
    return dict(module.create(JudgeOptions()).rubric(of).leaves())


def test_each_checkable_demand_of_the_task_is_a_leaf_of_0_or_1():
    assert measured(rules, task(requirements=OWN), "The dog ran.") == {"words": 1.0, "excludes": 1.0, "excludes 2": 0.0}
    found = leaves(rules, task(requirements=OWN))
    assert [(c.low, c.high, c.about) for c in found.values()] == [(0, 1, ("length",)), *[(0, 1, ("content",))] * 2]


def test_without_checks_of_its_own_the_demands_are_read_from_the_instruction():
    of = task("写一首诗，50字以内，不要使用逗号。", (Requirement(kind="style", text="平实"),))
    assert measured(rules, of, "月光，照着窗。") == {"words": 1.0, "no_commas": 0.0}


def test_material_demands_nothing():
    of = Task(bench="b", id="1", instruction="Summarise this.", material="Rule 4: reports have at least 500 words.")
    assert leaves(rules, of) == {}


def test_the_verdict_says_what_was_found():
    judge = rules.create(JudgeOptions())
    verdicts = judge.measure(task(requirements=OWN), Response(task="t", writer="w", text="One two."))
    assert verdicts["words"].reason == "2 words; wanted exactly 3"


@pytest.mark.parametrize("text", ["", " \n", None])
def test_an_empty_text_meets_nothing_not_even_what_it_leaves_out(text):
    assert measured(rules, task(requirements=OWN), text) == {}


def test_a_task_without_a_checkable_demand_has_no_leaf():
    assert leaves(rules, task("Write a poem.")) == leaves(length_score, task("Write a poem.")) == {}


def test_a_check_that_no_rule_knows_is_left_to_a_reader():
    odd = Requirement(kind="format", text="rhyme", check=Check("rhymes", {}))
    assert list(leaves(rules, task("Write 9 words.", (odd,)))) == ["words"]


@pytest.mark.parametrize(
    ("instruction", "words", "points"),
    [
        ("Write about 100 words.", 100, 100), ("Write about 100 words.", 50, 50), ("Write about 100 words.", 250, 50),
        ("Write 50 to 100 words.", 75, 100), ("Write 50 to 100 words.", 25, 50), ("Write 50 to 100 words.", 250, 50),
        ("Write at least 100 words.", 900, 100), ("Write at least 100 words.", 50, 50),
        ("Write at most 100 words.", 0, 100), ("Write at most 100 words.", 250, 50), ("Write 100 words.", 0, 0),
    ],
)  # fmt: skip
def test_the_length_score_is_by_the_target_or_by_the_limit_that_is_missed(instruction, words, points):
    assert measured(length_score, task(instruction), "word " * words) == {"words": pytest.approx(points)}


def test_the_length_of_a_part_is_no_length_to_score():
    assert list(leaves(length_score, task("Each paragraph should have 40 words; 200 words in all."))) == ["words"]
