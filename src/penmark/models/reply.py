"""Reading verdicts from replies: strict, and the only place where it is done.

A verdict is one whole JSON object (bare, or as the only thing inside one Markdown code fence) or one
`[[n]]` tag. Whatever else stands in a reply is an unreadable verdict, never a number. What a reasoning
model thinks before its last `</think>` does not count, and nothing quoted from a text can win: a reply with
two candidates is refused, and so is a verdict that stands word for word in the text it judges.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence

from penmark.errors import VerdictError

REASON_CHARS = 600  # longest reason of a model that is held to a schema; others are only asked to be short
TokenLogprobs = tuple[str, float, Mapping[str, float]]  # token, its logprob, {alternative: logprob}

_SCORE_FIELD = re.compile(r'"score"\s*:\s*([0-9])')
_FENCED = re.compile(r"\A(`{3,}|~{3,})(?:json|JSON)?[ \t\r]*\n(.*)\n[ \t]*\1\Z", re.DOTALL)
_TAG = re.compile(r"\[\[(.*?)\]\]", re.DOTALL)
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,3})")
# What each verdict on two texts, A and B, says: 2 and 1 when A is (much) better, -1 and -2 when B is.
_MARGINS = {"A>>B": 2, "A>B": 1, "A=B": 0, "B>A": -1, "B>>A": -2}
_ANSWER_STARTS = ("{", "```", "~~~")


def strip_reasoning(text: str) -> str:
    """The answer proper: what follows the last `</think>`; all of it where there is none.

    Source: WritingBench, released judge; SPEC section 1.
    Differs: an opened `<think>` that never closes leaves no answer at all; and once an object or a fence has
    opened the answer, a later `</think>` stands inside it and cuts nothing.
    """
    answer = text.strip()
    while not answer.startswith(_ANSWER_STARTS) and "</think>" in answer:
        answer = answer.partition("</think>")[2].strip()
    return "" if answer.startswith("<think>") else answer


def strip_thinking(text: str) -> str:
    """What a writer wrote, without the thinking before it: a leading `<think>...</think>`, opening tag or not.

    Unlike in a verdict, later tags stay: a text may be about them. Thinking that never ends leaves "".
    """
    opened = text.lstrip().startswith("<think>")
    thought, mark, rest = text.partition("</think>")
    if mark and (opened or "<think>" not in thought):
        return rest.strip()
    return "" if opened else text.strip()


def read_object(reply: str) -> dict[str, object]:
    """The JSON object that the reply is.

    Raises:
        VerdictError: when the reply is anything but one object, or a key stands twice.
    """
    answer = strip_reasoning(reply)
    try:
        # strict=False allows line breaks inside strings; everything else stays strict.
        value = json.loads(
            _unfenced(answer), strict=False, object_pairs_hook=_without_duplicates, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:  # ValueError also for an integer of thousands of digits.
        raise VerdictError(f"the reply is not one JSON object ({error}): {_excerpt(answer)}") from error
    if not isinstance(value, dict):
        raise VerdictError(f"the reply is JSON but not an object: {_excerpt(answer)}")
    return value


def read_score(value: object, low: int, high: int) -> int:
    """A whole number between low and high, both included.

    Raises:
        VerdictError: for anything else: 7.5, "8", true, 11.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise VerdictError(f"score {_shown(value)} is not a whole number")
    if not low <= value <= high:
        raise VerdictError(f"score {_shown(value)} is outside {low}..{high}")
    return value


def read_verdict(verdict: Mapping[str, object], low: int, high: int) -> tuple[int, str]:
    """(score, reason) of an object such as {"score": 7, "reason": "..."}.

    Raises:
        VerdictError: when either is missing or of the wrong kind.
    """
    if "score" not in verdict:
        raise VerdictError(f"no score among the fields {_excerpt(', '.join(verdict))}")
    reason = verdict.get("reason")
    if not isinstance(reason, str) or not reason.strip():
        raise VerdictError(f"no reason with the score {_shown(verdict['score'])}")
    return read_score(verdict["score"], low, high), reason.strip()


def read_preference(verdict: Mapping[str, object]) -> tuple[int, str]:
    """(margin, reason) of an object such as {"reason": "...", "verdict": "A>B"}: 2 for A>>B down to -2 for B>>A.

    Raises:
        VerdictError: when either is missing or of the wrong kind.
    """
    found = verdict.get("verdict")
    margin = _MARGINS.get(found) if isinstance(found, str) else None
    if margin is None:
        shown = _shown(found) if "verdict" in verdict else f"no field of {_excerpt(', '.join(verdict))}"
        raise VerdictError(f"the verdict is {shown}, not one of {', '.join(_MARGINS)}")
    reason = verdict.get("reason")
    if not isinstance(reason, str) or not reason.strip():
        raise VerdictError(f"no reason with the verdict {_shown(found)}")
    return margin, reason.strip()


def read_tag(reply: str, low: int, high: int) -> int:
    """The whole number in the reply's only `[[n]]`.

    Raises:
        VerdictError: when there is no tag, more than one, or no whole number in range inside it.
    """
    answer = strip_reasoning(reply)
    opened, closed = answer.count("[["), answer.count("]]")
    tag = _TAG.search(answer) if opened == closed == 1 and "<think>" not in answer else None
    if tag is None:
        raise VerdictError(f"{opened} [[...]] tags where one was due: {_excerpt(answer)}")
    digits = tag.group(1).strip()
    if not _WHOLE.fullmatch(digits):
        raise VerdictError(f"[[{digits[:40]}]] holds no whole number")
    return read_score(int(digits), low, high)


