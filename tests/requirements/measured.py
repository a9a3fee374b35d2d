"""How well extraction and checks agree with labels: what `bench/requirements.py` prints and the tests hold."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from penmark import requirements
from penmark.records import Check, Requirement
from penmark.requirements.extraction import extract, find, window
from penmark.requirements.finding import Bounds
from penmark.requirements.ifeval import as_checks

HERE = Path(__file__).parent
# IFEval calls these two kinds by what they demand; our checks by how it is told.
KINDS = {
    "words": "number_words", "sentences": "number_sentences", "paragraphs": "number_paragraphs",
    "paragraph_start": "nth_paragraph_first_word", "includes": "existence", "excludes": "forbidden_words",
    "mentions": "frequency", "letters": "letter_frequency", "no_commas": "no_comma", "uppercase": "english_capital",
    "lowercase": "english_lowercase", "capital_words": "capital_word_frequency", "language": "response_language",
    "ends_with": "end_checker", "quoted": "quotation", "postscript": "postscript", "repeats": "repeat_prompt",
    "bullets": "number_bullet_lists", "highlights": "number_highlighted_sections",
    "placeholders": "number_placeholders", "json": "json_format", "title": "title",
    "marked_sections": "multiple_sections", "one_of": "constrained_response",
}  # fmt: skip
Atom = tuple[str, str]  # kind, and the word or letter where a query may have several of the kind


@dataclass
class Tally:
    """Demands given, found, found rightly, and found with exactly the given arguments.

    `unlisted` are found and not given, and stand in the prompt as a reader says; `unread` no reader has looked at.
    """

    given: int = 0
    found: int = 0
    right: int = 0
    exact: int = 0
    unlisted: int = 0
    unread: int = 0
    misses: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.given += other.given
        self.found += other.found
        self.right += other.right
        self.exact += other.exact
        self.unlisted += other.unlisted
        self.unread += other.unread

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else float("nan")

    @property
    def precision_as_read(self) -> float:
        """Share of the found that stand in the prompt: given, or missing from the list as a reader says."""
        return (self.right + self.unlisted) / self.found if self.found else float("nan")

    @property
    def recall(self) -> float:
        return self.right / self.given if self.given else float("nan")

    @property
    def exactness(self) -> float:
        return self.exact / self.right if self.right else float("nan")


def ifeval_labels() -> dict[tuple[int, str], bool]:
    """By key and kind, of demands that IFEval does not list for odd prompts: whether they stand in the prompt."""
    rows = map(json.loads, (HERE / "ifeval_labels.jsonl").read_text(encoding="utf-8").splitlines())
    return {(row["key"], row["kind"]): row["stands"] for row in rows}


def ifeval_rows(path: Path, parity: int | None) -> Iterator[dict[str, Any]]:
    """IFEval's prompts with even (0) or odd (1) keys."""
    import polars as pl

    for row in pl.read_parquet(path).iter_rows(named=True):
        if parity is None or row["key"] % 2 == parity:
            yield row


def atoms(checks: Iterable[Check]) -> dict[Atom, dict[str, Any]]:
    """Demands by kind; those of one kind about the same thing are one, with the bounds of all."""
    merged: dict[Atom, dict[str, Any]] = {}
    for check in checks:
        kind = KINDS.get(check.name, "")
        if check.name == "parts":
            kind = "two_responses" if check.arguments["separator"] == "******" else "number_paragraphs"
        if not kind:
            continue
        arguments = {k: v for k, v in check.arguments.items() if k != "separator"}
        key = str(arguments.get("word") if check.name == "mentions" else arguments.get("letter") or "")
        held = merged.setdefault((kind, key), {})
        if "words" in arguments:
            arguments["words"] = sorted({*held.get("words", []), *arguments["words"]})
        held.update(arguments)
    return merged


