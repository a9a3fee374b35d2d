"""What a judge is asked for where the user chose nothing, by the model that it asks."""

import pytest

from penmark.errors import ConfigError
from penmark.evaluate.fitting import fitted
from penmark.protocols import JudgeOptions


def test_a_judge_is_fitted_to_the_model_that_it_asks():
    made = fitted(JudgeOptions(preset="upstream"), "embedded")
    assert (made.prompt_language, made.can_sum, made.preset) == ("en", False, "upstream")


@pytest.mark.parametrize("model", ["openai/gpt-4.1-mini", "anthropic/claude", "scripted/replies.jsonl", None])
def test_a_judge_of_any_other_model_keeps_the_users_options(model):
    assert fitted(JudgeOptions(joint=True), model) == JudgeOptions(joint=True)


def test_the_users_own_language_wins():
    assert fitted(JudgeOptions(prompt_language="zh"), "embedded").prompt_language == "zh"


def test_a_provider_that_is_not_there_is_named():
    with pytest.raises(ConfigError, match="no model 'opnai'; did you mean 'openai'"):
        fitted(JudgeOptions(), "opnai/m")
