"""What judges share that run a local checkpoint themselves.

Only machinery: the judges themselves are `bertscore.py`, `bleurt.py` and `reward_model.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from penmark.errors import ConfigError, DataError
from penmark.models._checkpoint import Dtype, Head, LocalModel, load, open_checkpoint, readable
from penmark.protocols import JudgeCard, JudgeOptions, PlanQuestion, Question, Sampling, Verdict
from penmark.records import Response, Rubric, Task


class CheckpointJudge:
    """Scores responses by a local model, many at a time; subclasses say how."""

    card: JudgeCard
    sampling = Sampling()
    tree: Rubric
    head: Head

    def __init__(self, options: JudgeOptions) -> None:
        folder, judge = options.checkpoint, f"judge {self.card.id!r}"
        if folder is None:
            raise ConfigError(f"{judge} runs a local model; name its folder with --checkpoint DIR")
        self.checkpoint = open_checkpoint(folder, named=f"--checkpoint {folder}", user=judge)

    @property
    def dtype(self) -> Dtype:
        """The precision of its arithmetic."""
        return "float32"

    def settings(self) -> Mapping[str, object]:
        """Which checkpoint it is, wherever its folder stands, and the precision of its arithmetic."""
        return {**self.checkpoint.identity, "dtype": self.dtype}

    def rubric(self, task: Task) -> Rubric:
        """The same leaves for every task."""
        return self.tree

    def plan(self, task: Task) -> PlanQuestion | None:
        """Nothing to settle."""
        return None

    def questions(self, task: Task, response: Response) -> Sequence[Question]:
        """None: the checkpoint is no model that is asked."""
        return []

    def measure(self, task: Task, response: Response) -> Mapping[str, Verdict]:
        """The verdict on one response; see `measure_all`."""
        (verdict,) = self.measure_all([(task, response)])
        return verdict

    def measure_all(self, items: Sequence[tuple[Task, Response]]) -> list[Mapping[str, Verdict]]:
        """The verdicts on many responses, in order; {} for an empty text, which gets the lowest score as it is.

        Raises:
            ConfigError: when the checkpoint cannot be loaded or gives no number.
        """
        wanted = [at for at, (_, response) in enumerate(items) if (response.text or "").strip()]
        verdicts: list[Mapping[str, Verdict]] = [{} for _ in items]
        if wanted:
            for at, verdict in zip(wanted, self.measure_texts([items[at] for at in wanted]), strict=True):
                verdicts[at] = verdict
        return verdicts

    def measure_texts(self, items: Sequence[tuple[Task, Response]]) -> list[Mapping[str, Verdict]]:
        """The verdicts on responses that are not empty."""
        raise NotImplementedError

    @cached_property
    def model(self) -> LocalModel:
        """The checkpoint in memory.

        Raises:
            ConfigError: when its files cannot be loaded.
        """
        return load(self.checkpoint, self.head, self.dtype)


class ReferenceJudge(CheckpointJudge):
    """Compares responses with the task's reference by a local encoder."""

    def rubric(self, task: Task) -> Rubric:
        """The metric's leaves.

        Raises:
            DataError: when the task has no reference.
        """
        reference_text(task)
        return self.tree

    @cached_property
    def model(self) -> LocalModel:
        """The encoder in memory.

        Raises:
            ConfigError: when its files cannot be loaded, or it cannot pad.
        """
        model = load(self.checkpoint, self.head, self.dtype)
        if model.tokenizer.pad_token is None:
            raise ConfigError(
                f"{self.checkpoint.named}: {type(model.tokenizer).__name__} is no tokenizer of a BERT-like encoder, "
                f"which pads; give such a checkpoint, with a tokenizer.json"
            )
        return model


def reference_text(task: Task) -> str:
    """The text to compare responses with.

    Raises:
        DataError: when the task has none.
    """
    if not (task.reference or "").strip():
        raise DataError(
            f"task {task.id!r} of {task.bench} has no reference to compare responses with; "
            f"take a judge that needs none (`penmark judges list`) or a benchmark with references, such as `sample`"
        )
    return readable(task.reference or "")
