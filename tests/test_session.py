"""What requests become where the user chose nothing."""

import pytest

from penmark import session
from penmark.errors import ConfigError
from penmark.models import embedded
from penmark.protocols import JudgeOptions, ModelTraits, Sampling
from penmark.session import CallOptions, JudgeRequest, WriteRequest
from penmark.store import Store


def options(model, **chosen):
    request = JudgeRequest(bench="sample", judge="tow", model=model, options=JudgeOptions(**chosen))
    return session.options_for(request)


def test_a_judge_is_fitted_to_the_model_that_it_asks():
    fitted = options("embedded", preset="upstream")
    assert (fitted.prompt_language, fitted.can_sum, fitted.preset) == ("en", False, "upstream")


@pytest.mark.parametrize("model", ["openai/gpt-4.1-mini", "anthropic/claude", "scripted/replies.jsonl", None])
def test_a_judge_of_any_other_model_keeps_the_users_options(model):
    assert options(model, joint=True) == JudgeOptions(joint=True)


def test_the_users_own_language_wins():
    assert options("embedded", prompt_language="zh").prompt_language == "zh"


@pytest.mark.parametrize(("own", "longest"), [(None, embedded.TRAITS.text_tokens), (40, 40), (500, 500)])
def test_a_small_model_is_asked_for_short_texts_unless_the_user_wants_others(own, longest):
    try:
        embedded.find_weights()
    except ConfigError as error:
        pytest.skip(f"the embedded model is not installed: {error}")
    calls = CallOptions(sampling=Sampling(max_tokens=own))
    with Store(":memory:") as store:
        (made,) = session.estimates(store, [WriteRequest(bench="sample", writer="embedded", limit=3, calls=calls)])
    assert made.tokens_out == 3 * longest
    assert ModelTraits().text_tokens is None
