"""Which queries are writing tasks of a wanted sort: those near the centre of hand-picked prototypes.

Each category has prototypes; its centre in a language is the mean of their embeddings. A query belongs to the category
of the nearest centre in its language, by cosine, and is left out when that is too far away. Embeddings are the mean
of a local encoder's last hidden states over the tokens of the text.

Source: From Coarse to Fine (WEval), section 3.1.1.
Differs: our own prototypes, ten a category in each language; the paper names neither its encoder nor a threshold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penmark.errors import DataError
from penmark.jsonl import raise_problems, read_jsonl
from penmark.models._checkpoint import LocalModel, load, open_checkpoint, readable
from penmark.protocols import Problem
from penmark.records import Task
from penmark.text import language

FloatArray = NDArray[np.float64]
PACKAGED = "prototypes.jsonl"
AT_ONCE = 32
MOST_TOKENS = 512


@dataclass(frozen=True, slots=True)
class Prototype:
    """One hand-picked query of a category."""

    category: str
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Nearest:
    """The category nearest to a query, and the cosine of the two."""

    category: str
    similarity: float


def read_prototypes(path: Path | None = None) -> list[Prototype]:
    """The prototypes of a JSONL file of {"category", "query"}, or the packaged ones.

    Raises:
        DataError: naming the first malformed lines.
    """
    if path is None:
        with as_file(files("penmark.build") / PACKAGED) as packaged:
            return read_prototypes(packaged)
    problems: list[Problem] = []
    rows = [(row.text("category"), row.text("query")) for row in read_jsonl(path, problems)]
    raise_problems(problems)
    return [Prototype(category, query, language(query)) for category, query in rows]


def open_encoder(folder: Path) -> LocalModel:
    """The encoder in this folder, in memory.

    Raises:
        ConfigError: when it cannot be loaded.
    """
    return load(open_checkpoint(folder, named=f"--encoder {folder}", user="the filter by prototypes"), "AutoModel")


def nearest_categories(tasks: Sequence[Task], prototypes: Sequence[Prototype], encoder: LocalModel) -> list[Nearest]:
    """The nearest category of each task.

    Raises:
        DataError: when a task's language has no prototypes.
    """
    centre_of = _centres(prototypes, encoder)
    lacking = sorted({task.language for task in tasks} - {lang for lang, _ in centre_of})
    if lacking:
        raise DataError(
            f"no prototypes in {', '.join(lacking)}, which seeds are in; add some to the file of --prototypes, "
            "or keep all seeds with --no-filter"
        )
    units = embed([task.instruction for task in tasks], encoder)
    return [_nearest(unit_D, task.language, centre_of) for unit_D, task in zip(units, tasks, strict=True)]


def _nearest(unit_D: FloatArray, lang: str, centre_of: dict[tuple[str, str], FloatArray]) -> Nearest:
    near = [Nearest(category, float(unit_D @ centre_D)) for (of, category), centre_D in centre_of.items() if of == lang]
    return max(near, key=lambda found: found.similarity)


def _centres(prototypes: Sequence[Prototype], encoder: LocalModel) -> dict[tuple[str, str], FloatArray]:
    """(language, category) to its centre, of length 1."""
    units = embed([prototype.text for prototype in prototypes], encoder)
    members: dict[tuple[str, str], list[FloatArray]] = {}
    for prototype, unit_D in zip(prototypes, units, strict=True):
        members.setdefault((prototype.language, prototype.category), []).append(unit_D)
    return {key: _unit(np.mean(found, axis=0)) for key, found in members.items()}


def embed(texts: Sequence[str], encoder: LocalModel) -> list[FloatArray]:
    """A vector of length 1 for each text, in order; texts are cut at what the encoder takes, at most 512 tokens."""
    # Texts of like length together, so that little is padding.
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    vectors: dict[int, FloatArray] = {}
    for start in range(0, len(order), AT_ONCE):
        some = order[start : start + AT_ONCE]
        vectors |= zip(some, _mean_states([texts[i] for i in some], encoder), strict=True)
    return [vectors[i] for i in range(len(texts))]


def _mean_states(texts: Sequence[str], encoder: LocalModel) -> Iterator[FloatArray]:
    tokens: Any = encoder.tokenizer(
        [readable(text) for text in texts],
        padding=True,
        truncation=True,
        max_length=min(MOST_TOKENS, encoder.max_tokens),
        return_tensors="pt",
    )
    states_B_T_D = encoder.run(tokens).last_hidden_state.double().cpu().numpy()
    mask_B_T = tokens["attention_mask"].numpy()
    for states_T_D, mask_T in zip(states_B_T_D, mask_B_T, strict=True):
        yield _unit(states_T_D[mask_T == 1].mean(axis=0))


def _unit(vector_D: FloatArray) -> FloatArray:
    length = float(np.linalg.norm(vector_D))
    return vector_D / length if length else vector_D