def refuse_quoted(reply: str, writing: str) -> None:
    """Nothing, when the verdict is the judge's own.

    Raises:
        VerdictError: when it stands word for word in the text it is about: the text was quoted or obeyed.
    """
    if "{" not in writing:  # Nothing that could be taken for a verdict stands there.
        return
    answer = "".join(_unfenced(strip_reasoning(reply)).split())
    if answer and answer in "".join(writing.split()):
        raise VerdictError(f"the verdict stands word for word in the text it judges: {_excerpt(answer)}")


def verdict_schema(low: int, high: int, reason_chars: int = REASON_CHARS) -> dict[str, object]:
    """JSON schema of {"score", "reason"}, for models that can be held to one."""
    return object_schema(
        {
            "score": {"type": "integer", "minimum": low, "maximum": high},
            "reason": {"type": "string", "minLength": 1, "maxLength": reason_chars},
        }
    )


def preference_schema() -> dict[str, object]:
    """JSON schema of {"reason", "verdict"}, for models that can be held to one."""
    return object_schema(
        {
            "reason": {"type": "string", "minLength": 1, "maxLength": REASON_CHARS},
            "verdict": {"type": "string", "enum": list(_MARGINS)},
        }
    )


def object_schema(properties: Mapping[str, object]) -> dict[str, object]:
    """JSON schema of an object that has all of these properties and no other."""
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


def expected_score(logprobs: Sequence[TokenLogprobs], low: int, high: int) -> float | None:
    """Probability-weighted mean score over the alternatives of the reply's score token(s).

    Finds the number after the last `"score":` and weighs every whole number in range that could have stood there.
    A score of two tokens (`1`, `0`) is followed: its share is the product, and what the second token leaves goes
    to the one-digit score.
    Where another number was written, the share of a first digit that could also begin a two-digit score
    (a lone `1` on a 1-10 scale) is left out, since it cannot be told which was meant.

    Args:
        logprobs: (token, logprob, alternatives) for each token of the reply, in order.
        low: lowest score.
        high: highest score.

    Returns:
        Points; None when there is no score token, or the alternatives hold less than half of the probability.
    """
    at = _score_position(logprobs)
    if at is None:
        return None
    shares: dict[int, float] = {}
    written = logprobs[at][0].strip()
    for token, logprob in {**logprobs[at][2], logprobs[at][0]: logprobs[at][1]}.items():
        digits = token.strip()
        if digits == written and at + 1 < len(logprobs):
            for number, share in _continued(digits, logprobs[at + 1]).items():
                shares[number] = shares.get(number, 0.0) + math.exp(logprob) * share
        elif _is_number(digits) and not low <= int(digits) * 10 <= high:
            shares[int(digits)] = shares.get(int(digits), 0.0) + math.exp(logprob)
    valid = {number: share for number, share in shares.items() if low <= number <= high}
    total = sum(valid.values())
    return sum(number * share for number, share in valid.items()) / total if total >= 0.5 else None


def _score_position(logprobs: Sequence[TokenLogprobs]) -> int | None:
    """Index of the first token with a digit of the number after the last `"score":`."""
    text = "".join(token for token, _, _ in logprobs)
    matches = list(_SCORE_FIELD.finditer(text))
    if not matches:
        return None
    wanted, begin = matches[-1].start(1), 0
    for index, (token, _, _) in enumerate(logprobs):
        if begin <= wanted < begin + len(token):
            return index if _is_number(token.strip()) else None
        begin += len(token)
    return None


def _continued(digits: str, following: TokenLogprobs) -> dict[int, float]:
    """Share of each number that begins with these digits, given what may follow them."""
    if not _is_number(digits):
        return {}
    longer = {
        int(digits + t.strip()): math.exp(p)
        for t, p in following[2].items()
        if _is_number(t.strip()) and t == t.strip()
    }
    return {**longer, int(digits): max(0.0, 1.0 - sum(longer.values()))}


def _is_number(token: str) -> bool:
    return token.isascii() and token.isdigit() and len(token) <= 3


def explain(reply: str, error: VerdictError) -> str:
    """Why a reply could not be read, with what a lenient parser would have guessed; for people, never a score."""
    import json_repair

    try:
        guess = json_repair.loads(strip_reasoning(reply)[:20_000])
    except (ValueError, RecursionError):
        return str(error)
    if isinstance(guess, dict) and "score" in guess:
        return f"{error}; a lenient parser would guess score {_shown(guess['score'])}"
    return str(error)


def _unfenced(answer: str) -> str:
    """What stands inside the fence, when the answer is one fenced block; else the answer."""
    fenced = _FENCED.match(answer)
    return fenced.group(2) if fenced else answer


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise VerdictError(f"a field stands twice in the reply: {keys}")
    return dict(pairs)


def _no_constant(name: str) -> object:
    raise VerdictError(f"{name} is not a number a verdict may hold")


def _shown(value: object) -> str:
    """A value for a message, short however large or deep it is."""
    if isinstance(value, dict | list):
        return f"of kind {type(value).__name__}"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}..."


def _excerpt(text: str) -> str:
    return repr(text if len(text) <= 240 else f"{text[:120]} ... {text[-120:]}")
