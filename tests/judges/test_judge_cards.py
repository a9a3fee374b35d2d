"""Every judge, also the next one: its card, its protocol, its identity."""

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from penmark import judges, registry
from penmark.benchmarks.sample import Sample
from penmark.protocols import MARGIN, JudgeCard, JudgeOptions, Question, Sampling, Verdict
from penmark.records import Response, Rubric
from penmark.requirements.dropout import group_task
from tiny_checkpoints import save_tiny_bert


def tasks(name):
    """Tasks of the sample; for the judge of groups, as if their requirements had been added to make groups of one."""
    found = list(Sample().tasks())[:4]
    return [group_task(t, "g", t.requirements, {"w": ()}) for t in found] if name == "golden" else found


NAMES = registry.names("judges")
COMPARING = [name for name in NAMES if registry.load("judges", name).CARD.compares]
every_judge = pytest.mark.parametrize("name", NAMES)
every_judge_that_scores = pytest.mark.parametrize("name", [name for name in NAMES if name not in COMPARING])
every_judge_that_compares = pytest.mark.parametrize("name", COMPARING)


USUAL = JudgeOptions()
PACKAGED_TREE = Path(judges.__file__).parent / "tow" / "tow.toml"
RUN_A_CHECKPOINT = {"bertscore": None, "bleurt": 1, "reward-model": 1}  # and how many outputs it must have


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """The folder of a checkpoint that a judge can run; None for judges that run none."""
    folder = tmp_path_factory.mktemp("checkpoints")
    made = {}

    def checkpoint(name):
        if name in RUN_A_CHECKPOINT and name not in made:
            made[name] = save_tiny_bert(folder / name, outputs=RUN_A_CHECKPOINT[name])
        return made.get(name)

    return checkpoint


@pytest.fixture
def calibration(tmp_path):
    """A calibration of the length."""
    length = registry.load("judges", "length")
    spec = {"judge": "length", "version": length.CARD.version, **length.create(JudgeOptions()).settings()}
    leaves = [{"source": "length", "node": "length", "at": [0, 1000], "points": [-1, 1]}]
    about = {"format": "penmark calibration 1", "bench": "b", "human": "human", "method": "linear", "base": 5}
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps({**about, "sources": {"length": spec}, "leaves": leaves, "rated": [], "weights": []}))
    return path


@pytest.fixture
def make(checkpoints, calibration):
    def create(name, options=USUAL):
        tree = PACKAGED_TREE if name == "tree" else None
        needed = {"checkpoint": checkpoints(name), "tree": tree, "calibration": calibration}
        return registry.load("judges", name).create(replace(options, **needed))

    return create


@every_judge
def test_a_judge_has_a_card_that_says_what_it_is(name, make):
    card = registry.load("judges", name).CARD
    assert isinstance(card, JudgeCard)
    assert card.id == name
    assert card.version >= 1
    assert card.aggregate in {"root", "scorings"}
    assert len(card.description) > 20
    assert make(name).card == card


def test_every_judge_is_held_to_import_no_other():
    pyproject = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = pyproject["tool"]["importlinter"]["contracts"]
    (listed,) = [contract["modules"] for contract in contracts if contract["type"] == "independence"]
    folder = Path(judges.__file__).parent
    packaged = [f"penmark.judges.{path.stem}" for path in folder.glob("*.py") if not path.stem.startswith("_")]
    assert sorted(listed) == sorted(packaged)


@every_judge
def test_a_judges_settings_are_json_and_the_same_every_time(name, make):
    settings = make(name).settings()
    assert json.loads(json.dumps(settings)).keys() == settings.keys()
    assert json.dumps(settings) == json.dumps(make(name).settings())


@every_judge
def test_a_judges_choices_can_be_made_again_from_its_settings(name, make):
    chosen = JudgeOptions(
        layout="upstream", joint=True, preset="upstream", use_reference=False, units="words", prompt_language="zh"
    )
    settings = json.loads(json.dumps(make(name, chosen).settings()))
    assert json.loads(json.dumps(make(name, JudgeOptions.recorded(settings)).settings())) == settings


@pytest.mark.parametrize("name", [name for name in NAMES if registry.load("judges", name).CARD.needs_model])
def test_a_judge_asks_in_the_tasks_language_or_the_chosen_one_and_then_its_settings_say_so(name, make):
    english, chinese = tasks(name)[:2]

    def spoken(task, **options):
        judge = make(name, JudgeOptions(**options))
        texts = [Response(task=task.key, writer=w, text="Text.") for w in "xy"]
        asked = judge.compare(task, *texts) if name in COMPARING else judge.questions(task, texts[0])[0]
        return asked.prompt.system

    assert spoken(english) != spoken(chinese)
    assert spoken(chinese, prompt_language="en") == spoken(english)
    assert spoken(english, prompt_language="zh") == spoken(chinese)
    assert "prompt_language" not in make(name).settings()
    assert make(name, JudgeOptions(prompt_language="zh")).settings()["prompt_language"] == "zh"


@every_judge_that_compares
def test_a_judge_that_compares_asks_one_question_about_both_texts_in_their_order(name, make):
    judge = make(name)
    assert isinstance(judge.sampling, Sampling)
    assert judge.card.needs_model
    for task in list(Sample().tasks())[:4]:
        first, second = (Response(task=task.key, writer=w, text=f"Text by {w}.") for w in "xy")
        question = judge.compare(task, first, second)
        assert question.nodes == (MARGIN,)
        text = question.prompt.system + question.prompt.shared + question.prompt.tail
        assert text.index(first.text) < text.index(second.text)
        assert task.instruction in question.prompt.shared
        assert judge.compare(task, second, first).prompt.shared == question.prompt.shared


@every_judge_that_scores
def test_a_judge_scores_every_leaf_of_its_rubric_once_by_itself_or_by_a_model(name, make):
    judge = make(name)
    assert isinstance(judge.sampling, Sampling)
    for task in tasks(name):
        response = Response(task=task.key, writer="w", text="Some text. 一些文字。")
        rubric = judge.rubric(task)
        questions, measured = judge.questions(task, response), judge.measure(task, response)
        assert isinstance(rubric, Rubric)
        assert all(isinstance(question, Question) for question in questions)
        assert all(isinstance(verdict, Verdict) for verdict in measured.values())
        scored = [*measured, *(node for question in questions for node in question.nodes)]
        assert sorted(scored) == sorted(node for node, _ in rubric.leaves())
        assert bool(questions) == judge.card.needs_model


@every_judge_that_scores
def test_a_judge_takes_an_empty_and_a_missing_text(name, make):
    judge = make(name)
    task = tasks(name)[0]
    for text in ("", None):
        response = Response(task=task.key, writer="w", text=text)
        judge.questions(task, response)
        judge.measure(task, response)
