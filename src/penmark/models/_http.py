"""One POST to a provider, and what its failures mean. Machinery of the HTTP models."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp

from penmark.errors import ModelError

RETRY_STATUS = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529})
RUN_STATUS = frozenset({301, 302, 303, 307, 308, 401, 402, 403, 404, 405})
PROXY_VARIABLES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
CHECK_TIMEOUT_S = 30.0
MESSAGE_CHARS = 500


class Endpoint:
    """One provider's HTTP endpoint: a connection pool, headers, and errors with their scope."""

    def __init__(self, base_url: str, headers: Mapping[str, str], *, secret: str, timeout_s: float) -> None:
        """Nothing is opened before the endpoint is entered.

        Args:
            base_url: root that paths are appended to.
            headers: sent with every request.
            secret: the key among them, removed from every error message; "" for none.
            timeout_s: seconds one attempt may take, from sending to the last byte.
        """
        self.base_url = base_url.rstrip("/")
        self.timeout_s = timeout_s
        self._headers = {"Content-Type": "application/json", **headers}
        self._secret = secret
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=60, ttl_dns_cache=300)
        self._session = aiohttp.ClientSession(
            connector=connector,
            headers=self._headers,
            trust_env=_may_use_proxy(self.base_url),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def post(self, path: str, body: bytes) -> tuple[dict[str, Any], float]:
        """(parsed answer, seconds it took).

        Raises:
            ModelError: with its scope.
        """
        started = time.perf_counter()
        status, headers, raw = await self._send("POST", path, body, self.timeout_s)
        if status != 200:
            raise self._failure(status, headers, raw)
        try:
            answer = json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise ModelError(f"{self.base_url}{path} answered something that is not JSON", scope="attempt") from error
        if not isinstance(answer, dict):
            raise ModelError(f"{self.base_url}{path} answered JSON of another shape", scope="attempt")
        if answer.get("error"):  # Gateways report a failure behind them with status 200.
            raise self._failure(_inner_status(answer["error"]), headers, raw)
        return answer, time.perf_counter() - started

    async def check(self, path: str) -> None:
        """Raise when nobody answers or the key is refused; a missing path is fine.

        Raises:
            ModelError: scope "run".
        """
        try:
            status, headers, raw = await self._send("GET", path, None, min(CHECK_TIMEOUT_S, self.timeout_s))
        except ModelError as error:
            if error.scope == "run":
                raise
            raise ModelError(
                f"{error}; check the address (--base-url) and that the server runs", scope="run"
            ) from error
        if status in {401, 402, 403}:
            raise self._failure(status, headers, raw)

    async def _send(
        self, method: str, path: str, data: bytes | None, timeout_s: float
    ) -> tuple[int, Mapping[str, str], bytes]:
        if self._session is None:
            raise RuntimeError("the endpoint is used outside its `async with` block")
        url = self.base_url + path
        limit = aiohttp.ClientTimeout(total=timeout_s, sock_connect=min(30.0, timeout_s))
        try:
            async with self._session.request(method, url, data=data, timeout=limit, allow_redirects=False) as answer:
                return answer.status, answer.headers, await answer.read()
        except TimeoutError as error:
            raise ModelError(f"no answer from {self.base_url} within {timeout_s:g} s", scope="attempt") from error
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
            raise ModelError(
                f"{self.base_url!r} is not a URL; pass --base-url http://HOST:PORT/v1", scope="run"
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            text = self._redacted(str(error) or type(error).__name__)
            raise ModelError(f"no connection to {self.base_url}: {text}", scope="attempt") from error

    def _failure(self, status: int, headers: Mapping[str, str], raw: bytes) -> ModelError:
        codes, message = _error_text(raw)
        # The key goes before the message is cut, so that no piece of it can stay.
        text = f"{self.base_url} answered {status}: {self._redacted(message)[:MESSAGE_CHARS]}"
        if status in RUN_STATUS or "insufficient_quota" in codes:
            return ModelError(f"{text}; {_remedy(status)}", scope="run", status=status)
        if status in RETRY_STATUS or status >= 500 or status < 400:
            retry_after_s = parse_retry_after(headers.get("Retry-After"))
            return ModelError(text, scope="attempt", status=status, retry_after_s=retry_after_s)
        return ModelError(text, scope="call", status=status)

    def _redacted(self, text: str) -> str:
        return text.replace(self._secret, "[key]") if self._secret else text


def parse_retry_after(value: str | None) -> float | None:
    """Seconds to wait from a `Retry-After` header: a number of seconds or an HTTP date; None when unreadable."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        seconds = _seconds_until(value)
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _seconds_until(date: str) -> float:
    """Seconds from now to an HTTP date; NaN when it is none."""
    try:
        return (parsedate_to_datetime(date) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return math.nan


class HttpModel:
    """What models behind an HTTP endpoint have in common; each sets `_http` and says what is sent and read.

    Attributes:
        models_path: where the endpoint lists its models, to see whether it answers and takes the key.
    """

    max_parallel: int | None = None
    max_output_tokens: int | None = None
    models_path: str
    _http: Endpoint

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, trace)

    async def check(self) -> None:
        """Raise ModelError(scope="run") when the endpoint does not answer or refuses the key."""
        await self._http.check(self.models_path)


def _may_use_proxy(base_url: str) -> bool:
    """Whether the environment names a proxy and the endpoint is not on this machine."""
    try:
        host = urlsplit(base_url).hostname or ""
    except ValueError:
        return False
    is_local = host in {"localhost", "::1"} or host.startswith("127.")
    return not is_local and any(os.environ.get(name) for name in PROXY_VARIABLES)


def _error_text(raw: bytes) -> tuple[frozenset[str], str]:
    """(codes, message) of a provider's error body, whatever its shape."""
    text = raw.decode("utf-8", "replace").strip()
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return frozenset(), text or "(no message)"
    error = body.get("error", body) if isinstance(body, dict) else body
    if isinstance(error, dict):
        return frozenset({str(error.get("code")), str(error.get("type"))}), str(error.get("message") or error)
    return frozenset(), str(error)


def _inner_status(error: object) -> int:
    """The HTTP status inside an error object; 502 when it has none."""
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) and 400 <= code < 600 else 502


def _remedy(status: int) -> str:
    if status < 400:
        return "redirects are not followed, since the key would go along; pass the final address with --base-url"
    return {
        401: "check the key in the provider's environment variable",
        403: "the key may not use this model; check the key and its permissions",
        402: "the account is out of credit",
        404: "check --base-url and the model's name",
        405: "check --base-url, which usually ends in /v1",
    }.get(status, "the account is out of quota")
