"""Perturbed copies of stored responses, kept as responses of their own.

A copy of a response by `w` is by the writer `w~KIND`, whose specification says `perturbation_of: w`; so reports,
exports and judging leave it out unless it is named (`store.reads.copies`).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from penmark.errors import ConfigError
from penmark.evaluate.provenance import new_run
from penmark.metaeval.perturbations import PERTURBATIONS, Source, perturb
from penmark.metaeval.perturbations.transfer import GENRES
from penmark.records import Response, Task
from penmark.store import Store, reads

VERSION = 1  # raised when a perturbation of the same name does something else
OTHERS = 20  # texts at hand to take a paragraph from

Drawn = Sequence[tuple[Task, Response]]


@dataclass(frozen=True, slots=True)
class Copied:
    """What became of the texts that were drawn.

    Attributes:
        keys: of the texts and of all their copies.
        writers: of both.
        impossible: kind to the number of texts that give no room for it; kinds without any are left out.
    """

    keys: frozenset[str]
    writers: Sequence[str]
    impossible: Mapping[str, int]


def draw(store: Store, bench: str, writers: Sequence[str], count: int, seed: int) -> Drawn:
    """Responses to perturb: as many of each writer, as far as there are, drawn at random.

    Raises:
        ConfigError: when there is none, or a writer has none.
    """
    by_writer: dict[str, list[tuple[Task, Response]]] = {}
    for task, response in reads.responses(store.db, bench, writers):
        if (response.text or "").strip():
            by_writer.setdefault(response.writer, []).append((task, response))
    lacking = [writer for writer in writers if writer not in by_writer]
    if lacking or not by_writer:
        there = ", ".join(reads.writers_of(store.db, bench)) or "nobody"
        raise ConfigError(
            f"no texts {'by ' + ', '.join(lacking) if lacking else 'to perturb'} on {bench} in {store.path}, only by: "
            f"{there}; get some with `penmark write {bench} --writer MODEL` or `penmark import responses`"
        )
    for writer, own in by_writer.items():
        random.Random(f"{seed} {writer}").shuffle(own)
    rounds = range(max(map(len, by_writer.values())))
    evenly = [own[i] for i in rounds for own in by_writer.values() if i < len(own)]
    return evenly[:count]


def copy_writer(writer: str, kind: str, seed: int) -> str:
    """Who the copies are by."""
    return f"{writer}~{kind}" if seed == 0 else f"{writer}~{kind}~{seed}"


def copy_spec(writer: str, kind: str, seed: int) -> dict[str, object]:
    """What makes the writer of copies itself."""
    spec = {"model": None, "source": "perturbation"}
    return {**spec, "perturbation_of": writer, "perturbation": kind, "version": VERSION, "seed": seed}


def source_of(response: Response, others: Sequence[str] = ()) -> Source:
    """A response as perturbations take it."""
    return Source(key=f"{response.task} {response.writer}", text=response.text or "", others=others)


def save_copies(store: Store, bench: str, drawn: Drawn, seed: int) -> Copied:
    """Make the copies that are missing, and say which there are now.

    Raises:
        ConfigError: when the name of a copy's writer stands for something else in this store.
    """
    writers = list(dict.fromkeys(response.writer for _, response in drawn))
    for writer in writers:
        for kind in PERTURBATIONS:
            store.check_name("writers", copy_writer(writer, kind, seed), copy_spec(writer, kind, seed))
    others = [response.text or "" for _, response in drawn]
    made = {kind: list(_copies(store, drawn, kind, seed, others)) for kind in PERTURBATIONS}
    run = new_run("write", {"bench": bench, "perturbations": list(PERTURBATIONS), "writers": writers, "seed": seed})
    with store.together():
        store.save_run(run)
        for kind, copies in made.items():
            for writer in dict.fromkeys(original.writer for original, copy in copies if copy):
                store.save_writer(copy_writer(writer, kind, seed), copy_spec(writer, kind, seed))
            store.save_responses(*(copy for _, copy in copies if copy))
        store.end_run(run.id, "done")
    store.flush()
    lacking = {kind: sum(copy is None for _, copy in copies) for kind, copies in made.items()}
    return Copied(
        keys=_keys(store, drawn, seed),
        writers=[*writers, *(name for name, of in reads.copies(store.db).items() if of in writers)],
        impossible={kind: number for kind, number in lacking.items() if number},
    )


def _copies(
    store: Store, drawn: Drawn, kind: str, seed: int, texts: Sequence[str]
) -> Iterator[tuple[Response, Response | None]]:
    """(response, its copy) of one kind; the copy that is stored already, else a new one, None where it cannot be."""
    for number, (task, response) in enumerate(drawn):
        writer = copy_writer(response.writer, kind, seed)
        there = reads.responses_to(store.db, task.key, writer)
        if there:
            yield response, there[0]
            continue
        others = [text for at, text in enumerate(texts) if drawn[at][0].key != task.key]
        nearby = [others[(number + step) % len(others)] for step in range(min(OTHERS, len(others)))]
        text = perturb(kind, source_of(response, nearby), seed)
        yield response, None if text is None else Response(task=task.key, writer=writer, text=text)


def _keys(store: Store, drawn: Drawn, seed: int) -> frozenset[str]:
    """Of the texts and of all their copies in the store, transfers included."""
    copies = (
        copy.key
        for task, response in drawn
        for kind in (*PERTURBATIONS, *GENRES)
        for copy in reads.responses_to(store.db, task.key, copy_writer(response.writer, kind, seed))
    )
    return frozenset([*(response.key for _, response in drawn), *copies])
