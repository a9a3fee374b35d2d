"""What a run would take, said before anything is sent."""

from __future__ import annotations

import pytest
from small_runs import CRITERIA, filled, judge, numbered, rows

from penmark import session
from penmark.evaluate.estimate import estimate, sizes
from penmark.protocols import JudgeOptions, ModelOptions, Prompt, Sampling
from penmark.session import CallOptions, JudgeRequest, WriteRequest
from penmark.store import Store
from penmark.text import estimate_tokens
from servers import serving, verdict


@pytest.fixture(autouse=True)
def _prices(monkeypatch, tmp_path):
    """A dollar a thousand prompt tokens, half of that for cached ones, two for reply tokens."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    table = tmp_path / "prices.toml"
    table.write_text('[models]\n"openai/m" = { input = 1000, cached = 500, output = 2000 }\n', encoding="utf-8")
    monkeypatch.setenv("PENMARK_PRICES", str(table))


@pytest.fixture
def path(tmp_path):
    return filled(tmp_path / "s.db", {"w": [*numbered(3), "", None]})


def judging(path, *, model: str = "openai/m", url="http://127.0.0.1:9/v1", max_tokens: int | None = 100, **options):
    calls = CallOptions(sampling=Sampling(max_tokens=max_tokens), model=ModelOptions(base_url=url))
    request = JudgeRequest(bench="small", judge="rubric", model=model, name="j", calls=calls, **options)
    with Store(path) as store:
        (made,) = session.estimates(store, [request])
        return made


def test_a_sibling_shares_what_the_first_call_has_sent():
    first, second = "word " * 100, "tail " * 10
    shared, tail = estimate_tokens("sys" + first), estimate_tokens(second)
    found = list(sizes([Prompt(second, shared=first, system="sys")] * 3))
    assert found == [(shared + tail, 0), (shared + tail, shared), (shared + tail, shared)]


class Shop:
    """A model with a price."""

    id = "openai/m"
    max_output_tokens: int | None = None


def test_the_numbers_add_up():
    made = estimate(Shop(), [(100, 0), (110, 90), (120, 90)], Sampling(max_tokens=50))
    assert (made.model, made.calls, made.tokens_in, made.tokens_shared, made.tokens_out) == (
        "openai/m",
        3,
        330,
        180,
        150,
    )
    assert made.cost_usd == pytest.approx((330 * 1000 + 150 * 2000) / 1e6)
    assert made.cached_cost_usd == pytest.approx((150 * 1000 + 180 * 500 + 150 * 2000) / 1e6)


def test_nothing_to_do_costs_nothing():
    made = estimate(Shop(), [], Sampling(max_tokens=50))
    assert (made.calls, made.tokens_in, made.tokens_out, made.cost_usd) == (0, 0, 0, 0.0)


def test_without_a_longest_reply_there_is_no_upper_limit():
    made = estimate(Shop(), [(100, 0)], Sampling())
    assert (made.calls, made.tokens_out, made.cost_usd) == (1, None, None)


def test_the_models_own_longest_reply_counts_where_it_is_shorter():
    shop = Shop()
    shop.max_output_tokens = 20
    assert estimate(shop, [(100, 0)], Sampling(max_tokens=50)).tokens_out == 20
    assert estimate(shop, [(100, 0)], Sampling()).tokens_out == 20


def test_a_judge_without_a_model_costs_nothing():
    made = estimate(None, [], Sampling())
    assert (made.model, made.calls, made.tokens_out, made.cost_usd) == ("none", 0, 0, None)


def test_a_price_that_is_not_known_is_said_to_be_so(path):
    made = judging(path, model="openai/unheard-of")
    assert (made.calls, made.cost_usd) == (9, None)


def test_only_missing_calls_about_real_texts_are_counted(path):
    assert judging(path).calls == 3 * len(CRITERIA)
    assert judging(path, repeats=2).calls == 2 * 3 * len(CRITERIA)
    assert judging(path, limit=2).calls == 2 * len(CRITERIA)
    assert judging(path, options=JudgeOptions(joint=True)).calls == 3


def test_the_estimate_is_what_the_run_then_sends(path):
    made = judging(path)
    with serving(lambda prompt: verdict(7)) as server:
        judge(path, "openai/m", url=server.base_url, sampling=Sampling(max_tokens=100))
    sent = [body["messages"] for body in server.bodies]
    assert made.calls == len(sent)
    assert made.tokens_out == 100 * len(sent)
    texts = sum(estimate_tokens("".join(message["content"] for message in messages)) for messages in sent)
    assert made.tokens_in == pytest.approx(texts, rel=0.1)
    assert judging(path).calls == 0


def test_calls_that_another_judge_has_paid_for_are_not_counted(path):
    with serving(lambda prompt: verdict(7)) as server:
        judge(path, "openai/m", url=server.base_url, sampling=Sampling(max_tokens=100))
    rows(path, "DELETE FROM judgments")
    rows(path, "DELETE FROM judges")
    assert judging(path, url=server.base_url).calls == 0
    assert judging(path, url=server.base_url, repeats=2).calls == 3 * len(CRITERIA)
    assert judging(path, url=server.base_url, max_tokens=99).calls == 3 * len(CRITERIA)
    assert judging(path).calls == 3 * len(CRITERIA)


def test_an_estimate_stores_nothing(path):
    before = [rows(path, f"SELECT * FROM {t}") for t in ("runs", "calls", "judges", "judgments", "claims")]
    judging(path)
    assert [rows(path, f"SELECT * FROM {t}") for t in ("runs", "calls", "judges", "judgments", "claims")] == before


def test_texts_that_are_still_to_be_written_are_judged_in_the_estimate_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    calls = CallOptions(model=ModelOptions(base_url="http://127.0.0.1:9/v1"))
    writing = WriteRequest(bench="sample", writer="openai/w", limit=3, calls=calls)
    scoring = JudgeRequest(bench="sample", judge="static", model="openai/m", writers=("openai/w",), calls=calls)
    with Store(tmp_path / "new.db") as store:
        write, score = session.estimates(store, [writing, scoring])
    assert (write.calls, write.tokens_shared, write.cost_usd) == (3, 0, None)
    assert score.calls == 3 * 5
    assert score.tokens_shared > 3 * 4 * session.USUAL_WORDS
