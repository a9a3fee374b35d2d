import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web

from penmark.errors import ConfigError, ModelError
from penmark.models import openai
from penmark.models._http import parse_retry_after
from penmark.models.openai import request_body, settings_for
from penmark.protocols import ModelOptions, Prompt, Sampling

KEY = "sk-secret-0123456789"
PROMPT = Prompt(system="You judge.", shared="The text.\n\n", tail="The criterion.")
SCHEMA = {"type": "object"}
ANSWER = {
    "choices": [{"message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 20, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 16}},
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Asked:
    """What the server was asked, in order."""

    paths: list[str] = field(default_factory=list)
    bodies: list[dict] = field(default_factory=list)
    headers: list[dict] = field(default_factory=list)


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch):
    for name in ("OPENAI_BASE_URL", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def answering(value, *, status=200, headers=None) -> Handler:
    text = value if isinstance(value, str) else json.dumps(value)

    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(text=text, status=status, headers=headers, content_type="application/json")

    return handler


@asynccontextmanager
async def serving(handler: Handler):
    asked = Asked()

    async def record(request: web.Request) -> web.StreamResponse:
        asked.paths.append(f"{request.method} {request.path}")
        asked.headers.append(dict(request.headers))
        if request.method == "POST":
            asked.bodies.append(await request.json())
        return await handler(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", record)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/v1", asked
    finally:
        await runner.cleanup()


def complete(handler, *, prompt=PROMPT, sampling=None, schema=None, **options):
    """(reply, what the server was asked)."""

    async def work():
        async with serving(handler) as (url, asked):
            model = openai.create("test-model", ModelOptions(base_url=url, **options))
            async with model:
                return await model.complete(prompt, sampling or Sampling(), schema=schema), asked

    return asyncio.run(work())


def failure(handler, **options) -> ModelError:
    with pytest.raises(ModelError) as caught:
        complete(handler, **options)
    assert KEY not in str(caught.value)
    assert len(str(caught.value)) < 1000
    return caught.value


def check(handler, **options):
    async def work():
        async with serving(handler) as (url, asked):
            async with openai.create("test-model", ModelOptions(base_url=url, **options)) as model:
                await model.check()
            return asked

    return asyncio.run(work())


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_the_request_holds_the_prompt_and_nothing_that_was_not_asked_for():
    _, asked = complete(answering(ANSWER))
    assert asked.paths == ["POST /v1/chat/completions"]
    assert asked.bodies == [
        {
            "model": "test-model",
            "messages": [
                {"role": "system", "content": "You judge."},
                {"role": "user", "content": "The text.\n\nThe criterion."},
            ],
        }
    ]


def test_without_a_system_text_there_is_no_system_message():
    _, asked = complete(answering(ANSWER), prompt=Prompt("写一首诗。\ud800"))
    assert asked.bodies[0]["messages"] == [{"role": "user", "content": "写一首诗。?"}]


def test_sampling_is_sent_as_far_as_it_is_given():
    sampling = Sampling(temperature=0.0, top_p=0.8, top_k=20, max_tokens=64, seed=0)
    _, asked = complete(answering(ANSWER), sampling=sampling)
    sent = asked.bodies[0].keys() - {"model", "messages"}
    assert {name: asked.bodies[0][name] for name in sent} == {
        "temperature": 0.0,
        "top_p": 0.8,
        "top_k": 20,
        "max_tokens": 64,
        "seed": 0,
    }


@pytest.mark.parametrize(("structured", "schema"), [(False, SCHEMA), (True, None)])
def test_no_response_format_without_both_a_schema_and_the_users_wish(structured, schema):
    _, asked = complete(answering(ANSWER), schema=schema, structured=structured)
    assert "response_format" not in asked.bodies[0]


def test_a_structured_call_is_held_to_the_schema():
    _, asked = complete(answering(ANSWER), schema=SCHEMA, structured=True)
    assert asked.bodies[0]["response_format"]["type"] == "json_schema"
    assert asked.bodies[0]["response_format"]["json_schema"]["schema"] == SCHEMA


def test_logprobs_are_asked_for_and_read():
    token = {
        "token": "8",
        "logprob": -0.1,
        "top_logprobs": [{"token": "8", "logprob": -0.1}, {"token": "7", "logprob": -2.5}],
    }
    bare = {"token": ".", "logprob": 0.0}
    choice = {**ANSWER["choices"][0], "logprobs": {"content": [token, bare]}}
    reply, asked = complete(answering({"choices": [choice]}), sampling=Sampling(top_logprobs=2))
    assert (asked.bodies[0]["logprobs"], asked.bodies[0]["top_logprobs"]) == (True, 2)
    assert reply.logprobs == (("8", -0.1, {"8": -0.1, "7": -2.5}), (".", 0.0, {}))


@pytest.mark.parametrize(
    "logprobs", [None, {}, {"content": None}, {"content": []}, {"content": [{"id": 5}]}, [1], "no", {"content": 5}]
)
def test_logprobs_of_no_known_shape_are_none(logprobs):
    reply, _ = complete(answering({"choices": [{**ANSWER["choices"][0], "logprobs": logprobs}]}))
    assert (reply.text, reply.logprobs) == ("Hello.", None)


def test_openais_own_endpoint_is_not_sent_what_it_refuses():
    sampling = Sampling(temperature=0.7, top_p=0.8, top_k=20, max_tokens=64, seed=1, top_logprobs=2)
    own = "https://api.openai.com/v1"
    chat = {"temperature": 0.7, "top_p": 0.8, "max_completion_tokens": 64, "seed": 1, "top_logprobs": 2}
    assert settings_for("gpt-4.1-mini", own, sampling) == chat
    assert settings_for("gpt-5-chat-latest", own, sampling) == chat
    for name in ("o3-mini", "gpt-5", "gpt-5-mini"):
        assert settings_for(name, own, sampling) == {"max_completion_tokens": 64, "seed": 1}
        assert settings_for(name, "http://127.0.0.1:8000/v1", sampling) == sampling.given()
    assert b"logprobs" not in request_body("o3-mini", PROMPT, settings_for("o3-mini", own, sampling))


def test_the_reply_carries_text_finish_reason_tokens_and_time():
    reply, _ = complete(answering(ANSWER))
    assert (reply.text, reply.finish_reason) == ("Hello.", "stop")
    assert (reply.tokens_in, reply.tokens_out, reply.tokens_cached) == (20, 5, 16)
    assert 0 < reply.latency_s < 10


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {},
        [],
        "many",
        {"prompt_tokens": "20", "prompt_tokens_details": 3},
        {"prompt_tokens": True},
        {"prompt_tokens": -1},
    ],
)
def test_tokens_that_are_not_reported_are_none(usage):
    reply, _ = complete(answering({**ANSWER, "usage": usage}))
    assert (reply.tokens_in, reply.tokens_out, reply.tokens_cached) == (None, None, None)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, ""),
        ("", ""),
        ("<think>a</think>b", "<think>a</think>b"),
        ([], ""),
        (
            [{"type": "reasoning", "text": "hm"}, {"type": "text", "text": "Hel"}, {"type": "text", "text": "lo."}],
            "Hello.",
        ),
    ],
)
def test_content_may_be_text_nothing_or_parts(content, text):
    reply, _ = complete(answering({"choices": [{"message": {"content": content}, "finish_reason": None}]}))
    assert (reply.text, reply.finish_reason) == (text, "")


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"choices": []},
        {"choices": None},
        {"choices": "x"},
        {"choices": [None]},
        {"choices": [{}]},
        {"choices": [{"message": None}]},
    ]
    + [{"choices": [{"message": {"content": content}}]} for content in (8, {"text": "x"}, ["x"], [{"type": "text"}])],
)
def test_an_answer_without_a_message_may_go_better_next_time(answer):
    error = failure(answering({**answer, KEY[:5]: KEY}))
    assert error.scope == "attempt"
    assert "has no message" in str(error)


