"""`openai/NAME`: any OpenAI-compatible chat endpoint (hosted ones, vLLM, SGLang, Ollama, llama.cpp).

The address comes from `--base-url` or OPENAI_BASE_URL, the key from OPENAI_API_KEY; local servers need none.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from penmark.errors import ConfigError, ModelError
from penmark.models._http import Endpoint, HttpModel
from penmark.protocols import ModelOptions, Prompt, Reply, Sampling

DEFAULT_BASE_URL = "https://api.openai.com/v1"
_REASONS = re.compile(r"o\d|gpt-5(?!.*chat)")


class OpenAIModel(HttpModel):
    """A chat model behind an OpenAI-compatible endpoint."""

    models_path = "/models"

    def __init__(self, name: str, options: ModelOptions, *, key: str = "") -> None:
        self.id = f"openai/{name}"
        self.endpoint = options.base_url or os.environ.get("OPENAI_BASE_URL") or DEFAULT_BASE_URL
        self._name = name
        self._structured = options.structured
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = Endpoint(self.endpoint, headers, secret=key, timeout_s=options.timeout_s)

    async def complete(self, prompt: Prompt, sampling: Sampling, *, schema: Mapping[str, object] | None) -> Reply:
        """The reply to one prompt.

        Raises:
            ModelError: with its scope.
        """
        settings = settings_for(self._name, self.endpoint, sampling)
        held = {} if schema is None else self.held_to(schema)
        body = request_body(self._name, prompt, {**settings, **held})
        answer, latency_s = await self._http.post("/chat/completions", body)
        return read_answer(answer, latency_s)

    def held_to(self, schema: Mapping[str, object]) -> dict[str, object]:
        """What the body says so that the reply obeys a schema; nothing where the endpoint is not asked to."""
        if not self._structured:
            return {}
        return {"response_format": {"type": "json_schema", "json_schema": {"name": "verdict", "schema": schema}}}


def settings_for(name: str, base_url: str, sampling: Sampling) -> dict[str, object]:
    """The sampling settings as this model's endpoint takes them.

    OpenAI's own endpoint refuses calls with settings it does not know: top_k, and for reasoning models all
    sampling but the seed. Elsewhere everything that is given is sent.
    """
    settings: dict[str, object] = {**sampling.given()}
    if not base_url.startswith("https://api.openai.com/"):
        return settings
    settings.pop("top_k", None)
    if "max_tokens" in settings:
        settings["max_completion_tokens"] = settings.pop("max_tokens")
    refused = {"temperature", "top_p", "top_logprobs"} if _REASONS.match(name) else set()
    return {setting: value for setting, value in settings.items() if setting not in refused}


def request_body(name: str, prompt: Prompt, settings: Mapping[str, object]) -> bytes:
    """The JSON body of a chat completion."""
    body: dict[str, object] = {"model": name, **settings}
    if "top_logprobs" in settings:
        body["logprobs"] = True
    system = f'{{"role":"system","content":"{_escaped(prompt.system)}"}},' if prompt.system else ""
    user = f'{{"role":"user","content":"{_escaped(prompt.shared)}{_escaped(prompt.tail)}"}}'
    text = f'{json.dumps(body, ensure_ascii=False)[:-1]},"messages":[{system}{user}]}}'
    return text.encode("utf-8", "replace")


@lru_cache(maxsize=16)  # Siblings are sent together; more would hold long prompts for nothing.
def _escaped(text: str) -> str:
    """The text as it stands between the quotes of JSON; siblings share most of theirs."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def read_answer(answer: Mapping[str, Any], latency_s: float) -> Reply:
    """The reply in a chat completion.

    Raises:
        ModelError: scope "attempt", when the answer has no choice.
    """
    try:
        choice = answer["choices"][0]
        text = _text(choice["message"].get("content"))
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        fields = ", ".join(answer)[:200]
        raise ModelError(f"the endpoint's answer has no message, only the fields {fields}", scope="attempt") from error
    usage = _object(answer.get("usage"))
    return Reply(
        text=text,
        finish_reason=str(choice.get("finish_reason") or ""),
        tokens_in=_count(usage.get("prompt_tokens")),
        tokens_out=_count(usage.get("completion_tokens")),
        tokens_cached=_count(_object(usage.get("prompt_tokens_details")).get("cached_tokens")),
        latency_s=latency_s,
        logprobs=_logprobs(_object(choice.get("logprobs")).get("content")),
    )


def _text(content: object) -> str:
    """The text of a message: a string, none at all, or a list of parts.

    Raises:
        TypeError: when it is something else.
    """
    if isinstance(content, list):
        return "".join(part["text"] for part in content if part.get("type") == "text")
    if not isinstance(content, str | None):
        raise TypeError(f"content is {type(content).__name__}")
    return content or ""


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _logprobs(tokens: Any) -> tuple[tuple[str, float, Mapping[str, float]], ...] | None:  # noqa: ANN401
    """Log-probabilities of the output's tokens; None when there are none in a shape we know."""
    try:
        found = tuple(
            (t["token"], t["logprob"], {a["token"]: a["logprob"] for a in t.get("top_logprobs") or []}) for t in tokens
        )
    except (KeyError, TypeError, AttributeError):
        return None
    return found or None


def create(name: str, options: ModelOptions) -> OpenAIModel:
    """The model called NAME in `openai/NAME`.

    Raises:
        ConfigError: without a name, or with a key that no header can carry.
    """
    if not name:
        raise ConfigError("`openai/` needs a model name, such as openai/gpt-4.1-mini")
    key = os.environ.get("OPENAI_API_KEY", "").strip()
    if not (key.isascii() and key.isprintable()):
        raise ConfigError("OPENAI_API_KEY holds a line break or another character no key has; set it again")
    return OpenAIModel(name, options, key=key)
