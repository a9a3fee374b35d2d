"""HoWToBench: 1,302 Chinese writing tasks of three kinds, each with a text by a person to compare with.

`completion` (379): fill the gap in a text; the task's material is that text, its reference the missing part alone.
`guide` (456): write from an outline, which is the material. `open` (467): write from the instruction alone.
938 tasks are creative and 364 functional. The instruction of a completion names the genre only, so no task of that
kind can be done without its material. Upstream files the completion of a poem under prose; its genre is kept as it is.

Data: https://github.com/ZhuoerFeng/ACL2026-Tree-of-Writing, Apache-2.0, revision efe51d9; `penmark bench fetch
howtobench` brings it, with the texts of ten models. Any of the three files will do. The blob ids of the files are not
known: what is fetched first is checked for completeness only, and from then on by its SHA-256 (see `fetch`).

Source: HoWToBench (Feng et al.), sections 4.1-4.6, table 2, appendix A.3; SPEC section 2.
Differs: the paper does not say how texts were sampled, so the endpoint decides all but the longest output.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

from penmark.benchmarks._files import FileBenchmark, find_folder
from penmark.benchmarks.fetch import RemoteFile, Source
from penmark.jsonl import Row, read_jsonl, shown
from penmark.protocols import BenchmarkCard, Problem, Sampling
from penmark.records import Task

CARD = BenchmarkCard(
    id="howtobench",
    title="HoWToBench",
    description="1,302 Chinese tasks (fill a gap, write from an outline, write freely), each with a human reference",
    source="https://github.com/ZhuoerFeng/ACL2026-Tree-of-Writing",
    revision="efe51d98747f364bab672a2d57393ba01e70f0d8",
    licence="Apache-2.0",
    languages=("zh",),
    sampling=Sampling(max_tokens=16_000),
)

Kind = Literal["completion", "guide", "open"]
Group = Literal["creative", "functional"]

FOLDER = "data"
FILE = "aligned.jsonl"
KINDS: tuple[Kind, ...] = get_args(Kind)
# Whose texts upstream has for every task.
MODELS = (
    "Llama-3.3-70B-Instruct",
    "claude-3-5-sonnet-20241022",
    "claude-3-haiku-20240307",
    "deepseek-chat",
    "deepseek-r1",
    "doubao-pro-32k-241215",
    "gemini-2.0-flash",
    "glm-4-plus-250111",
    "gpt-4o-2024-11-20",
    "o3-mini-2025-01-31",
)
SOURCE = Source(
    repository="ZhuoerFeng/ACL2026-Tree-of-Writing",
    revision=CARD.revision,
    files=tuple(RemoteFile(path=f"{FOLDER}/{kind}/{FILE}", blob_id=None) for kind in KINDS),
    responses=tuple(
        RemoteFile(path=f"{FOLDER}/{kind}/inferences/{model}.jsonl", blob_id=None) for kind in KINDS for model in MODELS
    ),
)

# Source: appendix A.3 and the classifier's list in appendix D, by the names in the data; completions, which are all
# creative, have the names marked with *. The creative genres are a closed list there. The functional ones are not:
# the data takes them from the headings of the sites they are from, so an unknown genre is a functional one.
GROUPS: dict[str, Group] = {
    "小说": "creative",  # fiction *
    "散文": "creative",  # prose *
    "诗歌": "creative",  # poetry
    "文章": "creative",  # essay, comment *
    "议论文": "creative",  # argumentative *
    "纪实": "creative",  # reportage *
    "公文": "functional",  # official
    "信件类写作": "functional",  # letter, application
    "合同类写作": "functional",  # contract
    "演讲稿": "functional",  # speech
    "方案": "functional",  # plan
    "规章制度": "functional",  # regulation
    "实习报告": "functional",  # report
    "通知": "functional",  # notice
    "文秘知识": "functional",  # clerical
}

FETCH = "run `penmark bench fetch howtobench`"


def open(data: Path) -> HoWToBench:
    """The benchmark in a folder that holds `data/` or `howtobench/data/` with a folder for each kind of task.

    Raises:
        DataError: when it holds neither.
    """
    folder = find_folder(data, CARD, FOLDER, lambda place: any((place / kind).is_dir() for kind in KINDS))
    return HoWToBench(folder, data)


class HoWToBench(FileBenchmark):
    """The tasks of the files that are present: completions, then those with an outline, then the open ones."""

    card = CARD

    def __init__(self, folder: Path, data: Path | None = None) -> None:
        super().__init__(data)
        self.folder = folder

    def read(self) -> tuple[list[Task], list[Problem]]:
        """The tasks, and every malformed record."""
        return self._contents

    @cached_property
    def _contents(self) -> tuple[list[Task], list[Problem]]:
        problems: list[Problem] = []
        present = {kind: path for kind in KINDS if (path := self.folder / kind / FILE).exists()}
        if not present:
            found = f"no {' or '.join(f'{kind}/{FILE}' for kind in KINDS)} is here"
            problems.append(Problem(path=self.folder, line=0, field="", found=found, remedy=FETCH))
        places: dict[str, str] = {}
        tasks = [_read_task(row, kind, places) for kind, path in present.items() for row in read_jsonl(path, problems)]
        return tasks, problems


def _read_task(row: Row, kind: Kind, places: dict[str, str]) -> Task:
    """The task of a row.

    Args:
        row: takes the reports.
        kind: the kind of task its file is for.
        places: task id to "file:line" of its first row; this one is added.
    """
    genre = row.text("sub_task")
    _check_kind(row, kind)
    return Task(
        bench=CARD.id,
        id=_read_id(row, kind, places),
        instruction=row.text("basic_instruction"),
        material=row.text("information", may_be_empty=kind == "open"),
        reference=row.text("reference"),
        tags={"genre": genre, "group": GROUPS.get(genre, "functional"), "task_type": kind, "language": "zh"},
    )


def _read_id(row: Row, kind: Kind, places: dict[str, str]) -> str:
    """The task's id, unique over the three files; responses go by it."""
    task_id, here = row.text("infer_id"), f"{kind}/{FILE}:{row.line}"
    first = places.setdefault(task_id, here) if task_id else here
    if first != here:
        row.report("infer_id", f"{shown(task_id)} is in {first} too", f"keep one of the two lines, or {FETCH}")
    return task_id


def _check_kind(row: Row, kind: Kind) -> None:
    """Report a row that says it is of another kind than its file, as those of an early upstream revision do."""
    found = row.choice("task_type", KINDS)
    if found == row.values.get("task_type") != kind:
        row.report("task_type", f"{shown(found)} among the tasks of {kind}/", f"move the line to {found}/{FILE}")
