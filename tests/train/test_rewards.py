import json

import pytest

from penmark.errors import ConfigError, DataError, ModelError
from penmark.records import Task
from penmark.train.data import BENCH
from penmark.train.policy_figures import policy_figures
from penmark.train.recipe import Component, GrpoPart
from penmark.train.rewards import Panel, make_panelist
from penmark.train.watch import length_and_diversity

TASKS = {name: Task(bench=BENCH, id=name, instruction=f"Write {name}") for name in "ab"}


def verdict(score):
    return json.dumps({"score": score, "reason": "so"})


@pytest.fixture
def panel(tmp_path):
    def make(rewards, **settings):
        values = {"group": 2, "max_completion_tokens": 8, "rewards": rewards, **settings}
        return Panel(GrpoPart.model_validate(values), TASKS, tmp_path / "rollouts.db")

    return make


@pytest.fixture
def asked(tmp_path):
    """An impression judge over a model with these replies, in turn."""

    def make(*replies, **settings):
        path = tmp_path / "replies.jsonl"
        path.write_text(json.dumps({"replies": list(replies)}) + "\n", encoding="utf-8")
        return {"judge": "static", "model": f"scripted/{path}", **settings}

    return make


def test_scores_come_in_the_texts_order_on_the_components_scale(panel):
    with panel([{"judge": "length", "low": 1.0, "high": 5.0}]) as judges:
        scores = judges.score("step-0", ["a", "a", "b"], ["xxx", "x", "xxxxx"])
        assert scores == {"length": [0.5, 0.0, 1.0]}
        assert judges.total(scores) == [0.5, 0.0, 1.0]


def test_the_reward_is_the_weighted_sum(panel):
    parts = [{"judge": "length", "weight": 2.0}, {"judge": "length", "name": "less", "weight": -0.5, "high": 2.0}]
    with panel(parts) as judges:
        assert judges.total(judges.score("step-0", ["a"], ["xx"])) == [2 * 2 - 0.5 * 1]


def test_equal_texts_of_one_task_all_have_their_score(panel):
    with panel([{"judge": "length"}]) as judges:
        assert judges.score("step-0", ["a", "a", "b"], ["x", "x", "x"]) == {"length": [1.0, 1.0, 1.0]}
        assert judges.score("step-1", ["a"], ["xx"]) == {"length": [2.0]}


def test_an_unscored_text_has_no_reward_whatever_its_other_scores(panel, asked):
    parts = [asked("no verdict", name="static"), {"judge": "length"}]
    with panel(parts) as judges:
        scores = judges.score("step-0", ["a", "b"], ["x", "xx"])
        assert scores == {"static": [None, None], "length": [1.0, 2.0]}
        assert judges.total(scores) == [None, None]


def test_judges_that_ask_a_model_are_asked_for_every_text(panel, asked):
    with panel([asked(*[verdict(7)], low=1.0, high=10.0, name="static")]) as judges:
        scores = judges.score("step-0", ["a", "b"], ["one", "two"])
        assert scores == {"static": [pytest.approx(2 / 3)] * 2}


def test_an_empty_text_is_scored_lowest_and_not_masked(panel, asked):
    with panel([asked(verdict(7), low=1.0, high=10.0, name="static")]) as judges:
        assert judges.score("step-0", ["a"], [""]) == {"static": [0.0]}


def test_an_independent_judge_is_no_part_of_the_reward(panel):
    with panel([{"judge": "length"}], independent=[{"judge": "length", "name": "beside"}]) as judges:
        scores = judges.score("step-0", ["a"], ["xx"])
        assert scores == {"length": [2.0], "beside": [2.0]}
        assert judges.total(scores) == [2.0]


def test_what_a_reward_lacks_is_told_before_anything_is_written(panel, tmp_path):
    with pytest.raises(ConfigError, match="no judge 'lenght'; did you mean 'length'"):
        panel([{"judge": "lenght"}])
    with pytest.raises(ConfigError, match="judge 'static' asks a model; give the component a `model`"):
        panel([{"judge": "static"}])
    with pytest.raises(ConfigError, match="share the name length; give each a `name`"):
        panel([{"judge": "length"}, {"judge": "length"}])
    with pytest.raises(ConfigError, match="checkpoint"):
        panel([{"judge": "reward-model"}])
    with pytest.raises(DataError, match=r"judge 'rules' has nothing to score in 2 of 2 tasks \(a, b\)"):
        panel([{"judge": "rules"}])
    with pytest.raises(DataError, match="no criteria"):
        panel([{"judge": "rubric", "model": "openai/x"}])
    assert not (tmp_path / "rollouts.db").exists()


def test_a_model_that_cannot_be_reached_is_told_when_the_panel_opens(panel):
    with pytest.raises(ModelError, match=r"127.0.0.1:9"):
        panel([{"judge": "static", "model": "openai/x", "base_url": "http://127.0.0.1:9/v1"}]).__enter__()


def test_a_spent_budget_ends_the_run_with_the_remedy(panel, asked):
    with (
        panel([asked(verdict(7), name="static")], max_calls=3) as judges,
        pytest.raises(
            ConfigError, match=r"judges were stopped: --max-calls 3 is reached; raise .*, and go on with --resume"
        ),
    ):
        judges.score("step-0", ["a"], ["one"])


def test_a_policy_is_compared_with_itself_on_the_same_prompts(panel, settings):
    from penmark.train.recipe import Recipe

    wanted = Recipe.model_validate(settings("grpo"))
    with panel([{"judge": "length", "high": 10.0}], independent=[{"judge": "length", "name": "beside"}]) as judges:
        judges.score("held-out-0", ["a", "a", "b", "b"], ["x", "xx", "x", "x"])
        judges.score("step-0", ["a"], ["never counted " * 9])
        judges.score("held-out-8", ["a", "a"], ["xx", "xxx"])
        judges.score("held-out-8-2", ["b", "b"], ["xx", "xx"])  # A second batch of the same evaluation.
        figures = policy_figures(judges, ["a", "b"], 8, wanted)
    assert figures["prompts"] == 2
    reward = figures["held_out"]["reward"]
    assert reward["before"] == {
        "value": pytest.approx(0.125),
        "ci95": pytest.approx([0.1, 0.15]),
        "n": 4,
        "coverage": 1.0,
    }
    assert reward["after"]["value"] == pytest.approx(0.225)
    assert reward["difference"]["value"] == pytest.approx(0.1)
    assert reward["difference"]["ci95"] == pytest.approx([0.1, 0.1])
    assert figures["held_out"]["beside"]["after"]["value"] == pytest.approx(2.25)
    assert figures["held_out"]["words"]["before"]["value"] == 1.0


def test_a_policy_without_scores_has_no_figure_rather_than_a_low_one(panel, asked, settings):
    from penmark.train.recipe import Recipe

    with panel([asked("nothing", name="static")]) as judges:
        judges.score("held-out-0", ["a"], ["x"])
        figures = policy_figures(judges, ["a", "b"], 8, Recipe.model_validate(settings("grpo")))
    before = figures["held_out"]["reward"]["before"]
    assert before == {"value": None, "ci95": None, "n": 0, "coverage": 0.0}
    assert length_and_diversity(["x"])["words"] == 1.0


def test_a_judge_of_a_reward_is_fitted_to_its_model_as_any_other():
    try:
        panelist = make_panelist(Component(judge="static", model="embedded"))
    except ConfigError as error:
        pytest.skip(f"the embedded model is not installed: {error}")
    assert panelist.judge.settings()["prompt_language"] == "en"
