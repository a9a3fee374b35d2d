"""Drawing replies from a local language model, several at a time. Machinery of `hf.py`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError

from penmark.errors import ConfigError
from penmark.models._checkpoint import LocalModel, readable
from penmark.models._exchange import defused
from penmark.protocols import Prompt, Reply, Sampling


@dataclass(frozen=True, slots=True)
class Generation:
    """One reply to draw."""

    prompt_ids: list[int]
    sampling: Sampling

    def fits_with(self, other: Generation) -> bool:
        """Whether both can be drawn in one batch; two sampled ones with a seed cannot, as each needs its own."""
        return self is other or (self.sampling == other.sampling and not self.is_seeded)

    @property
    def is_seeded(self) -> bool:
        """Whether the seed matters."""
        return self.sampling.seed is not None and self.sampling.temperature != 0


def encode_chat(tokenizer: Any, named: str, prompt: Prompt) -> list[int]:  # noqa: ANN401  Of the model's own class.
    """The prompt in the model's chat template, up to where the reply begins.

    The system text goes to the front of the user's where the template knows no system. Marks of the template inside
    the prompt are broken up: what it quotes cannot speak as somebody else.

    Raises:
        ConfigError: when the template cannot be filled.
    """
    user = defused(tokenizer, readable(prompt.shared + prompt.tail))
    system = defused(tokenizer, readable(prompt.system))
    apart = [{"role": "system", "content": system}, {"role": "user", "content": user}] if system else []
    merged = [{"role": "user", "content": f"{system}\n\n{user}" if system else user}]
    problem: Exception | None = None
    for messages in filter(None, (apart, merged)):
        try:
            text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        except (TemplateError, ValueError, TypeError) as error:
            problem = error
            continue
        ids: list[int] = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        return ids
    raise ConfigError(f"{named}: its chat template cannot be filled with a prompt ({problem}); copy it there again")


def generate(model: LocalModel, batch: Sequence[Generation], timeout_s: float) -> list[Reply | None]:
    """The replies, drawn together with the first one's sampling; None for those not finished in time.

    A reply takes at most what the longest prompt leaves of the model's input.
    """
    import torch

    longest = max(len(g.prompt_ids) for g in batch)
    pad = _pad_id(model)
    ids_B_N = torch.tensor([[pad] * (longest - len(g.prompt_ids)) + g.prompt_ids for g in batch])
    mask_B_N = torch.tensor([[0] * (longest - len(g.prompt_ids)) + [1] * len(g.prompt_ids) for g in batch])
    room = model.max_tokens - longest
    most = min(batch[0].sampling.max_tokens or room, room)
    with torch.inference_mode(), _seeded(batch[0]):
        drawn_B_M = model.network.generate(
            input_ids=ids_B_N.to(model.device), attention_mask=mask_B_N.to(model.device), max_new_tokens=most,
            pad_token_id=pad, max_time=timeout_s, **_how(batch[0].sampling),
        )[:, longest:].tolist()  # fmt: skip
    return [_reply(model, g, drawn, most) for g, drawn in zip(batch, drawn_B_M, strict=True)]


def _reply(model: LocalModel, generation: Generation, drawn: list[int], most: int) -> Reply | None:
    ends = _end_ids(model)
    end = next((at for at, token in enumerate(drawn) if token in ends), None)
    if end is None and len(drawn) < most:
        return None
    written = drawn if end is None else drawn[:end]
    return Reply(
        text=model.tokenizer.decode(written, skip_special_tokens=True),
        finish_reason="length" if end is None else "stop",
        tokens_in=len(generation.prompt_ids),
        tokens_out=len(written) + (end is not None),
    )


def _how(sampling: Sampling) -> dict[str, object]:
    """The settings `generate` is given; what is left open is the checkpoint's own choice."""
    if sampling.temperature == 0:
        return {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
    names = ("temperature", "top_p", "top_k")
    given = {name: value for name in names if (value := getattr(sampling, name)) is not None}
    return {"do_sample": True, **given} if given else {}


@contextmanager
def _seeded(generation: Generation) -> Iterator[None]:
    """Draw from the seed, where one matters, and leave the process's own random numbers alone."""
    import torch

    if not generation.is_seeded:
        yield
        return
    with torch.random.fork_rng():
        torch.manual_seed(generation.sampling.seed)
        yield


def _end_ids(model: LocalModel) -> set[int]:
    found = model.network.generation_config.eos_token_id
    return set() if found is None else {found} if isinstance(found, int) else set(found)


def _pad_id(model: LocalModel) -> int:
    """What fills up short prompts; hidden from the model by the mask."""
    own = model.tokenizer.pad_token_id
    return int(own) if own is not None else min(_end_ids(model), default=0)
