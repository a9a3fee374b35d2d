"""What a run would take, before anything is sent: calls, tokens, and money at most."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from penmark.models.prices import load_prices
from penmark.protocols import Model, Prompt, Reply, Sampling
from penmark.text import estimate_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Calls that are missing, with their estimated size. Replies that must be asked for again come on top.

    Attributes:
        tokens_in: prompt tokens, estimated from the text.
        tokens_shared: of them, tokens that a sibling call has sent before, which a prefix cache can serve.
        tokens_out: reply tokens if every reply were as long as is allowed; None when there is no such limit.
        cost_usd: at most, without any cache; None when the price or the longest reply is not known.
        cached_cost_usd: the same when a cache serves all shared tokens.
    """

    model: str
    calls: int
    tokens_in: int
    tokens_shared: int
    tokens_out: int | None
    cost_usd: float | None
    cached_cost_usd: float | None


def prompt_tokens(prompt: Prompt) -> int:
    """Estimated tokens of a whole prompt."""
    return estimate_tokens(prompt.system + prompt.shared) + estimate_tokens(prompt.tail)


def sizes(siblings: Iterable[Prompt]) -> Iterator[tuple[int, int]]:
    """(estimated prompt tokens, of them shared with an earlier sibling) of calls that begin alike."""
    for position, prompt in enumerate(siblings):
        shared = estimate_tokens(prompt.system + prompt.shared)
        yield shared + estimate_tokens(prompt.tail), shared if position else 0


def estimate(model: Model | None, calls_made: Iterable[tuple[int, int]], sampling: Sampling) -> Estimate:
    """What calls of these sizes would take.

    Args:
        model: whose price and longest output count; None for judges that ask none.
        calls_made: (prompt tokens, of them shared with an earlier sibling) of each call.
        sampling: how they are made.
    """
    calls = tokens_in = tokens_shared = 0
    for size, shared in calls_made:
        calls, tokens_in, tokens_shared = calls + 1, tokens_in + size, tokens_shared + shared
    longest = min((n for n in (sampling.max_tokens, model and model.max_output_tokens) if n), default=None)
    tokens_out = 0 if model is None else None if longest is None else calls * longest
    price = load_prices().price(model.id) if model else None
    costs: list[float | None] = [None, None]
    if price is not None and tokens_out is not None:
        whole = Reply(text="", tokens_in=tokens_in, tokens_out=tokens_out)
        costs = [price.cost_usd(whole), price.cost_usd(replace(whole, tokens_cached=tokens_shared))]
    return Estimate(
        model=model.id if model else "none",
        calls=calls,
        tokens_in=tokens_in,
        tokens_shared=tokens_shared,
        tokens_out=tokens_out,
        cost_usd=costs[0],
        cached_cost_usd=costs[1],
    )
