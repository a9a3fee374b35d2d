"""`anthropic/NAME`: Claude models over the Messages API, with cache control on what sibling calls share.

The key comes from ANTHROPIC_API_KEY; the address from `--base-url` or ANTHROPIC_BASE_URL.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from penmark.errors import ConfigError, ModelError
from penmark.models._http import Endpoint, HttpModel
from penmark.protocols import ModelOptions, Prompt, Reply, Sampling

DEFAULT_BASE_URL = "https://api.anthropic.com"
API_VERSION = "2023-06-01"
DEFAULT_MAX_TOKENS = 4096  # the API insists on a limit
EPHEMERAL = {"type": "ephemeral"}


class AnthropicModel(HttpModel):
    """A model behind the Messages API."""

    models_path = "/v1/models"

    def __init__(self, name: str, options: ModelOptions, *, key: str = "") -> None:
        self.id = f"anthropic/{name}"
        self.endpoint = options.base_url or os.environ.get("ANTHROPIC_BASE_URL") or DEFAULT_BASE_URL
        self._name = name
        headers = {"anthropic-version": API_VERSION, **({"x-api-key": key} if key else {})}
        root = self.endpoint.rstrip("/").removesuffix("/v1")
        self._http = Endpoint(root, headers, secret=key, timeout_s=options.timeout_s)

    async def complete(self, prompt: Prompt, sampling: Sampling, *, schema: Mapping[str, object] | None) -> Reply:
        """The reply to one prompt. The API takes no schema, no seed and gives no log-probabilities.

        Raises:
            ModelError: with its scope.
        """
        answer, latency_s = await self._http.post("/v1/messages", request_body(self._name, prompt, sampling))
        return read_answer(answer, latency_s)


def request_body(name: str, prompt: Prompt, sampling: Sampling) -> bytes:
    """The JSON body of a Messages request; the cache breakpoint stands at the end of the shared part."""
    content: list[dict[str, object]] = []
    if prompt.shared:
        content.append({"type": "text", "text": prompt.shared, "cache_control": EPHEMERAL})
    content.append({"type": "text", "text": prompt.tail})
    body = {
        "model": name,
        "max_tokens": sampling.max_tokens or DEFAULT_MAX_TOKENS,
        "messages": [{"role": "user", "content": content}],
        **({"system": prompt.system} if prompt.system else {}),
        **_sampling(sampling),
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _sampling(sampling: Sampling) -> dict[str, float | int]:
    """Temperature or else top_p: recent models refuse both at once."""
    given = sampling.given()
    if "temperature" in given:
        given.pop("top_p", None)
    return {name: given[name] for name in ("temperature", "top_p", "top_k") if name in given}


def read_answer(answer: Mapping[str, Any], latency_s: float) -> Reply:
    """The reply in an answer; its thinking blocks are not part of it.

    Raises:
        ModelError: scope "attempt", when the answer has no content.
    """
    blocks = answer.get("content")
    if not isinstance(blocks, list):
        fields = ", ".join(answer)[:200]
        raise ModelError(f"the endpoint's answer has no content, only the fields {fields}", scope="attempt")
    usage = _object(answer.get("usage"))
    cached = _count(usage.get("cache_read_input_tokens")) or 0
    written = _count(usage.get("cache_creation_input_tokens")) or 0
    fresh = _count(usage.get("input_tokens"))
    return Reply(
        text="".join(str(block.get("text") or "") for block in map(_object, blocks) if block.get("type") == "text"),
        finish_reason=_finish_reason(answer.get("stop_reason")),
        tokens_in=None if fresh is None else fresh + cached + written,
        tokens_out=_count(usage.get("output_tokens")),
        tokens_cached=None if fresh is None else cached,
        latency_s=latency_s,
    )


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _finish_reason(reason: object) -> str:
    said = str(reason or "")
    return {"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length"}.get(said, said)


def create(name: str, options: ModelOptions) -> AnthropicModel:
    """The model called NAME in `anthropic/NAME`.

    Raises:
        ConfigError: without a name, or with a key that no header can carry.
    """
    if not name:
        raise ConfigError("`anthropic/` needs a model name, such as anthropic/claude-sonnet-4-5")
    key = os.environ.get("ANTHROPIC_API_KEY", "").strip()
    if not (key.isascii() and key.isprintable()):
        raise ConfigError("ANTHROPIC_API_KEY holds a line break or another character no key has; set it again")
    return AnthropicModel(name, options, key=key)
