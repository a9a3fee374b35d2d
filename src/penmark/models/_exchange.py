"""A prompt and a response as a reward model reads them: by its chat template, and cut where they are too long.

Only machinery. Training and judging both read through here, so that a model is judged on what it learned from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError

from penmark.errors import ConfigError
from penmark.models._checkpoint import Tokens, readable

PROMPT_SHARE = 4  # a prompt keeps at least one token in so many when the response is long as well


@dataclass(frozen=True)
class Exchange:
    """What a model is given of a prompt and a response.

    Attributes:
        left_out: what of the two is not in it, in words; "" when all is.
    """

    tokens: Tokens
    left_out: str = ""


@dataclass(frozen=True)
class ExchangeReader:
    """Reads prompts and responses for one model.

    Attributes:
        tokenizer: a fast one.
        max_tokens: longest input the model takes.
        named: the model's folder as the user gave it, for messages.
    """

    tokenizer: Any
    max_tokens: int
    named: str

    def __post_init__(self) -> None:
        """Look for a chat template or a separator between two texts.

        Raises:
            ConfigError: when the tokenizer has neither.
        """
        if not self.tokenizer.chat_template and self.tokenizer.sep_token is None:
            raise ConfigError(
                f"{self.named}: its tokenizer has no chat template, and no separator between prompt and response; "
                f"copy chat_template.jinja there from the model it was made of"
            )

    def read(self, prompt: str, response: str) -> Exchange | None:
        """Both texts as tokens; None when not even a part of each goes in.

        What is too long is cut at its end. The prompt is cut first, down to a quarter of the room, and only then the
        response. Marks of the chat template inside the texts are broken up: a text cannot speak as somebody else.
        """
        prompt, response = (defused(self.tokenizer, readable(text)) for text in (prompt, response))
        tokens = self._tokens(prompt, response)
        over = len(tokens["input_ids"]) - self.max_tokens
        if over <= 0:
            return Exchange(tokens)
        count_prompt, count_response = self.count(prompt), self.count(response)
        room = count_prompt + count_response - over
        keep_prompt = min(count_prompt, max(room - count_response, room // PROMPT_SHARE))
        keep_response = min(count_response, room - keep_prompt)
        # Tokens at a cut, or beside the template's own text, can come out differently when it is read again.
        while keep_prompt > 0 and keep_response > 0:
            tokens = self._tokens(self._cut(prompt, keep_prompt), self._cut(response, keep_response))
            over = len(tokens["input_ids"]) - self.max_tokens
            if over <= 0:
                lost = (count_prompt - keep_prompt, count_prompt, count_response - keep_response, count_response)
                return Exchange(tokens, self._left_out(*lost))
            is_response = keep_response < count_response
            keep_prompt, keep_response = keep_prompt - over * (not is_response), keep_response - over * is_response
        return None

    def count(self, text: str) -> int:
        """Tokens of a text by itself."""
        return len(self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])

    def rendered(self, prompt: str, response: str) -> str:
        """Both texts in the chat template.

        Raises:
            ConfigError: when the template cannot be filled with one prompt and one answer.
        """
        messages = [{"role": "user", "content": prompt}, {"role": "assistant", "content": response}]
        try:
            return str(self.tokenizer.apply_chat_template(messages, tokenize=False))
        except (TemplateError, ValueError, TypeError) as error:
            raise ConfigError(
                f"{self.named}: its chat template cannot be filled with a prompt and an answer ({error}); "
                f"copy chat_template.jinja there again from the model it was made of"
            ) from error

    def _tokens(self, prompt: str, response: str) -> Tokens:
        if not self.tokenizer.chat_template:
            return dict(self.tokenizer(prompt, response, verbose=False))
        text = self.rendered(prompt, response)
        return dict(self.tokenizer(text, add_special_tokens=False, verbose=False))

    def _cut(self, text: str, tokens: int) -> str:
        """The text up to the end of a token."""
        read = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        offsets = read["offset_mapping"]
        return text if tokens >= len(offsets) else text[: offsets[tokens - 1][1]]

    def _left_out(self, lost_prompt: int, prompt: int, lost_response: int, response: int) -> str:
        parts = ((lost_prompt, prompt, "prompt"), (lost_response, response, "response"))
        lost = [f"{lost} of the {name}'s {count}" for lost, count, name in parts if lost]
        return f"the model takes {self.max_tokens} tokens: left out were {' and '.join(lost)}, from the end"


def defused(tokenizer: Any, text: str) -> str:  # noqa: ANN401  It is of the checkpoint's own class.
    """The text with a space after the first character of every special token in it."""
    added = tokenizer.added_tokens_decoder.values()
    for mark in sorted({str(token) for token in added if token.special and len(str(token)) > 1}):
        text = text.replace(mark, f"{mark[0]} {mark[1:]}")
    return text