@pytest.mark.parametrize(
    "text", ["", "<html>busy</html>", '{"choices": [', "[" * 100_000, "[]", '"text"', "8", "null", "9" * 5000]
)
def test_a_success_that_is_no_json_object_may_go_better_next_time(text):
    assert failure(answering(text)).scope == "attempt"


@pytest.mark.parametrize(
    ("error", "scope", "status"),
    [
        ({"code": 429, "message": "slow down"}, "attempt", 429),
        ({"code": 402, "message": "no credit"}, "run", 402),
        ({"code": 400, "message": "too long"}, "call", 400),
        ({"code": "odd", "message": "?"}, "attempt", 502),
        ("it broke", "attempt", 502),
    ],
)
def test_an_error_inside_a_success_counts_as_that_error(error, scope, status):
    found = failure(answering({"error": error}))
    assert (found.scope, found.status) == (scope, status)


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (401, "check the key"),
        (402, "out of credit"),
        (403, "check the key and its permissions"),
        (404, "--base-url"),
        (405, "/v1"),
    ],
)
def test_a_refusal_ends_the_run_names_the_remedy_and_never_shows_the_key(status, remedy):
    body = {"error": {"message": f"not with {KEY} or Bearer {KEY}", "code": "refused"}}
    for echo in (body, {"error": f"key {KEY}"}, {"detail": KEY}, f"plain {KEY}", f"{'x' * 490}{KEY}", [KEY]):
        error = failure(answering(echo, status=status))
        assert (error.scope, error.status) == ("run", status)
        assert remedy in str(error)
        assert KEY[:6] not in str(error)


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529, 599, 204])
def test_passing_faults_are_worth_another_attempt(status):
    error = failure(answering("", status=status))
    assert (error.scope, error.status, error.retry_after_s) == ("attempt", status, None)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_bad_request_loses_only_its_call(status):
    error = failure(answering({"error": {"message": "context length exceeded", "code": "x"}}, status=status))
    assert (error.scope, error.status) == ("call", status)
    assert "context length exceeded" in str(error)


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "9" * 5_000, "x" * 100_000, '{"error": null}', '{"error": {"message": null}}']
)
def test_an_odd_error_body_is_reported_all_the_same(text):
    assert "answered 500" in str(failure(answering(text, status=500)))


