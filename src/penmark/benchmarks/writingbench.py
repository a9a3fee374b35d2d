"""WritingBench: 1,000 real-world writing queries in Chinese and English, each with five criteria of its own.

Six domains and 100 subdomains. Every criterion has a name, a description and a text for each of five
bands of the scale 1-10. Three files list the queries that carry a requirement on length, format or
style ("R"), and three more the criteria that are about it ("C").

Data: https://github.com/X-PLUG/WritingBench, Apache-2.0, revision ae2d517; `penmark bench fetch writingbench`
brings it. Any part of the files will do. The first release (v1: 1,239 queries, `criteria` for `checklist`)
loads too, but not in one folder with the current one.

Source: WritingBench (Wu et al.), sections on data and generation; SPEC section 1.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from penmark.benchmarks._files import FileBenchmark, find_folder
from penmark.benchmarks.criteria import CRITERIA, read_criteria, read_tags
from penmark.benchmarks.fetch import RemoteFile, Source
from penmark.jsonl import Row, read_jsonl, shown
from penmark.protocols import BenchmarkCard, Problem, Sampling
from penmark.records import Criterion, Requirement, RequirementKind, Rubric, Task

CARD = BenchmarkCard(
    id="writingbench",
    title="WritingBench",
    description="1,000 writing queries in 6 domains and 100 subdomains, each with five criteria of its own (1-10)",
    source="https://github.com/X-PLUG/WritingBench",
    revision="ae2d5176449b7b769815482641d35926f26793eb",
    licence="Apache-2.0",
    languages=("en", "zh"),
    sampling=Sampling(temperature=0.7, top_p=0.8, top_k=20, max_tokens=16_000),
)

FOLDER = "benchmark_query"
ALL = "benchmark_all.jsonl"
KINDS: tuple[RequirementKind, ...] = ("length", "format", "style")

_BLOB_IDS = {
    ALL: "2d04c2d4c82f8c2d615e963393c7808f64b97129",
    "requirement/length/length_subset.jsonl": "2bfe99bac25624abe2e2f790118fc49e8e16b94f",
    "requirement/length/length_subset_C.jsonl": "f73ed31528a4df95b80bd0d3bc5f8505b8eaef04",
    "requirement/format/format_subset.jsonl": "6eb9e47a2fc190b28f72129a4fa8e799849833a4",
    "requirement/format/format_subset_C.jsonl": "1a015bcb27dd862e13ea4db49d1f56705db1b9b9",
    "requirement/style/style_subset.jsonl": "5788daafc08e3a3cf8a117dd6b94a1203db2df25",
    "requirement/style/style_subset_C.jsonl": "7df42fc48b86bbba68bf96148da54aabbe3ff675",
}
SOURCE = Source(
    repository="X-PLUG/WritingBench",
    revision=CARD.revision,
    files=tuple(RemoteFile(path=f"{FOLDER}/{path}", blob_id=blob_id) for path, blob_id in _BLOB_IDS.items()),
)

FETCH = "run `penmark bench fetch writingbench`"
ONE_RELEASE = f"keep the files of one release in a folder, or {FETCH} into an empty one"

_INDEX = re.compile(r"[0-9]{1,18}")


def open(data: Path) -> WritingBench:
    """The benchmark in a folder that holds `benchmark_query/` or `writingbench/benchmark_query/`.

    Raises:
        DataError: when it holds neither.
    """
    return WritingBench(find_folder(data, CARD, FOLDER, Path.is_dir), data)


class WritingBench(FileBenchmark):
    """The queries of one release, as far as their files are present.

    Tasks are the queries of `benchmark_all.jsonl` in its order; without that file, those of the R files by index.
    """

    card = CARD

    def __init__(self, folder: Path, data: Path | None = None) -> None:
        super().__init__(data)
        self.folder = folder

    def read(self) -> tuple[Iterator[Task], list[Problem]]:
        """The tasks, and every malformed record."""
        return self._contents.tasks(), self._contents.problems

    @cached_property
    def _contents(self) -> _Contents:
        contents = _Contents(self.folder)
        contents.read()
        return contents


@dataclass(frozen=True, slots=True, kw_only=True)
class _Query:
    """One row of any of the files.

    Attributes:
        list_name: what the row calls its list of criteria.
        where: "file:line".
    """

    index: int
    text: str
    criteria: tuple[Criterion, ...]
    tags: dict[str, str]
    list_name: str
    where: str


class _Contents:
    """What the files of a folder say, and what is wrong with them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[Problem] = []
        self._queries: dict[int, _Query] = {}
        self._kinds: dict[int, list[RequirementKind]] = defaultdict(list)
        self._about: dict[tuple[int, str], list[RequirementKind]] = defaultdict(list)
        self._release = ("", "")  # what the first row calls its list of criteria, and where that is

    def tasks(self) -> Iterator[Task]:
        """Every query as a task."""
        for index, query in self._queries.items():
            criteria = tuple(replace(c, about=tuple(self._about.get((index, c.name), ()))) for c in query.criteria)
            yield Task(
                bench=CARD.id,
                id=str(index),
                instruction=query.text,
                rubric=Rubric.flat(criteria),
                requirements=tuple(Requirement(kind=kind) for kind in self._kinds.get(index, ())),
                tags=query.tags,
            )

    def read(self) -> None:
        """Read every file that is there: whole queries first, since the C files only mark their criteria."""
        everything = self.folder / ALL
        subsets = {kind: self.folder / f"requirement/{kind}/{kind}_subset.jsonl" for kind in KINDS}
        present = {kind: path for kind, path in subsets.items() if path.exists()}
        has_all = everything.exists()
        if not (has_all or present):
            found = f"neither {ALL} nor a requirement/KIND/KIND_subset.jsonl is here"
            self.problems.append(Problem(path=self.folder, line=0, field="", found=found, remedy=FETCH))
        if has_all:
            self._queries = {query.index: query for _, query in self._rows(everything)}
        for kind, path in present.items():
            self._read_subset(kind, path, may_add=not has_all)
        if not has_all:
            self._queries = dict(sorted(self._queries.items()))
        for kind, path in subsets.items():
            marks = path.with_name(f"{kind}_subset_C.jsonl")
            if marks.exists():
                self._read_marks(kind, marks, is_complete=has_all or kind in present)

    def _read_subset(self, kind: RequirementKind, path: Path, *, may_add: bool) -> None:
        """Mark the queries of an R file as carrying its kind of requirement."""
        was_sound = not self.problems
        for row, query in self._rows(path):
            if may_add:
                self._queries.setdefault(query.index, query)
            if self._known(row, query, report_missing=was_sound):
                self._kinds[query.index].append(kind)

    def _read_marks(self, kind: RequirementKind, path: Path, *, is_complete: bool) -> None:
        """Mark the criteria of a C file as being about its kind of requirement.

        Args:
            kind: the kind.
            path: the C file.
            is_complete: whether all its queries should be known; where its R file is absent, some may not be.
        """
        was_sound = not self.problems
        for row, query in self._rows(path, criteria=None):
            known = self._known(row, query, report_missing=was_sound and is_complete)
            if known:
                self._mark(kind, row, query, known)

    def _mark(self, kind: RequirementKind, row: Row, query: _Query, known: _Query) -> None:
        names = {criterion.name for criterion in known.criteria}
        for i, criterion in enumerate(query.criteria):
            if criterion.name in names:
                self._about[query.index, criterion.name].append(kind)
            else:
                found = f"{criterion.name!r} is no criterion of query {query.index} in {known.where}"
                row.report(f'{query.list_name}[{i}]["name"]', found, ONE_RELEASE)

    def _known(self, row: Row, query: _Query, *, report_missing: bool) -> _Query | None:
        """The query with this index in the files that decide, or None after a report.

        With `report_missing` off nothing is said of an index found nowhere: its row may be a malformed one.
        """
        known = self._queries.get(query.index)
        if known is None and report_missing:
            row.report("index", f"query {query.index} is in no file with the whole queries", ONE_RELEASE)
        elif known and known.text != query.text:
            row.report("query", f"another text than query {query.index} has in {known.where}", ONE_RELEASE)
            return None
        return known

    def _rows(self, path: Path, *, criteria: int | None = CRITERIA) -> Iterator[tuple[Row, _Query]]:
        """Every sound row of a file whose index is new in it."""
        lines: dict[int, int] = {}
        for row in read_jsonl(path, self.problems):
            query = self._read_query(row, criteria)
            if query.index in lines:
                found = f"query {query.index} is on line {lines[query.index]} too"
                row.report("index", found, "keep one of the two lines")
            elif query.index >= 0:
                lines[query.index] = row.line
            if row.is_sound:
                yield row, query

    def _read_query(self, row: Row, criteria: int | None) -> _Query:
        index, text, list_name = _read_index(row), row.text("query"), self._list_name(row)
        return _Query(
            index=index,
            text=text,
            tags=read_tags(row, text),
            criteria=read_criteria(row, list_name, count=criteria) if list_name else (),
            list_name=list_name,
            where=f"{row.path.name}:{row.line}",
        )

    def _list_name(self, row: Row) -> str:
        """What the row calls its list of criteria, the same name throughout the folder; "" after a report."""
        names = [name for name in ("checklist", "criteria") if name in row.values]
        if len(names) != 1:
            found = "`checklist` and `criteria` in one row" if names else "missing, and so is `criteria` of release v1"
            row.report("checklist", found, f"give the row one list of criteria, or {FETCH} into an empty folder")
            return ""
        if not self._release[0]:
            self._release = (names[0], f"{row.path.name}:{row.line}")
        if names[0] != self._release[0]:
            found = f"another release than {self._release[1]}, which has {self._release[0]!r}"
            row.report(names[0], found, ONE_RELEASE)
            return ""
        return names[0]


def _read_index(row: Row) -> int:
    """The query's index, which the first release is said to write as text; -1 after a report."""
    value = row.values.get("index")
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if (is_number or isinstance(value, str)) and _INDEX.fullmatch(str(value)):
        return int(str(value))
    found = "missing" if "index" not in row.values else f"{shown(value)} is not a whole number from 0"
    row.report("index", found, "give the query its upstream number")
    return -1
