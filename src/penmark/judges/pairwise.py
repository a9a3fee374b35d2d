"""Two responses to one task compared by a model: which is better, and by how much, in five verdicts.

The engine asks in both orders; where the two verdicts name different winners, the pair is a tie.

Source: Arena-Write, as "From Coarse to Fine" uses it (appendix A.6): five verdicts from A>>B to B>>A.
Differs: our own prompts, in Chinese too; every pair in both orders; the reply is one JSON object with the reason
before the verdict, so that no verdict quoted from a text can win.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import partial
from importlib.resources import files

from penmark.judges._criteria import LANGUAGES, SAMPLING, language_setting, prompt_language
from penmark.models.reply import preference_schema, read_object, read_preference, refuse_quoted
from penmark.protocols import MARGIN, JudgeCard, JudgeOptions, Prompt, Question, Verdict
from penmark.records import Response, Task
from penmark.text.template import fence, fill, sections

CARD = JudgeCard(
    id="pairwise",
    version=1,
    description="two responses to one task compared by a model, in both orders",
    needs_model=True,
    unit="margin",
    compares=True,
)


class PairwiseJudge:
    """Asks which of two texts, A or B, does the job better."""

    card = CARD
    sampling = SAMPLING

    def __init__(self, options: JudgeOptions) -> None:
        self.options = options
        texts = {lang: (files("penmark.judges") / f"pairwise.{lang}.md").read_text("utf-8") for lang in LANGUAGES}
        self._sections = {lang: sections(text) for lang, text in texts.items()}
        self._prompt_hash = hashlib.sha256("".join(texts.values()).encode()).hexdigest()[:16]

    def settings(self) -> Mapping[str, object]:
        """The prompt hash, and the language of the prompts where one was chosen."""
        return {"prompt_hash": self._prompt_hash} | language_setting(self.options)

    def compare(self, task: Task, first: Response, second: Response) -> Question:
        """The call that compares two responses, the first as text A; all calls about a task share what precedes A."""
        texts = self._sections[prompt_language(task, self.options)]
        writings = (first.text or "", second.text or "")
        shown = fill(texts["texts"], {"first": fence(writings[0]), "second": fence(writings[1])})
        return Question(
            nodes=(MARGIN,),
            prompt=Prompt(
                system=texts["system"],
                shared=fill(texts["shared"], {"task": fence(task.prompt)}) + "\n\n",
                tail=f"{shown}\n\n{texts['answer']}",
            ),
            read=partial(_read, writings),
            schema=preference_schema(),
        )


def _read(writings: tuple[str, str], reply: str) -> dict[str, Verdict]:
    margin, reason = read_preference(read_object(reply))
    for writing in writings:
        refuse_quoted(reply, writing)
    return {MARGIN: Verdict(score=margin, reason=reason)}


def create(options: JudgeOptions) -> PairwiseJudge:
    """The judge, as the command line makes it."""
    return PairwiseJudge(options)