@pytest.mark.parametrize("where", ["code", "type"])
def test_an_exhausted_quota_ends_the_run(where):
    other = {"code": "type", "type": "code"}[where]
    error = failure(answering({"error": {"message": "m", where: "insufficient_quota", other: "429"}}, status=429))
    assert error.scope == "run"
    assert "out of quota" in str(error)


def test_retry_after_is_taken_from_throttled_answers():
    assert failure(answering("", status=429, headers={"Retry-After": "7"})).retry_after_s == 7.0
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert 55 < failure(answering("", status=503, headers={"Retry-After": date})).retry_after_s <= 60
    assert failure(answering("", status=429, headers={"Retry-After": "soon"})).retry_after_s is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(None, None), ("0", 0.0), ("1.5", 1.5), ("-3", 0.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0)]
    + [(odd, None) for odd in ("", "soon", "nan", "inf", "1e999", "2015-10-21", "Wed, 21 Oct 2015 07:28:00 -0000")]
    + [("Mon, 01 Jan 99999999999999999 00:00:00 GMT", None), ("Mon, 01 Jan 2024 00:00:00 +999999999999999", None)],
)
def test_retry_after_is_seconds_or_a_date_and_else_nothing(value, seconds):
    assert parse_retry_after(value) == seconds


def test_a_redirect_is_not_followed_with_the_key():
    async def work():
        async with serving(answering(ANSWER)) as (elsewhere, asked):
            redirect = answering("", status=307, headers={"Location": f"{elsewhere}/chat/completions"})
            async with serving(redirect) as (url, _), openai.create("m", ModelOptions(base_url=url)) as model:
                with pytest.raises(ModelError, match="redirects are not followed") as caught:
                    await model.complete(PROMPT, Sampling(), schema=None)
            return caught.value, asked.paths

    error, paths = asyncio.run(work())
    assert (error.scope, error.status) == ("run", 307)
    assert paths == []


