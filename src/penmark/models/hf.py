"""`hf/PATH`: a local Hugging Face language model, as writer or as judge; runs in this process, many prompts at a time.

Needs the extra `train`. The folder must hold a causal language model with its tokenizer and a chat template. Prompts
that wait at the same time are answered together, at most 16, each batch of similar length; in bfloat16 on a GPU that
has it, else in float32. A model trained further in the same folder is another model: the id carries a key of its files.

A sampled reply with a seed is drawn alone, so that it comes out the same whatever else is asked. Replies cannot be held
to a JSON schema here, and log-probabilities are not reported; serve the model with vLLM (`openai/NAME`) for these.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from penmark.errors import ConfigError, ModelError
from penmark.models._checkpoint import Checkpoint, Head, LocalModel, load, load_tokenizer, open_checkpoint, usual_dtype
from penmark.models._generation import Generation, encode_chat, generate
from penmark.protocols import ModelOptions, Prompt, Reply, Sampling

HEAD: Head = "AutoModelForCausalLM"
BATCH = 16
GATHER_S = 0.02  # how long no further prompt must come in before a batch starts
KEY_DIGITS = 8


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A prompt that waits for its turn, and where its reply goes."""

    generation: Generation
    reply: asyncio.Future[Reply]
    since: float


class HFModel:
    """A causal language model that answers the prompts waiting at the same time together."""

    max_parallel: int | None = BATCH
    max_output_tokens: int | None = None

    def __init__(self, checkpoint: Checkpoint, options: ModelOptions) -> None:
        self.id = f"{checkpoint.named}@{checkpoint.identity['checkpoint'][:KEY_DIGITS]}"
        self.endpoint = self.id
        self._checkpoint = checkpoint
        self._timeout_s = options.timeout_s
        self._model: LocalModel | None = None
        self._loading = asyncio.Lock()
        self._waiting: list[_Waiting] = []
        self._working: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._working is not None:
            self._working.cancel()
            await asyncio.gather(self._working, return_exceptions=True)
        self._working = self._model = None

    async def check(self) -> None:
        """Read the tokenizer; the weights are loaded with the first call.

        Raises:
            ConfigError: when it cannot be read or has no chat template.
        """
        tokenizer = await asyncio.to_thread(load_tokenizer, self._checkpoint, HEAD)
        if not tokenizer.chat_template:
            raise ConfigError(
                f"{self._checkpoint.named}: no chat template, as base models have none; give an instruction-tuned "
                f"model, or copy chat_template.jinja there from one of the same family"
            )

    async def complete(self, prompt: Prompt, sampling: Sampling, *, schema: Mapping[str, object] | None) -> Reply:
        """The reply to one prompt.

        Raises:
            ModelError: scope "call" when the prompt is longer than the model's context or the time limit was reached;
                "run" when the model cannot run, such as for want of memory.
        """
        model = await self._loaded()
        generation = Generation(encode_chat(model.tokenizer, self._checkpoint.named, prompt), sampling)
        size = len(generation.prompt_ids)
        if size >= model.max_tokens:
            raise ModelError(
                f"the prompt has {size} tokens, {self._checkpoint.named} takes {model.max_tokens} with its reply",
                scope="call",
            )
        waiting = _Waiting(generation, asyncio.get_running_loop().create_future(), time.monotonic())
        self._waiting.append(waiting)
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work(model))
        return await waiting.reply

    async def _loaded(self) -> LocalModel:
        async with self._loading:
            if self._model is None:
                self._model = await asyncio.to_thread(load, self._checkpoint, HEAD, usual_dtype())
            return self._model

    async def _work(self, model: LocalModel) -> None:
        """Answer what waits, batch after batch, until nothing does."""
        while self._waiting:
            await self._gather()
            batch = self._take()
            if not batch:
                continue
            try:
                replies = await asyncio.to_thread(generate, model, [w.generation for w in batch], self._timeout_s)
            except (RuntimeError, ValueError, IndexError) as error:
                self._fail(batch, f"{self._checkpoint.named} cannot run: {error}")
            else:
                self._answer(batch, replies)

    async def _gather(self) -> None:
        """Wait until the batch is full or no further prompt comes in."""
        before = 0
        while before != len(self._waiting) < BATCH:
            before = len(self._waiting)
            await asyncio.sleep(GATHER_S)

    def _take(self) -> list[_Waiting]:
        """Prompts to answer together: those sampled as the one that has waited longest, nearest to it in length."""
        self._waiting = [w for w in self._waiting if not w.reply.done()]  # Else nobody wants the reply any more.
        if not self._waiting:
            return []
        first = self._waiting[0]
        size = len(first.generation.prompt_ids)
        together = [w for w in self._waiting if w.generation.fits_with(first.generation)] or [first]
        together.sort(key=lambda w: (w is not first, abs(len(w.generation.prompt_ids) - size)))
        batch = together[:BATCH]
        self._waiting = [w for w in self._waiting if w not in batch]
        return batch

    def _answer(self, batch: Sequence[_Waiting], replies: Sequence[Reply | None]) -> None:
        for waiting, reply in zip(batch, replies, strict=True):
            if waiting.reply.done():
                continue
            if reply is None:
                late = f"no reply within {self._timeout_s:g} s; raise --timeout or lower --max-output-tokens"
                waiting.reply.set_exception(ModelError(late, scope="call"))
            else:
                waiting.reply.set_result(replace(reply, latency_s=time.monotonic() - waiting.since))

    def _fail(self, batch: Sequence[_Waiting], message: str) -> None:
        for waiting in batch:
            if not waiting.reply.done():
                waiting.reply.set_exception(ModelError(message, scope="run"))


def create(name: str, options: ModelOptions) -> HFModel:
    """The model in the folder NAME.

    Raises:
        ConfigError: when it holds no checkpoint, or the libraries to run it are not installed.
    """
    if not name:
        raise ConfigError("`hf/` needs a folder, such as hf/checkpoints/writer")
    named = f"hf/{name}"
    return HFModel(open_checkpoint(Path(name).expanduser(), named=named, user=f"model {named!r}"), options)
