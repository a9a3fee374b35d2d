"""Ask a model until its reply can be read: three times at most, then there is no value, never a made-up one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from penmark.errors import ModelError, VerdictError
from penmark.evaluate.calls import Caller, CallId
from penmark.evaluate.ledger import Ledger
from penmark.models.reply import explain
from penmark.protocols import Call, Prompt, Reply

MOST_ATTEMPTS = 3
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask(Generic[T]):
    """What to ask and how to read the reply.

    Attributes:
        read: the value in a reply; raises VerdictError when there is none.
        schema: JSON schema of a good reply, for models that can be held to one.
        schema_again: the schema of the second attempt on, where it is another one.
        repeat: 0 for the first asking that counts, 1 for the second, ...
        afresh: leave replies that are stored already aside, and ask anew.
    """

    prompt: Prompt
    read: Callable[[Reply], T]
    schema: Mapping[str, object] | None = None
    schema_again: Mapping[str, object] | None = None
    repeat: int = 0
    afresh: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Generic[T]):
    """What came of asking.

    Attributes:
        value: None unless the status is "read".
        status: "unreadable" after the last attempt, "failed" when a call could not be had.
        reason: why there is no value; "" when there is one.
        call: the last call, for the caller to keep with what was read from it; None when it could not be had.
    """

    value: T | None = None
    status: Literal["read", "unreadable", "failed"] = "read"
    reason: str = ""
    call: Call | None = None


async def ask_until_read(caller: Caller, ledger: Ledger, ask: Ask[T]) -> Answer[T]:
    """The value of the first readable reply.

    Every call but the answer's own is kept in the ledger here. That one is left to whoever asked, so that it can
    be stored together with what was read from it.

    Raises:
        ModelError: scope "run", when no call can work.
        BudgetReachedError: when the next call may not be sent.
    """
    answer: Answer[T] = Answer()
    for attempt in _attempts(caller, ask):
        schema = ask.schema if answer.call is None else ask.schema_again or ask.schema
        if answer.call is not None and answer.call.is_new:
            ledger.keep_call(answer.call)
        try:
            called = await caller.call(ask.prompt, CallId(ask.repeat, attempt), schema=schema)
        except ModelError as error:
            if error.scope == "run":
                raise
            return Answer(status="failed", reason=str(error))
        answer = _read(ask, called)
        if answer.status == "read":
            break
    return answer


def _attempts(caller: Caller, ask: Ask[T]) -> range:
    """Numbers of the attempts to make, after those that are stored when asking afresh."""
    first = 0
    while ask.afresh and caller.has(ask.prompt, CallId(ask.repeat, first)):
        first += 1
    return range(first, first + MOST_ATTEMPTS)


def _read(ask: Ask[T], called: Call) -> Answer[T]:
    try:
        return Answer(value=ask.read(called.reply), call=called)
    except VerdictError as error:
        cut = "the reply was cut off at the longest output allowed; " if called.reply.finish_reason == "length" else ""
        return Answer(status="unreadable", reason=f"{cut}{explain(called.reply.text, error)}", call=called)