def is_exact(kind: str, given: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    if kind == "repeat_prompt":
        return " ".join(given["text"].split()) == " ".join(found["text"].split())
    if kind == "end_checker":
        return given["text"].strip().casefold() == found["text"].strip().casefold()
    if kind == "postscript":
        return given["marker"].strip(".") == found["marker"].strip(".")
    return {**given} == {**found} or _same_bounds(given, found)


def _same_bounds(given: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    rest = [{k: v for k, v in side.items() if k not in ("least", "most", "about")} for side in (given, found)]
    return rest[0] == rest[1] and Bounds.of(given) == Bounds.of(found) != Bounds()


def score_ifeval(path: Path, parity: int | None) -> dict[str, Tally]:
    """A tally for each of IFEval's kinds, over its prompts with even or odd keys."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    labels = ifeval_labels()
    for row in ifeval_rows(path, parity):
        pairs = zip(row["instruction_id_list"], row["kwargs"], strict=True)
        given = atoms(check for kind, arguments in pairs for check in as_checks(kind, arguments))
        found = atoms(r.check for r in extract(row["prompt"]) if r.check)
        if any(kind.startswith("english_") for kind, _ in given):
            # The capital and lowercase kinds themselves demand English.
            found = {atom: a for atom, a in found.items() if a != {"language": "en"}}
        for atom in {*given, *found}:
            _count(tallies[atom[0]], row["key"], atom, given.get(atom), found.get(atom))
            if atom not in given:
                stands = labels.get((row["key"], atom[0]))
                tallies[atom[0]].unlisted += stands is True
                tallies[atom[0]].unread += stands is None
    return dict(sorted(tallies.items()))


def _count(
    tally: Tally, key: int, atom: Atom, given: Mapping[str, Any] | None, found: Mapping[str, Any] | None
) -> None:
    tally.given += given is not None
    tally.found += found is not None
    if given is None or found is None:
        tally.misses.append(f"{key} {atom}: {'not given' if given is None else 'not found'} {given or found}")
        return
    tally.right += 1
    is_right = is_exact(atom[0], given, found)
    tally.exact += is_right
    if not is_right:
        tally.misses.append(f"{key} {atom}: given {given}, found {found}")


# --- lengths of WritingBench ---------------------------------------------------------------------------------------


def length_queries(folder: Path) -> dict[int, str]:
    """The queries of WritingBench's length subset by index."""
    path = folder / "benchmark_query/requirement/length/length_subset.jsonl"
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return {row["index"]: row["query"] for row in rows}


def length_labels() -> list[dict[str, Any]]:
    lines = (HERE / "length_labels.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


LENGTH_UNITS = ("words", "characters", "sentences", "lines", "minutes", "seconds", "pages", "paragraphs")
Length = tuple[str, str, int, int]  # unit, relation, low, high


def found_lengths(query: str) -> list[tuple[str, Length]]:
    """(scope, length) of every length that extraction reads, those in minutes and pages included."""
    lengths = []
    for demand in find(window(query)):
        arguments = dict(demand.check.arguments)
        unit = str(arguments.get("unit", demand.check.name))
        if unit in LENGTH_UNITS:
            scope = "part" if demand.check.name == "each" else "total"
            length = (scope, (unit, *_relation(Bounds.of(arguments))))
            if length not in lengths:
                lengths.append(length)
    return lengths


def _relation(bounds: Bounds) -> tuple[str, int, int]:
    if bounds.about is not None:
        return "about", bounds.about, bounds.about
    if bounds.least == bounds.most:
        return "exactly", bounds.least or 0, bounds.most or 0
    if bounds.most is None:
        return "at least", bounds.least or 0, bounds.least or 0
    return ("at most", bounds.most, bounds.most) if bounds.least is None else ("between", bounds.least, bounds.most)


def score_lengths(folder: Path) -> dict[str, Tally]:
    """By language: labelled lengths of words, characters, lines or time; found ones; right numbers; right scope too."""
    queries = length_queries(folder)
    tallies = {"zh": Tally(), "en": Tally()}
    for label in length_labels():
        wanted = [(x["scope"], (x["unit"], x["relation"], x["low"], x["high"])) for x in label["lengths"]]
        wanted = [x for x in wanted if x[1][0] in LENGTH_UNITS]
        found, tally = found_lengths(queries[label["index"]]), tallies[label["language"]]
        tally.given += len(wanted)
        tally.found += len(found)
        for scope, length in found:
            is_right = length in [w for _, w in wanted if _ != "change"]
            tally.right += is_right
            tally.exact += (scope, length) in wanted
            if not is_right or (scope, length) not in wanted:
                tally.misses.append(f"{label['index']}: found {scope} {length}, labelled {wanted}")
        tally.misses += [f"{label['index']}: not found {w}" for w in wanted if w[1] not in [f for _, f in found]]
    return tallies


def share_with_length(folder: Path) -> dict[str, tuple[int, int]]:
    """By language: queries of the length subset with a length found, and all of them."""
    from penmark.text import language

    counts: dict[str, tuple[int, int]] = {"zh": (0, 0), "en": (0, 0)}
    for query in length_queries(folder).values():
        name = language(query[:300])
        has, total = counts[name]
        counts[name] = (has + bool(found_lengths(query)), total + 1)
    return counts


# --- checks against labels -----------------------------------------------------------------------------------------


def label_text(label: dict[str, Any], howtobench: Path) -> str:
    """The text a label is about: a sample reference, or a model's text for a HoWToBench task."""
    from penmark.benchmarks.sample import Sample

    if label["source"] == "sample":
        return next(task.reference or "" for task in Sample().tasks() if task.id == label["task"])
    path = howtobench / "data" / label["task_type"] / "inferences" / f"{label['writer']}.jsonl"
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return str(next(row["output"] for row in rows if row["infer_id"] == label["task"]))


def score_checks(howtobench: Path) -> Tally:
    """Labelled (text, requirement) pairs as `given`; those on which the check says the same as `right`."""
    tally = Tally()
    lines = (HERE / "check_labels.jsonl").read_text(encoding="utf-8").splitlines()
    for label in map(json.loads, lines):
        wanted = Check(label["check"], label["arguments"])
        finding = requirements.check(Requirement(kind="format", check=wanted), label_text(label, howtobench))
        tally.given += 1
        tally.right += finding.is_met == label["label"]
        if finding.is_met != label["label"]:
            tally.misses.append(f"{label}: {finding.explanation}")
    return tally