def test_a_refused_connection_is_an_attempt_and_a_failed_check():
    async def work():
        url = f"http://127.0.0.1:{free_port()}/v1"
        async with openai.create("m", ModelOptions(base_url=url)) as model:
            with pytest.raises(ModelError, match="no connection") as attempt:
                await model.complete(PROMPT, Sampling(), schema=None)
            with pytest.raises(ModelError, match="--base-url") as checked:
                await model.check()
        return attempt.value.scope, checked.value.scope

    assert asyncio.run(work()) == ("attempt", "run")


def test_a_reset_in_the_middle_of_an_answer_is_an_attempt():
    async def handler(request):
        answer = web.StreamResponse(headers={"Content-Length": "1000"})
        await answer.prepare(request)
        await answer.write(b'{"choices": [')
        request.transport.abort()
        return answer

    assert failure(handler).scope == "attempt"


def test_a_server_that_does_not_speak_http_is_an_attempt():
    async def work():
        async def babble(reader, writer):
            writer.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(babble, "127.0.0.1", 0)
        async with server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
            async with openai.create("m", ModelOptions(base_url=url)) as model:
                with pytest.raises(ModelError) as caught:
                    await model.complete(PROMPT, Sampling(), schema=None)
        return caught.value.scope

    assert asyncio.run(work()) == "attempt"


@pytest.mark.parametrize("starts", [False, True], ids=["before the first byte", "in the middle"])
def test_a_hanging_server_is_left_after_the_time_limit(starts):
    async def handler(request):
        answer = web.StreamResponse()
        if starts:
            await answer.prepare(request)
            await answer.write(b'{"choices"')
        await asyncio.sleep(5)
        return answer

    error = failure(handler, timeout_s=0.2)
    assert error.scope == "attempt"
    assert "within 0.2 s" in str(error)


@pytest.mark.parametrize(
    "url", ["localhost:8000/v1", "nonsense", "http://", "http://[", "http://127.0.0.1:99999/v1", "ftp://127.0.0.1/v1"]
)
def test_an_address_that_is_no_url_ends_the_run_with_an_example(url):
    async def work():
        async with openai.create("m", ModelOptions(base_url=url)) as model:
            with pytest.raises(ModelError, match="is not a URL; pass --base-url") as called:
                await model.complete(PROMPT, Sampling(), schema=None)
            with pytest.raises(ModelError, match="is not a URL; pass --base-url") as checked:
                await model.check()
        return called.value.scope, checked.value.scope

    assert asyncio.run(work()) == ("run", "run")


def test_the_key_is_sent_as_a_bearer_and_shown_nowhere():
    _, asked = complete(answering(ANSWER))
    assert asked.headers[0]["Authorization"] == f"Bearer {KEY}"
    model = openai.create("m", ModelOptions())
    assert KEY not in f"{model!r} {model} {model.id} {model.endpoint} {model._http!r}"


