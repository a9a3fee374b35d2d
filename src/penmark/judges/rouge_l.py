"""ROUGE-L against the task's reference: a rival from the time before model judges, to see what they are worth.

The longest common subsequence of both texts' tokens, as an F1 of 0-100: precision is its share of the response, recall
its share of the reference, and both weigh the same (beta 1). The whole text is one sequence, line breaks or not.

Source: Lin 2004 (sentence-level ROUGE-L); rival of Tree-of-Writing (SPEC section 2).
Differs: the paper says neither how it cuts Chinese nor which beta it takes. Here Chinese goes by characters
(sacrebleu's tokenizer `zh`) or, with `--units words`, by jieba's words; other languages by words (`13a`), without
stemming and with case and punctuation kept, as for `bleu`.
"""

from __future__ import annotations

from collections.abc import Mapping

from penmark.judges._overlap import OverlapJudge, Reference, overlap_criterion
from penmark.protocols import JudgeCard, JudgeOptions, Verdict
from penmark.records import Rubric

CARD = JudgeCard(
    id="rouge-l",
    version=1,
    description="overlap with the task's reference: ROUGE-L, the F1 of the longest common subsequence",
    needs_model=False,
    unit="ROUGE-L",
)


class RougeLJudge(OverlapJudge):
    """Scores a response by the longest sequence of tokens it has in common with the reference."""

    card = CARD
    tree = Rubric.flat((overlap_criterion("rouge-l", "F1 of the longest common subsequence with the reference."),))

    def __init__(self, options: JudgeOptions) -> None:
        super().__init__(options)
        from rapidfuzz.distance import LCSseq  # Not needed to list judges.

        self._longest_common = LCSseq.similarity

    def settings(self) -> Mapping[str, object]:
        """How texts are cut into tokens, and the balance of precision and recall."""
        return {**super().settings(), "beta": 1}

    def compare(self, reference: Reference, numbers: list[int]) -> Mapping[str, Verdict]:
        """ROUGE-L."""
        common = self._longest_common(numbers, reference.numbers)
        both = len(numbers) + len(reference.numbers)
        reason = f"{common} tokens in common, of {len(numbers)} here and {len(reference.numbers)} in the reference"
        return {"rouge-l": Verdict(score=200 * common / both, reason=reason, read_as="rule")}


def create(options: JudgeOptions) -> RougeLJudge:
    """The judge, as the command line makes it."""
    return RougeLJudge(options)
