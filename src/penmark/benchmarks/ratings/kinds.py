"""The four kinds of rating and how a row of each is read: scores, pairs, picks of the best, rankings.

    kind     fields of a row, besides the task's and `annotator` and `reason`
    scores   writer, response, score; criteria or criterion:NAME; of several people score:NAME, or a list or object
    pairs    writer_a, response_a, writer_b, response_b, preferred
    best     candidates or responses, best
    ranking  responses, ranking: best first, equals in a list of their own; or "a > b = c"

A pick of the best says that it is better than each of the others, and nothing about these among themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations

from penmark.benchmarks.ratings.collected import Collector, pieces
from penmark.benchmarks.ratings.table import RatingRow
from penmark.jsonl import shown

VERDICTS: Mapping[str, int] = {
    "a": 1, "b": -1, "tie": 0, "first": 1, "second": -1, "both": 0,
    "a>>b": 2, "a>b": 1, "a=b": 0, "b>a": -1, "b>>a": -2, "a<b": -1, "a<<b": -2,
}  # fmt: skip


def read_scores(row: RatingRow, collector: Collector) -> None:
    """A response and what one person or several gave it."""
    task = collector.task(row)
    writer = collector.response(row, task, "writer", "response")
    by = collector.annotator(row)
    found = list(_scores(row, by))
    for key, node, annotator, value in found:
        collector.add_score(row, key, value, (task, writer, node, annotator))
    if not found:
        row.report("score", "missing", "name the --column that has it, such as --column score=rating")


def _scores(row: RatingRow, by: str) -> Iterator[tuple[str, str, str, object]]:
    """(field, node, annotator, value) of every score in the row."""
    whole = row.values.get("score")
    if isinstance(whole, list):
        yield from (("score", "", str(number), value) for number, value in enumerate(whole, 1))
    elif isinstance(whole, dict):
        yield from (("score", "", str(name), value) for name, value in whole.items())
    elif "score" in row.values:
        yield "score", "", by, whole
    for key, value in row.values.items():
        if key.startswith("score:"):
            yield key, "", key.partition(":")[2], value
    for name, value in row.named("criterion", "criteria", lambda _, value: value).items():
        yield (f"criterion:{name}" if f"criterion:{name}" in row.values else "criteria"), name, by, value


def read_pair(row: RatingRow, collector: Collector) -> None:
    """Two responses and which one is better."""
    task = collector.task(row)
    first = collector.response(row, task, "writer_a", "response_a")
    second = collector.response(row, task, "writer_b", "response_b")
    margin = _margin(row, collector.terms.verdicts, {first: 1, second: -1})
    collector.add_preference(row, task, (first, second), margin)


def _margin(row: RatingRow, verdicts: Mapping[str, int], writers: Mapping[str, int]) -> int:
    value = row.values.get("preferred")
    text = "" if value is None or isinstance(value, bool | list | dict) else str(value).strip()
    if text in verdicts:
        return verdicts[text]
    said = writers.get(text), None if verdicts else VERDICTS.get(text.casefold().replace(" ", ""))
    meant = {margin for margin in said if margin is not None}
    if len(meant) == 1:
        return meant.pop()
    found = f"{shown(value)} is {'a side and the name of the other writer' if meant else 'no verdict'}"
    expected = ", ".join([*verdicts] or ["a", "b", "tie"])
    remedy = f"use {expected} or a writer's name, or say what it means with --verdict {text[:20]}=a"
    row.report("preferred", "missing" if value is None else found, remedy)
    return 0


def read_best(row: RatingRow, collector: Collector) -> None:
    """Several responses and the best of them."""
    task = collector.task(row)
    writers = _candidates(row, collector, task)
    best = str(row.values["best"]).strip() if row.values.get("best") is not None else ""
    if best not in writers:
        found = f"{shown(best)} is not among {', '.join(writers) or 'any candidates'}" if best else "missing"
        row.report("best", found, "give the name of a candidate")
    for other in writers:
        if other != best:
            collector.add_preference(row, task, (best, other), 1)


def _candidates(row: RatingRow, collector: Collector, task: str) -> list[str]:
    """The writers of a row's responses, which are taken in."""
    texts = row.values.get("responses")
    if isinstance(texts, dict):
        for writer, text in texts.items():
            collector.keep(row, task, (writer, "responses"), row.text_value("responses", text))
        return list(texts)
    if texts is not None:
        row.report("responses", f"{shown(texts)} is not an object", "give the text of each writer by name")
    named = list(pieces(row.values.get("candidates") or [], "|"))
    for writer in named:
        collector.keep(row, task, (writer, "candidates"), None)
    return named


def read_ranking(row: RatingRow, collector: Collector) -> None:
    """Several responses from the best to the worst."""
    task = collector.task(row)
    ranks = _ranks(row)
    brought = _candidates(row, collector, task)
    names = [name for rank in ranks for name in rank]
    if len(names) < 2 or len(set(names)) < len(names):
        found = f"{shown(row.values.get('ranking'))} ranks no two different writers once"
        row.report("ranking", found, 'give such as [["a"], ["b", "c"]] or "a > b = c"')
    for name in set(brought) - set(names) if brought else ():
        row.report("ranking", f"{shown(name)} is not ranked", "rank every response")
    for name in names:
        collector.keep(row, task, (name, "ranking"), None)
    placed = [(place, name) for place, rank in enumerate(ranks) for name in rank]
    for (above, first), (below, second) in combinations(placed, 2):
        collector.add_preference(row, task, (first, second), int(above < below))


def _ranks(row: RatingRow) -> list[list[str]]:
    value = row.values.get("ranking") or []
    parts = value if isinstance(value, list) else str(value).split(">")
    return [list(pieces(part, "=")) for part in parts]


# Kind to the field that tells it and the reader of a row; in the order they are looked for.
KINDS: Mapping[str, tuple[str, Callable[[RatingRow, Collector], None]]] = {
    "pairs": ("preferred", read_pair),
    "best": ("best", read_best),
    "ranking": ("ranking", read_ranking),
    "scores": ("score", read_scores),
}