def test_without_a_key_no_authorization_is_sent(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    _, asked = complete(answering(ANSWER))
    assert "Authorization" not in asked.headers[0]


def test_only_a_model_made_by_name_takes_the_users_key():
    async def work():
        async with serving(answering(ANSWER)) as (url, asked):
            async with openai.OpenAIModel("m", ModelOptions(base_url=url)) as model:
                await model.complete(PROMPT, Sampling(), schema=None)
            return asked.headers[0]

    assert "Authorization" not in asyncio.run(work())


def test_a_key_with_a_line_break_is_refused_without_showing_it(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}\nexport X=1")
    with pytest.raises(ConfigError, match="OPENAI_API_KEY") as caught:
        openai.create("m", ModelOptions())
    assert KEY not in str(caught.value)


def test_a_key_that_is_a_common_word_changes_no_reply(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "Hello")
    reply, _ = complete(answering(ANSWER))
    assert reply.text == "Hello."


def test_the_address_comes_from_the_option_then_the_variable_then_openai(monkeypatch):
    assert openai.create("m", ModelOptions()).endpoint == "https://api.openai.com/v1"
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    assert openai.create("m", ModelOptions()).endpoint == "http://127.0.0.1:1/v1"
    assert openai.create("m", ModelOptions(base_url="http://127.0.0.1:2/v1")).endpoint == "http://127.0.0.1:2/v1"


def test_a_slash_at_the_end_of_the_address_does_no_harm():
    async def work():
        async with serving(answering(ANSWER)) as (url, asked):
            async with openai.create("m", ModelOptions(base_url=f"{url}/")) as model:
                await model.complete(PROMPT, Sampling(), schema=None)
            return asked.paths

    assert asyncio.run(work()) == ["POST /v1/chat/completions"]


def test_a_proxy_is_never_used_for_this_machine(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    reply, _ = complete(answering(ANSWER))
    assert reply.text == "Hello."


def test_a_proxy_is_used_for_other_machines(monkeypatch):
    async def work():
        async with serving(answering(ANSWER)) as (proxy, asked):
            monkeypatch.setenv("http_proxy", proxy.removesuffix("/v1"))
            async with openai.create("m", ModelOptions(base_url="http://models.invalid/v1")) as model:
                reply = await model.complete(PROMPT, Sampling(), schema=None)
            return reply.text, asked.headers[0]["Host"]

    assert asyncio.run(work()) == ("Hello.", "models.invalid")


@pytest.mark.parametrize("status", [200, 404, 405, 429, 500])
def test_the_check_passes_when_somebody_answers_and_asks_for_no_completion(status):
    assert check(answering("", status=status)).paths == ["GET /v1/models"]


@pytest.mark.parametrize("status", [401, 402, 403])
def test_the_check_fails_when_the_key_is_refused(status):
    with pytest.raises(ModelError, match=str(status)) as caught:
        check(answering({"error": {"message": f"bad key {KEY}"}}, status=status))
    assert caught.value.scope == "run"
    assert KEY not in str(caught.value)


def test_the_check_fails_when_nobody_answers_in_time():
    async def handler(request):
        await asyncio.sleep(5)
        return web.Response()

    with pytest.raises(ModelError, match="--base-url") as caught:
        check(handler, timeout_s=0.2)
    assert caught.value.scope == "run"


def test_connections_are_kept_and_calls_run_side_by_side():
    arrived = []

    async def handler(request):
        arrived.append(request.transport.get_extra_info("peername"))
        while len(arrived) < 8:
            await asyncio.sleep(0.01)
        return await answering(ANSWER)(request)

    async def work():
        async with serving(handler) as (url, _), openai.create("m", ModelOptions(base_url=url, timeout_s=5)) as model:
            for _ in range(2):
                await asyncio.gather(*(model.complete(PROMPT, Sampling(), schema=None) for _ in range(8)))

    asyncio.run(work())
    assert len(arrived) == 16
    assert len(set(arrived)) == 8


def test_a_model_without_a_name_is_a_usage_error():
    with pytest.raises(ConfigError, match="openai/gpt"):
        openai.create("", ModelOptions())


def test_a_model_outside_its_block_says_so():
    with pytest.raises(RuntimeError, match="async with"):
        asyncio.run(openai.create("m", ModelOptions()).complete(PROMPT, Sampling(), schema=None))
