"""BLEU against the task's reference: a rival from the time before model judges, to see what they are worth.

The root is BLEU-1, which is what the paper reports; BLEU-2 to BLEU-4 are leaves of weight 0, there to be read.
Each equals sacrebleu's sentence BLEU of that highest order: one reference, case kept, exponential smoothing where an
order has no match, and only orders for which the response is long enough ("effective order"), so that a text equal to
the reference gets 100 however short. Without a match of any order the score is 0.

Source: Papineni et al. 2002; rival of Tree-of-Writing (SPEC section 2).
Differs: the paper says neither how it cuts Chinese nor how it smooths. Here Chinese goes by characters (sacrebleu's
tokenizer `zh`) or, with `--units words`, by jieba's words; other languages by words (`13a`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import version

from penmark.judges._overlap import TASKS_AT_HAND, OverlapJudge, Reference, overlap_criterion
from penmark.protocols import JudgeCard, JudgeOptions, Verdict
from penmark.records import Rubric

CARD = JudgeCard(
    id="bleu",
    version=1,
    description="overlap with the task's reference: BLEU-1, with BLEU-2 to BLEU-4 beside it",
    needs_model=False,
    unit="BLEU-1",
)
ORDERS = (1, 2, 3, 4)
COUNTING_ORDER = 1
SMOOTHING = "exp"

Ngrams = Counter[tuple[int, ...]]


class BleuJudge(OverlapJudge):
    """Scores a response by the n-grams it shares with the reference, with a penalty for being shorter."""

    card = CARD
    tree = Rubric(
        children=tuple(
            Rubric(
                name=f"bleu-{order}",
                weight=float(order == COUNTING_ORDER),
                criterion=overlap_criterion(f"bleu-{order}", f"BLEU of n-grams up to {order} against the reference."),
            )
            for order in ORDERS
        )
    )

    def __init__(self, options: JudgeOptions) -> None:
        super().__init__(options)
        from sacrebleu.metrics.bleu import BLEU  # Slow to load, and not needed to list judges.

        self._compute = BLEU.compute_bleu
        self._expected = lru_cache(maxsize=TASKS_AT_HAND)(_reference_ngrams)

    def settings(self) -> Mapping[str, object]:
        """How texts are cut into tokens, and which BLEU it is."""
        own = {"smoothing": SMOOTHING, "effective_order": True, "sacrebleu": version("sacrebleu")}
        return {**super().settings(), **own}

    def compare(self, reference: Reference, numbers: list[int]) -> Mapping[str, Verdict]:
        """BLEU-1 to BLEU-4."""
        expected = self._expected(reference)
        matched = [_matches(_ngrams(numbers, order), expected[order]) for order in ORDERS]
        total = [max(len(numbers) - order + 1, 0) for order in ORDERS]
        lengths = (len(numbers), len(reference.numbers))
        return {f"bleu-{order}": self._verdict(matched[:order], total[:order], lengths) for order in ORDERS}

    def _verdict(self, matched: list[int], total: list[int], lengths: tuple[int, int]) -> Verdict:
        """BLEU up to the last order given, from the matched and all n-grams of each order and both lengths."""
        bleu = self._compute(
            matched, total, *lengths, smooth_method=SMOOTHING, effective_order=True, max_ngram_order=len(total)
        )
        share = f"{matched[-1]} of {total[-1]} {len(total)}-grams are in the reference"
        # Its logarithms leave 100.00000000000004 for equal texts.
        score = min(bleu.score, 100.0)
        return Verdict(score=score, reason=f"{share}; brevity penalty {bleu.bp:.3f}", read_as="rule")


def create(options: JudgeOptions) -> BleuJudge:
    """The judge, as the command line makes it."""
    return BleuJudge(options)


def _reference_ngrams(reference: Reference) -> dict[int, Ngrams]:
    return {order: _ngrams(reference.numbers, order) for order in ORDERS}


def _ngrams(numbers: list[int], order: int) -> Ngrams:
    return Counter(zip(*(numbers[start:] for start in range(order)), strict=False))


def _matches(found: Ngrams, expected: Ngrams) -> int:
    """N-grams of the response that the reference has, each at most as often as there."""
    return sum(min(times, expected[ngram]) for ngram, times in found.items() if ngram in expected)
